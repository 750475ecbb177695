"""The level of an axial slice where several series show vertebrae."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from box_vertebra import PITCH_MM, part_at
from oblique import world_of
from test_canal_assessment import CASE, FRAME, ct, t2

from spinemets import series_assessment
from spinemets.anatomy import Level
from spinemets.canal_levels import AMBIGUOUS, CanalLevels, SliceLevel
from spinemets.findings import Reason
from spinemets.geometry import Grid
from spinemets.inference.segment import SpineSegmentation
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.pipeline import examine
from spinemets.results import write_results
from spinemets.series_assessment import SeriesResult
from spinemets.simulate.epidural import EpiduralCase
from spinemets.volume import Series, Study, Volume

OTHER = "9.9"


def result(name, frame=FRAME, *, role="ct", first=Level.T10, up_mm=0.0, ambiguous=False):
    """Three vertebrae a pitch apart, the middle one at the origin, named from `first` on."""
    series, ids = ct(frame)
    affine = ids.affine.copy()
    affine[2, 3] += up_mm
    named = np.where(ids.array > 0, ids.array + first.verse_id - Level.T10.verse_id, 0).astype(np.uint8)
    mask = Volume(named, affine, frame)
    spine = replace(spine_from_mask(mask), level_ambiguous=ambiguous)
    image = Volume(series.volume.array, affine, frame)
    return SeriesResult(Series(role, image, name=name), mask, None, spine, SimpleNamespace(axes={}))


def slices(height_mm=0.0, frame=FRAME):
    """A series of eleven slices, 4 mm apart, a sac in each; the middle one lies at the given height."""
    affine = np.diag([1.0, 1.0, 4.0, 1.0])
    affine[2, 3] = height_mm - 20.0
    sac = Volume(np.ones((4, 4, 11), np.uint8), affine, frame)
    return Series("t2_axial", sac, name="axial"), sac


def told(*results, height_mm=0.0, frame=FRAME, number=5):
    series, sac = slices(height_mm, frame)
    found = CanalLevels(series, results).at(sac, 2, number)
    return (found.level, found.result.series.name) if isinstance(found, SliceLevel) else found


def test_names_that_are_not_ambiguous_come_before_the_first_result():
    doubtful = result("chest", first=Level.T9, ambiguous=True)
    assert told(doubtful, result("abdomen")) == (Level.T11, "abdomen")


def test_ct_comes_before_mr():
    assert told(result("t1", role="t1", first=Level.T9), result("ct")) == (Level.T11, "ct")


def test_the_result_that_covers_the_slice_names_it():
    lower = result("lower", first=Level.T12, up_mm=-6 * PITCH_MM)
    assert told(result("upper"), lower, height_mm=-6 * PITCH_MM) == (Level.L1, "lower")


def test_a_result_in_the_coordinates_of_the_slices_names_them_though_it_is_not_the_first():
    assert told(result("ct", OTHER), result("t1", role="t1")) == (Level.T11, "t1")


def test_ambiguous_names_are_only_taken_from_the_result_whose_levels_the_report_lists():
    doubtful = result("t1", role="t1", ambiguous=True)
    assert told(doubtful) == (Level.T11, "t1")
    reason = told(result("ct", OTHER), doubtful)
    assert reason.code is Reason.LEVEL_AMBIGUOUS
    assert reason.detail == "the numbering of the levels on t1 is ambiguous, so no level is taken from there"


@pytest.mark.parametrize(
    ("results", "height_mm", "number", "said"),
    [
        ([], 0.0, 5, "no vertebra was outlined"),
        ([result("ct", OTHER)], 0.0, 5, "no series with vertebrae is stated to lie in the same coordinates as axial"),
        ([result("ct")], PITCH_MM + 31.0, 5, "no vertebra of ct lies within 30 mm of the graded slice"),
        ([result("ct")], 0.0, None, "no single slice decides"),
    ],
)
def test_a_slice_that_nothing_names_stays_unnamed_with_the_reason(results, height_mm, number, said):
    reason = told(*results, height_mm=height_mm, number=number)
    assert reason.code is Reason.LEVEL_AMBIGUOUS
    assert said in reason.detail


def test_levels_within_the_stack_are_those_of_all_results_that_may_be_used():
    series, sac = slices()
    affine = np.diag([1.0, 1.0, 16.0, 1.0])
    affine[2, 3] = -80.0
    tall = Volume(sac.array, affine, FRAME)
    lower = result("lower", first=Level.L1, up_mm=-3 * PITCH_MM)
    levels = CanalLevels(series, [result("ct"), lower, result("far", OTHER, first=Level.T1)])
    assert levels.seen(sac) == {Level.T11}  # from 20 mm below to 20 mm above the middle of T11
    assert levels.seen(tall) == {Level.T10, Level.T11, Level.T12, Level.L1}


@pytest.fixture
def networks(monkeypatch):
    """Networks that find the boxes on CT and on MR; names on MR are ambiguous."""

    def segment(ambiguous):
        def found(image, *_, anchor, report):
            _, ids = ct(image.frame_of_reference)
            spine = replace(spine_from_mask(ids), flags=(), level_ambiguous=ambiguous)
            x, y, z = np.moveaxis(world_of(Grid(ids.shape, ids.affine)), -1, 0)
            parts = part_at(x, y, z - np.clip(np.round(z / PITCH_MM), -1, 1) * PITCH_MM)
            return SpineSegmentation(ids, ids.with_array(parts), ids.with_array(0 * parts), spine, {})

        return found

    monkeypatch.setattr(series_assessment, "segment_spine", segment(False))
    monkeypatch.setattr(series_assessment, "segment_mr_spine", segment(True))
    card = SimpleNamespace(name="spine", version="0", licence="CC0-1.0", sha256="0" * 64)
    return SimpleNamespace(
        spine=SimpleNamespace(locator_card=card, spine_card=card),
        spine_mr=SimpleNamespace(card=card),
        lesion=None,
        lesion_mr=None,
        canal=None,
    )


@pytest.mark.parametrize(
    ("frame", "level", "word"),
    [(FRAME, "T11", "Level by ct."), (OTHER, None, "The numbering of the levels on t1 is ambiguous")],
)
def test_the_report_says_which_series_names_the_site_or_why_none_does(networks, tmp_path, frame, level, word):
    axial, volumes = t2(frame=frame)
    sagittal = Series("t1", Volume(ct()[0].volume.array, ct()[0].volume.affine, OTHER), name="t1")
    given = {"cord": volumes["cord"], "sac": volumes["sac"], "epidural": volumes["tumour"]}
    found = examine(Study((ct()[0], sagittal, axial)), models=networks, masks=given)
    assert [one.series.name for one in found.results] == ["ct", "t1"]
    write_results(found, tmp_path, dicom=False)
    (site,) = json.loads((tmp_path / "report.json").read_text())["escc"]
    assert (site["grade"], site["level"]) == (CASE.grade, level)
    assert (site.get("level_by"), "level_unknown" in site) == (("ct", False) if level else (None, True))
    assert word in (tmp_path / "report.html").read_text()


def test_a_site_that_ambiguous_names_give_its_level_is_flagged(networks):
    axial, volumes = t2(frame=OTHER)
    sagittal = Series("t1", Volume(ct()[0].volume.array, ct()[0].volume.affine, OTHER), name="t1")
    given = {"cord": volumes["cord"], "sac": volumes["sac"], "epidural": volumes["tumour"]}
    (site,) = examine(Study((sagittal, axial)), models=networks, masks=given).report.escc
    assert (site["level"], site["level_by"]) == ("T11", "t1")
    assert AMBIGUOUS in site["flags"]


@pytest.mark.parametrize(("drawn", "grade"), [(True, "0"), (False, None)])
def test_a_lesion_on_any_series_establishes_a_metastasis(networks, drawn, grade):
    axial, volumes = t2(EpiduralCase(length_mm=0.0))
    image, ids = ct(OTHER)
    sagittal = Series("t1", image.volume, name="t1")
    given = {"cord": volumes["cord"], "sac": volumes["sac"], "epidural": volumes["tumour"]}
    lesions = ids.with_array((drawn * (ids.array == Level.T11.verse_id)).astype(np.uint8))
    found = examine(Study((ct()[0], sagittal, axial)), models=networks, masks=given | {"lesions": lesions})
    assert found.results[0].series.name == "ct"
    assert found.report.escc[0]["grade"] == grade


def test_a_cord_without_a_mask_of_the_sac_is_read_as_the_sac():
    axial, volumes = t2()
    first, vertebrae = ct()
    none = volumes["sac"].with_array(np.zeros(volumes["sac"].shape, np.uint8))
    given = {"vertebrae": vertebrae, "cord": volumes["cord"], "sac": none, "epidural": volumes["tumour"]}
    (site,) = examine(Study((first, axial)), masks=given).report.escc
    assert site["level"] == "T11"
