"""The level of an axial slice where the user names one, and slices that lean with the canal."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from box_vertebra import PITCH_MM
from scipy.spatial.transform import Rotation
from test_canal_assessment import FRAME, t2
from test_canal_levels import OTHER, result, slices

from spinemets.anatomy import Level
from spinemets.canal_levels import BY_USER, CanalLevels, SliceLevel
from spinemets.findings import NotAssessed
from spinemets.pipeline import examine
from spinemets.results import write_results
from spinemets.volume import Series, Study, Volume


@pytest.mark.parametrize(("point_mm", "known"), [(6.5, True), (-6.5, True), (7.5, False), (-7.5, False)])
def test_without_vertebrae_the_user_names_the_slices_beside_a_point(point_mm, known):
    series, sac = slices(height_mm=100.0)
    anchor = (Level.T7, np.array([40.0, -3.0, 100.0 + point_mm]))
    found = CanalLevels(series, (), anchor).at(sac, 2, 5)
    if known:
        assert isinstance(found, SliceLevel)
        assert (found.level, found.named_by, found.is_ambiguous, found.front) == (Level.T7, BY_USER, False, None)
    else:
        assert isinstance(found, NotAssessed)
        assert "more than 7 mm from the point of T7" in found.detail


@pytest.mark.parametrize("results", [[result("ct")], [result("ct"), result("mr", OTHER, role="t1", ambiguous=True)]])
def test_a_point_of_another_world_names_no_slice(results):
    series, sac = slices(height_mm=100.0, frame=OTHER)
    found = CanalLevels(series, results, (Level.L5, np.array([0.0, 0.0, 101.0]))).at(sac, 2, 5)
    assert isinstance(found, NotAssessed)
    assert "L5" not in found.detail


def test_of_several_axial_series_in_unknown_worlds_a_point_names_none():
    first, masks = t2(frame=OTHER)
    second, _ = t2(frame="9.8.7")
    given = {"cord": masks["cord"], "sac": masks["sac"], "epidural": masks["tumour"]}
    anchor = (Level.T7, np.array([0.0, 20.0, 4.0]))
    found = examine(Study((first, second)), masks=given, models=SimpleNamespace(canal=None), anchor=anchor)
    assert found.report.escc[0]["level"] is None
    assert any("--anchor names no site" in reason.detail for _, reason in found.report.not_assessed)


@pytest.mark.parametrize("lean_deg", [-35.0, 0.0, 25.0])
@pytest.mark.parametrize("flipped", [False, True])
def test_a_slice_that_leans_with_the_canal_is_named_by_the_body_in_its_plane(lean_deg, flipped):
    """The body lies 28 mm in front of the sac in the plane of the middle slice, 13 to 16 mm above or below its middle
    in the world; its neighbours lie a pitch along the canal."""
    turn = Rotation.from_euler("x", lean_deg, degrees=True).as_matrix()
    shape, scale = (40, 60, 21), np.diag([0.5, -0.5, 3.0] if flipped else [0.5, 0.5, 3.0])
    affine = np.eye(4)
    affine[:3, :3] = turn @ scale
    affine[:3, 3] = -affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    array = np.zeros(shape, np.uint8)
    array[15:25, 25:35] = 1
    sac = Volume(array, affine, FRAME)
    series = Series("t2_axial", sac, name="axial")
    bodies = {
        level: turn @ [0.0, 28.0, up] for level, up in ((Level.T9, PITCH_MM), (Level.T10, 0.0), (Level.T11, -PITCH_MM))
    }
    named = CanalLevels(series, (), (Level.T10, bodies[Level.T10]))
    assert [n for n in range(21) if isinstance(named.at(sac, 2, n), SliceLevel)] == [8, 9, 10, 11, 12]
    spine = SimpleNamespace(
        vertebrae=[SimpleNamespace(level=level, centroid_mm=place) for level, place in bodies.items()],
        level_ambiguous=False,
    )
    outlined: Any = SimpleNamespace(spine=spine, series=Series("ct", sac, name="ct"))
    found = CanalLevels(series, [outlined]).at(sac, 2, 10)
    assert isinstance(found, SliceLevel)
    assert found.level is Level.T10


def test_a_vertebra_that_was_outlined_is_believed_before_a_point():
    series, sac = slices()
    found = CanalLevels(series, [result("ct")], (Level.T7, np.zeros(3))).at(sac, 2, 5)
    assert isinstance(found, SliceLevel)
    assert found.level is Level.T11


def test_an_axial_series_alone_has_the_level_that_the_user_gave(tmp_path):
    axial, volumes = t2()
    masks = {"cord": volumes["cord"], "sac": volumes["sac"], "epidural": volumes["tumour"]}
    anchor = (Level.T7, np.array([0.0, 20.0, 4.0]))
    found = examine(Study((axial,)), masks=masks, models=SimpleNamespace(), anchor=anchor)
    (site,) = found.report.escc
    assert (site["level"], site["level_by"]) == ("T7", BY_USER)
    assert found.report.governing["escc_level"] == "T7"
    write_results(found, tmp_path, dicom=False)
    assert "Level by the user (--anchor)." in (tmp_path / "report.html").read_text()
