import math

import pytest

from spinemets.anatomy import Level
from spinemets.findings import Measured, NotAssessed, Reason
from spinemets.formats import dicom_codes as codes
from spinemets.formats.dicom_findings import (
    Finding,
    LesionFound,
    Number,
    VertebraFound,
    lesion_finding,
    not_assessable,
    spine_finding,
    vertebra_finding,
    yes_or_no,
)


def test_a_centroid_on_the_patients_right_and_front_is_negative_in_dicom():
    found = vertebra_finding(VertebraFound(Level.T7, (10.0, 20.0, 30.0)))
    assert [(n.name.value, n.value) for n in found.all_numbers] == [
        ("CENTROID_X", -10.0),
        ("CENTROID_Y", -20.0),
        ("CENTROID_Z", 30.0),
    ]


def test_what_is_not_known_is_not_mentioned():
    found = vertebra_finding(VertebraFound(Level.T7, (0.0, 0.0, 0.0)))
    assert (found.numbers, found.judgements) == ((), ())


def test_what_is_known_is_said_with_its_unit():
    found = vertebra_finding(VertebraFound(Level.T7, (0.0, 0.0, 0.0), 0.9, Level.T8, False, 31.5, 4))
    assert [(n.name, n.value, n.unit.value) for n in found.numbers] == [
        (codes.LEVEL_PROBABILITY, 0.9, "1"),
        (codes.VOLUME, 31.5, "ml"),
    ]
    assert [(j.name, j.value) for j in found.judgements] == [
        (codes.RUNNER_UP_LEVEL, codes.level_code(Level.T8)),
        (codes.PARTLY_VISIBLE, codes.NO),
    ]
    assert (found.label, found.kind, found.site) == ("T7 vertebra", codes.VERTEBRA, codes.level_code(Level.T7))


def test_the_sacrum_is_no_vertebra():
    found = vertebra_finding(VertebraFound(Level.SACRUM, (0.0, 0.0, 0.0)))
    assert (found.label, found.kind) == ("sacrum", codes.SACRUM)


def test_a_spine_says_whether_its_levels_may_be_shifted():
    assert spine_finding(level_ambiguous=True).judgements == (yes_or_no(codes.LEVEL_AMBIGUOUS, True),)


def test_what_cannot_be_told_carries_its_reason():
    judgement = not_assessable(codes.PARTLY_VISIBLE, "missing_sequence")
    assert (judgement.value.value, judgement.value.scheme) == ("missing_sequence", "99SPMETS")
    assert judgement.value.meaning == "Not assessable: missing sequence"


def test_a_lesion_says_what_it_does_to_bone_where_and_how_large_it_is():
    volume = Measured(3.2, "mL", 3.0, 3.4, "voxels")
    found = lesion_finding(LesionFound(2, "blastic", Level.T7, volume), 5)
    assert (found.label, found.segment_number) == ("lesion 2 blastic T7", 5)
    assert (found.kind, found.site) == (codes.LESION, codes.level_code(Level.T7))
    assert [(n.name, n.value, n.unit.value) for n in found.numbers] == [(codes.VOLUME, 3.2, "ml")]
    assert [(j.name.value, j.value.value) for j in found.judgements] == [("LESION_TYPE", "BLASTIC")]


def test_a_lesion_too_small_to_be_measured_has_no_volume_but_a_reason():
    small = NotAssessed(Reason.TOO_SMALL, "the lesion has 3 voxels")
    found = lesion_finding(LesionFound(1, "lytic", Level.L6, small), 1)
    assert found.numbers == ()
    assert found.judgements[-1] == not_assessable(codes.VOLUME, "too_small")


def test_a_lesion_of_no_known_type_is_refused():
    with pytest.raises(ValueError, match="lytic, blastic, mixed, got 'malignant'"):
        LesionFound(1, "malignant", Level.T7, NotAssessed(Reason.TOO_SMALL, "a speck"))


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_number_that_is_none_is_refused(value):
    with pytest.raises(ValueError, match=f"'Volume' is {value}"):
        Number(codes.VOLUME, value, codes.MILLILITRE)


def test_a_centroid_that_is_nowhere_is_refused():
    with pytest.raises(ValueError, match=r"centroid of 'x' is .*nan"):
        Finding("x", codes.VERTEBRA, codes.VERTEBRA, centroid_mm=(0.0, math.nan, 0.0))


@pytest.mark.parametrize("probability", [-0.1, 1.1, 95.0, math.nan])
def test_a_probability_outside_0_and_1_is_refused(probability):
    with pytest.raises(ValueError, match=f"level T7 is {probability}"):
        VertebraFound(Level.T7, (0.0, 0.0, 0.0), probability)
