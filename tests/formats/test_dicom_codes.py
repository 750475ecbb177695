import pytest
from pydicom.sr.codedict import codes as standard

from spinemets.anatomy import PRESACRAL_LEVELS, Level
from spinemets.formats import dicom_codes as codes
from spinemets.formats.dicom_codes import Coded, level_code


@pytest.mark.parametrize("level", [level for level in PRESACRAL_LEVELS if level not in (Level.T13, Level.L6)])
def test_a_vertebra_has_the_code_of_the_standard(level):
    expected = getattr(standard.SCT, f"{level}Vertebra")
    assert (level_code(level).value, level_code(level).scheme) == (expected.value, "SCT")


@pytest.mark.parametrize("level", [Level.T13, Level.L6])
def test_a_transitional_vertebra_has_a_private_code(level):
    assert level_code(level) == Coded(level.value, f"{level} vertebra", "99SPMETS")


def test_levels_have_distinct_codes():
    assert len({level_code(level).value for level in Level}) == len(Level)


@pytest.mark.parametrize(
    ("ours", "expected"),
    [
        (codes.ANATOMICAL_STRUCTURE, standard.cid7150.AnatomicalStructure),
        (codes.ABNORMAL_STRUCTURE, standard.cid7150.MorphologicallyAbnormalStructure),
        (codes.VERTEBRA, standard.SCT.Vertebra),
        (codes.SACRUM, standard.SCT.Sacrum),
        (codes.SPINE, standard.SCT.Spine),
        (codes.SPINAL_CORD, standard.SCT.SpinalCord),
        (codes.VERTEBRAL_CANAL, standard.SCT.VertebralCanal),
        (codes.LESION, standard.SCT.Lesion),
        (codes.NEOPLASM, standard.SCT.Neoplasm),
        (codes.YES, standard.SCT.Yes),
        (codes.NO, standard.SCT.No),
        (codes.VOLUME, standard.SCT.Volume),
        (codes.DEVICE, standard.DCM.Device),
        (codes.COMMENT, standard.DCM.Comment),
        (codes.ARTIFICIAL_INTELLIGENCE, standard.DCM.ArtificialIntelligence),
        (codes.CT_PROCEDURE, standard.LN.CTUnspecifiedBodyRegion),
        (codes.MR_PROCEDURE, standard.LN.MRIUnspecifiedBodyRegion),
        (codes.MILLIMETRE, standard.UCUM.Millimeter),
        (codes.SQUARE_MILLIMETRE, standard.UCUM.SquareMillimeter),
        (codes.NO_UNITS, standard.UCUM.NoUnits),
    ],
)
def test_public_codes_are_those_of_the_standard(ours, expected):
    assert (ours.value, ours.scheme) == (expected.value, expected.scheme_designator)


@pytest.mark.parametrize(("value", "meaning"), [("x" * 17, "long"), ("", "none"), ("X", ""), ("X", "y" * 65)])
def test_a_code_that_dicom_cannot_hold_is_refused(value, meaning):
    with pytest.raises(ValueError, match=rf"1 to 16.*'{value}'"):
        Coded(value, meaning)
