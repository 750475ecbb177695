"""A CT with vertebrae and an axial T2 with masks of the canal, in one study."""

import json

import numpy as np
import pytest
from box_vertebra import PITCH_MM, part_at
from oblique import centred_affine, painted, world_of

from spinemets.anatomy import CanalLabel, Level
from spinemets.findings import NotApplicable, NotAssessed, Reason
from spinemets.geometry import Grid
from spinemets.inference.models import Models
from spinemets.pipeline import Clinical, examine
from spinemets.results import write_results
from spinemets.simulate.epidural import EpiduralCase
from spinemets.simulate.epidural_masks import epidural_masks
from spinemets.volume import Series, Study, Volume

FRAME = "1.2.3"
CASE = EpiduralCase(indentation_mm=4.6, flattening=0.25, shift_mm=0.5)


def ct(frame=FRAME):
    """Three vertebrae of boxes with the canal along the z axis of the world."""
    shape = (60, 60, 70)
    affine = centred_affine(shape, spacing_mm=(1.8, 1.8, 1.8), angles_deg=(0, 0, 0))
    x, y, z = np.moveaxis(world_of(Grid(shape, affine)), -1, 0)
    number = np.clip(np.round(1 - z / PITCH_MM), 0, 2)
    parts = part_at(x, y, z - (1 - number) * PITCH_MM)
    ids = np.where(parts > 0, number + Level.T10.verse_id, 0).astype(np.uint8)
    image = np.where(ids > 0, 300, 40).astype(np.int16)
    return Series("ct", Volume(image, affine, frame), name="ct"), Volume(ids, affine, frame)


def t2(case=CASE, role="t2_axial", frame=FRAME):
    shape = (60, 60, 30)
    affine = centred_affine(shape, spacing_mm=(0.5, 0.5, 3.5), angles_deg=(0, 0, 0))
    masks = epidural_masks(case, Grid(shape, affine), centre_mm=np.array([0.0, 0.0, 4.0]), axes=np.eye(3))
    volumes = {name: Volume(array, affine, frame) for name, array in masks.items()}
    image = painted(shape, affine, lambda x, y, z: 100 + x)
    signal = np.where(volumes["sac"].array > 0, 900, 100) - 630 * (volumes["cord"].array > 0)
    return Series(role, Volume(signal.astype(np.float32), image.affine, frame), name="t2"), volumes


class WithoutLesions(Models):
    lesion = None


def examined(second, volumes, clinical=None, **more):
    first, vertebrae = ct()
    masks = {"vertebrae": vertebrae, "cord": volumes["cord"], "sac": volumes["sac"], "epidural": volumes["tumour"]}
    return examine(Study((first, second)), models=WithoutLesions(), masks=masks | more, clinical=clinical or Clinical())


def test_the_grade_stands_in_the_report_at_the_level_of_its_slice():
    found = examined(*t2())
    (site,) = found.report.escc
    assert CASE.grade == "2"
    assert site["grade"] == "2"
    assert site["level"] == "T11"
    assert found.report.governing["escc_level"] == "T11"
    assert [entry.name for entry in found.report.inputs if entry.used] == ["ct", "t2"]


def test_in_another_frame_of_reference_the_level_is_not_told():
    found = examined(*t2(frame="9.9"))
    assert found.report.escc[0]["level"] is None
    assert found.report.governing["escc_level"].code is Reason.LEVEL_AMBIGUOUS


def test_masks_on_a_series_that_is_no_axial_t2_are_not_graded():
    found = examined(*t2(role="t2"))
    assert isinstance(found.report.escc, NotAssessed)
    assert "axial T2" in found.report.escc.detail
    assert isinstance(found.report.governing["escc_level"], NotAssessed)


def test_a_known_metastasis_or_a_lesion_makes_a_free_canal_grade_0():
    healthy = t2(EpiduralCase(length_mm=0.0))
    assert examined(*healthy).report.escc[0]["grade"] is None
    assert examined(*healthy, Clinical(bone_metastasis="yes")).report.escc[0]["grade"] == "0"
    _, vertebrae = ct()
    lesions = vertebrae.with_array((vertebrae.array == Level.T11.verse_id).astype(np.uint8))
    assert examined(*healthy, lesions=lesions).report.escc[0]["grade"] == "0"


