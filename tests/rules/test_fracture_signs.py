"""Table 1 on CT, its numbers typed a second time from the specification."""

import dataclasses

import pytest

from spinemets.findings import Measured, NotAssessed
from spinemets.rules.fracture_signs import CT_SIGNS, CtFeatures, Favours, ct_signs, wall_signs
from spinemets.rules.presence import Presence

UNSEEN = NotAssessed("missing_mask", "x")


def number(value, unit="1"):
    return Measured(value, unit, value, value, "typed")


QUARTERS = ("anterior", "left", "right", "posterior")
PLAIN = CtFeatures(
    cortex_missing={name: number(0.0) for name in QUARTERS},
    cortex_amount=number(1.0),
    cortex_gaps=0,
    line_width=number(0.0),
    lytic=number(0.0),
    blastic=number(0.0),
    largest_ml=0.0,
    cleft_ml=number(0.0, "mL"),
    cleft_from_disc=False,
    wall="normal",
    pedicle_share={"left": number(0.0), "right": number(0.0)},
    ring_missing={"left": number(0.0), "right": number(0.0)},
    tissue_mm=number(0.0, "mm"),
    tissue_coverage=number(0.0),
)

# item, column and name, typed from Table 1
ROWS = {
    "jigsaw": ("CT1", "osteoporotic"),
    "cortex_destroyed": ("CT1", "metastatic"),
    "fracture_line": ("CT2", "osteoporotic"),
    "cancellous_bone_destroyed": ("CT2", "metastatic"),
    "vacuum_cleft": ("CT3", "osteoporotic"),
    "retropulsion": ("CT4", "osteoporotic"),
    "posterior_wall_bulge": ("CT4", "metastatic"),
    "pedicles_spared": ("CT5", "osteoporotic"),
    "pedicle_destroyed": ("CT5", "metastatic"),
    "lamellar_haematoma": ("CT6", "osteoporotic"),
    "paravertebral_mass": ("CT6", "metastatic"),
}


def test_every_row_of_the_table_is_there_and_in_its_column():
    assert {name: (sign.item, sign.favours.value) for name, sign in ct_signs(PLAIN).items()} == ROWS
    assert {sign.favours for sign in ct_signs(PLAIN).values()} == set(Favours)


def test_a_body_without_disease_has_only_its_pedicles():
    present = [name for name, sign in ct_signs(PLAIN).items() if sign.sign is Presence.PRESENT]
    assert present == ["pedicles_spared"]


@pytest.mark.parametrize(
    ("changed", "name", "expected"),
    [
        ({"cortex_missing": {**PLAIN.cortex_missing, "left": number(0.20)}}, "cortex_destroyed", "present"),
        ({"cortex_missing": {**PLAIN.cortex_missing, "left": number(0.19)}}, "cortex_destroyed", "absent"),
        ({"cortex_gaps": 1, "cortex_amount": number(0.90)}, "jigsaw", "present"),
        ({"cortex_gaps": 1, "cortex_amount": number(0.89)}, "jigsaw", "absent"),
        ({"line_width": number(0.50)}, "fracture_line", "absent"),
        ({"line_width": number(0.51)}, "fracture_line", "present"),
        ({"largest_ml": 1.0}, "cancellous_bone_destroyed", "present"),
        ({"largest_ml": 0.9, "lytic": number(0.09)}, "cancellous_bone_destroyed", "absent"),
        ({"blastic": number(0.10)}, "cancellous_bone_destroyed", "present"),
        ({"cleft_ml": number(0.005, "mL")}, "vacuum_cleft", "present"),
        ({"cleft_ml": number(0.004, "mL")}, "vacuum_cleft", "absent"),
        ({"wall": "retropulsion"}, "retropulsion", "present"),
        ({"wall": "retropulsion"}, "posterior_wall_bulge", "absent"),
        ({"wall": "bulge"}, "posterior_wall_bulge", "present"),
        ({"wall": "indeterminate"}, "posterior_wall_bulge", "at_threshold"),
        ({"pedicle_share": {"left": number(0.2), "right": number(0.0)}}, "pedicle_destroyed", "present"),
        ({"pedicle_share": {"left": number(0.2), "right": number(0.0)}}, "pedicles_spared", "absent"),
        ({"ring_missing": {"left": number(0.0), "right": number(0.3)}}, "pedicle_destroyed", "present"),
        ({"tissue_mm": number(9.9, "mm"), "tissue_coverage": number(0.8)}, "lamellar_haematoma", "present"),
        ({"tissue_mm": number(9.9, "mm"), "tissue_coverage": number(0.79)}, "lamellar_haematoma", "absent"),
        ({"tissue_mm": number(9.9, "mm"), "tissue_coverage": number(0.79)}, "paravertebral_mass", "present"),
        ({"tissue_mm": number(10.0, "mm"), "tissue_coverage": number(1.0)}, "paravertebral_mass", "present"),
        ({"tissue_mm": number(3.9, "mm"), "tissue_coverage": number(0.1)}, "paravertebral_mass", "absent"),
    ],
)
def test_the_edges(changed, name, expected):
    assert ct_signs(dataclasses.replace(PLAIN, **changed))[name].sign.value == expected


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ({"wall": None}, ("retropulsion", "posterior_wall_bulge")),
        ({"cleft_from_disc": True}, ("vacuum_cleft",)),
        ({"pedicle_share": {"left": UNSEEN, "right": number(0.0)}}, ("pedicle_destroyed", "pedicles_spared")),
        ({"tissue_mm": UNSEEN, "tissue_coverage": UNSEEN}, ("lamellar_haematoma", "paravertebral_mass")),
        ({"lytic": UNSEEN, "blastic": UNSEEN, "largest_ml": 3.0}, ("cancellous_bone_destroyed",)),
    ],
)
def test_what_was_not_seen_is_not_absent(changed, names):
    signs = ct_signs(dataclasses.replace(PLAIN, **changed))
    assert all(isinstance(signs[name].sign, NotAssessed) for name in names)


@pytest.mark.parametrize(
    "changed", [{"cortex_missing": dict.fromkeys(QUARTERS, UNSEEN)}, {"cortex_amount": UNSEEN}, {}]
)
def test_where_the_cortex_is_not_seen_a_jigsaw_is_not_absent(changed):
    sign = ct_signs(dataclasses.replace(PLAIN, **changed))["jigsaw"].sign
    assert sign == (UNSEEN if changed else Presence.ABSENT)


def test_names_of_signs_are_those_of_the_table():
    assert set(CT_SIGNS) == set(ROWS)


@pytest.mark.parametrize(("label", "expected"), [("retropulsion", "retropulsion"), ("bulge", "posterior_wall_bulge")])
def test_the_wall_on_mr_is_row_mr3(label, expected):
    signs = wall_signs(label, "MR3")
    assert {sign.item for sign in signs.values()} == {"MR3"}
    assert [name for name, sign in signs.items() if sign.sign is Presence.PRESENT] == [expected]
    assert all(isinstance(sign.sign, NotAssessed) for sign in wall_signs(None, "MR3").values())
