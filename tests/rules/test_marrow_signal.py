"""Limits of the marrow signs, and Table 2 with the signals of `clinical.md` §3.5 typed a second time."""

import pytest

from spinemets.anatomy import Level
from spinemets.findings import Measured, NotApplicable, NotAssessed, Reason
from spinemets.rules import marrow_signal as rules
from spinemets.rules.signal_table import Marrow, consistent_with

UNKNOWN = NotAssessed(Reason.NO_REFERENCE, "not seen")


def exactly(value, error=0.0, unit="1"):
    return Measured(value, unit, value - error, value + error, "typed")


@pytest.mark.parametrize(
    ("rule", "limit"),
    [(rules.diffuse_t1_hypointensity, 0.80), (rules.fluid_sign, 0.15), (rules.halo, 0.50), (rules.mass_enhances, 0.2)],
)
def test_a_sign_is_present_from_its_limit_on_and_open_where_its_interval_reaches_over_it(rule, limit):
    assert rule(exactly(limit)).value == "present"
    assert rule(exactly(limit - 0.01)).value == "absent"
    assert rule(exactly(limit, 0.02)).value == "at_threshold"
    assert rule(UNKNOWN) is UNKNOWN


def ratios(*pairs):
    return {
        level: [one if isinstance(one, NotAssessed) else exactly(one) for one in pair]
        for level, pair in zip(Level, pairs, strict=False)
    }


def test_marrow_is_diffusely_diseased_only_where_every_level_is_darker_than_disc_and_muscle():
    assert rules.diffuse_disease(ratios((0.9, 0.8), (0.7, 0.9), (0.99, 0.99))) is True
    assert rules.diffuse_disease(ratios((0.9, 0.8), (0.7, 1.0), (0.9, 0.9))) is False
    assert rules.diffuse_disease(ratios((0.9, 0.8), (1.2, 0.9), (0.9, 0.9))) is False
    assert rules.diffuse_disease(ratios((0.9, UNKNOWN), (UNKNOWN, 0.9), (0.9, 0.9))) is True
    found = rules.diffuse_disease(ratios((0.9, 0.8), (0.7, 0.9), (UNKNOWN, UNKNOWN)))
    assert found.code is Reason.NO_REFERENCE
    assert "2 levels" in found.detail


@pytest.mark.parametrize(
    ("drop", "error", "expected"),
    [
        (0.10, 0.05, "malignant_favoured"),
        (-0.2, 0.05, "malignant_favoured"),
        (0.40, 0.05, "benign_favoured"),
        (0.20, 0.0, "at_threshold"),
        (0.23, 0.05, "at_threshold"),
    ],
)
def test_a_drop_of_signal_is_read_at_a_fifth(drop, error, expected):
    assert rules.phase_drop_label(exactly(drop, error)).value == expected


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [
        (0.8, 0.1, "malignant_favoured"),
        (0.95, 0.1, "indeterminate"),
        (1.2, 0.1, "indeterminate"),
        (1.9, 0.1, "benign_favoured"),
    ],
)
def test_an_adc_is_read_in_bands_where_there_is_signal(value, error, expected):
    assert rules.adc_label(exactly(value, error), 10.0).value == expected
    silent = rules.adc_label(exactly(value, error), 9.0)
    assert silent.code is Reason.NO_REFERENCE
    assert rules.adc_label(exactly(value, error), UNKNOWN) is UNKNOWN


def test_what_was_not_measured_has_no_label():
    for rule in (rules.phase_drop_label, lambda one: rules.adc_label(one, 20.0)):
        assert rule(UNKNOWN) is UNKNOWN
        assert rule(NotApplicable("no_lesion")) == NotApplicable("no_lesion")


NAMES = ("t1_to_muscle", "t2_to_muscle", "stir_to_muscle", "dwi_to_muscle", "adc", "phase_drop")
TYPICAL = {
    "fatty_marrow": (2.6, 2.5, 0.5, 0.4, 0.45, 0.70),
    "benign_oedema": (1.1, 2.75, 3.0, 1.2, 1.65, 0.33),
    "lytic_metastasis": (0.88, 3.0, 3.5, 2.5, 0.9, -0.06),
    "blastic_metastasis": (0.55, 0.75, 0.9, 0.6, 0.6, 0.02),
}
"""Middle of each range of §3.5; drop is 1 - OP/IP."""


@pytest.mark.parametrize("kind", TYPICAL)
def test_all_sequences_together_leave_the_kind_of_marrow_they_were_typed_for(kind):
    measures = {name: exactly(value, 0.02) for name, value in zip(NAMES, TYPICAL[kind], strict=True)}
    left, names = consistent_with(measures)
    assert [one.value for one in left] == [kind]
    assert set(names) == set(NAMES)


@pytest.mark.parametrize(("name", "position"), [(name, number) for number, name in enumerate(NAMES)])
def test_no_single_sequence_rules_out_the_kind_it_was_typed_for(name, position):
    for kind, values in TYPICAL.items():
        left, _ = consistent_with({name: exactly(values[position])})
        assert Marrow(kind) in left, (name, kind)


def test_missing_sequences_rule_nothing_out_and_contradicting_ones_leave_none():
    assert consistent_with({"t1_to_muscle": UNKNOWN}) == (tuple(Marrow), ())
    assert consistent_with({"fat_fraction": exactly(0.5)}) == (tuple(Marrow), ())
    left, _ = consistent_with({"t1_to_muscle": exactly(2.5), "phase_drop": exactly(0.05)})
    assert left == ()
    wide, _ = consistent_with({"t1_to_muscle": exactly(1.1, 0.2), "phase_drop": exactly(0.05)})
    assert wide == (Marrow.LYTIC_METASTASIS, Marrow.BLASTIC_METASTASIS)