@pytest.mark.parametrize(("frame", "level"), [(FRAME, "T11"), ("9.9", "Level unknown")])
def test_results_hold_the_canal_its_slices_and_a_valid_report(tmp_path, frame, level):
    written = write_results(examined(*t2(frame=frame)), tmp_path, dicom=False)
    assert tmp_path / "canal.nii.gz" in written
    document = json.loads((tmp_path / "report.json").read_text())
    assert document["escc"][0]["grade"] == "2"
    page = (tmp_path / "report.html").read_text()
    assert level in page
    assert page.count('class="thumb worst"') == 1
    assert 'class="mark cord"' in page


def test_labels_of_the_canal_do_not_overlap():
    found = examined(*t2())
    labels = found.canals[0].labels.array
    masks = found.canals[0].masks
    assert ((labels == CanalLabel.CORD) == (masks.cord.array > 0)).all()
    assert ((labels == CanalLabel.THECAL_SAC) == ((masks.sac.array > 0) & (masks.cord.array == 0))).all()
    assert (labels == CanalLabel.EPIDURAL_TUMOUR).any()


def signs_of(found):
    return {one.level: one.signs for one in found.report.vertebrae}


def with_lesion(*lesion_levels):
    _, vertebrae = ct()
    ids = [level.verse_id for level in lesion_levels]
    return {"lesions": vertebrae.with_array(np.isin(vertebrae.array, ids).astype(np.uint8))}


def test_signs_of_the_tumour_stand_at_its_level_and_nowhere_else():
    found = signs_of(examined(*t2(), **with_lesion(Level.T11, Level.T12)))
    assert found[Level.T11]["compartment"]["value"] == "extradural"
    assert found[Level.T11]["draped_curtain"]["value"] in ("present", "absent", "at_threshold")
    assert found[Level.T12]["compartment"].code is Reason.OUT_OF_FIELD
    assert "T11 only" in found[Level.T12]["compartment"].detail


def test_signs_of_the_tumour_stand_at_a_level_without_a_lesion_too():
    found = signs_of(examined(*t2()))
    assert set(found[Level.T11]) == {"draped_curtain", "draped_curtain_midline_ratio", "compartment"}
    assert isinstance(found[Level.T10], NotAssessed)


def test_a_canal_without_tumour_says_so_only_where_it_was_outlined():
    healthy = t2(EpiduralCase(length_mm=0.0))
    found = signs_of(examined(*healthy, **with_lesion(Level.T10, Level.T11)))
    assert found[Level.T11]["draped_curtain"] == NotApplicable("no_epidural_tumour")
    low = {name: Volume(mask.array[:, :, :10], mask.affine, FRAME) for name, mask in healthy[1].items()}
    second = Series("t2_axial", low["sac"].with_array(healthy[0].volume.array[:, :, :10]), name="t2")
    found = signs_of(examined(second, low, **with_lesion(Level.T10, Level.T11)))
    assert found[Level.T10]["draped_curtain"].code is Reason.OUT_OF_FIELD
    assert "not outlined at T10" in found[Level.T10]["draped_curtain"].detail


@pytest.mark.parametrize(
    ("second", "code"),
    [({"frame": "9.9"}, Reason.LEVEL_AMBIGUOUS), ({"role": "t2"}, Reason.MISSING_SEQUENCE)],
)
def test_why_there_are_no_signs_of_the_tumour(second, code):
    found = signs_of(examined(*t2(**second), **with_lesion(Level.T11)))
    assert found[Level.T11]["compartment"].code is code


@pytest.mark.parametrize(("frame", "reference"), [(FRAME, "population"), ("9.9", None)])
def test_without_slices_free_of_tumour_healthy_people_of_the_level_stand_in_where_the_level_is_known(frame, reference):
    series, volumes = t2(frame=frame)
    with_tumour = (volumes["tumour"].array > 0).any(axis=(0, 1))
    short = {name: mask.with_array(mask.array * with_tumour.astype(np.uint8)) for name, mask in volumes.items()}
    first, vertebrae = ct()
    upper = vertebrae.with_array(np.where(vertebrae.array > 0, vertebrae.array - 8, 0).astype(np.uint8))
    masks = {"vertebrae": upper, "cord": short["cord"], "sac": short["sac"], "epidural": short["tumour"]}
    (site,) = examine(Study((first, series)), masks=masks).report.escc
    assert site["reference"] == reference
    assert site["level"] == ("T3" if reference else None)
