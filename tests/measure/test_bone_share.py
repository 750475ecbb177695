"""Share of bone at places along a vertebra's axes, against scipy at every place by itself."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.transform import Rotation

from spinemets.anatomy import Level
from spinemets.measure.axes import VertebraAxes
from spinemets.measure.body_surface import body_surface
from spinemets.measure.bone_share import SMOOTHING, BoneShare
from spinemets.volume import Volume

LIMITS = [(-9.0, 9.0), (-7.0, 8.0), (-6.0, 6.0)]
PLACES = (np.arange(-9, 9.1, 1.0), np.arange(-7, 8.1, 0.5), np.arange(-6, 6.1, 0.35))


def oblique_blob(flip: bool) -> tuple[Volume, VertebraAxes]:
    """A blob on an anisotropic, turned and perhaps mirrored grid, and axes that are turned against it."""
    rng = np.random.default_rng(2)
    mask = ndimage.gaussian_filter(rng.random((40, 36, 30)), 2) > 0.5
    affine = np.eye(4)
    spacing = [0.8, 1.1, 1.7] if not flip else [-0.8, 1.1, 1.7]
    affine[:3, :3] = Rotation.from_euler("xyz", [20, -15, 35], degrees=True).as_matrix() * spacing
    affine[:3, 3] = [12.0, -40.0, 7.0]
    volume = Volume(mask.astype(np.uint8), affine)
    right, front, up = Rotation.from_euler("xyz", [-10, 25, 5], degrees=True).as_matrix()
    centre = volume.world(np.array([20.0, 18.0, 15.0]))
    return volume, VertebraAxes(Level.L3, centre, centre, right, front, up)


@pytest.mark.parametrize("flip", [False, True])
def test_share_is_that_of_the_smoothed_mask_at_every_place(flip: bool) -> None:
    volume, axes = oblique_blob(flip)
    smooth = ndimage.gaussian_filter(volume.array.astype(float), SMOOTHING, mode="constant")
    grid = np.stack(np.meshgrid(*PLACES, indexing="ij"), axis=-1).reshape(-1, 3)
    index = volume.index(axes.world(grid))
    expected = ndimage.map_coordinates(smooth, index.T, order=1, mode="constant").reshape([len(p) for p in PLACES])
    found = BoneShare.of(volume, axes, LIMITS).at(PLACES)
    assert found == pytest.approx(expected, abs=5e-4)  # the mask is cut off where its last thousandth reaches
    assert 0.2 < found.mean() < 0.8


def test_a_single_place_along_an_axis_and_none_at_all_are_allowed() -> None:
    volume, axes = oblique_blob(False)
    bone = BoneShare.of(volume, axes, LIMITS)
    whole = bone.at(PLACES)
    assert bone.at((PLACES[0], PLACES[1][4:5], PLACES[2])) == pytest.approx(whole[:, 4:5], abs=1e-5)
    assert bone.at((PLACES[0], PLACES[1][:0], PLACES[2])).shape == (19, 0, 35)


def test_beside_a_mask_there_is_no_bone() -> None:
    volume, axes = oblique_blob(False)
    away = VertebraAxes(Level.L3, axes.centre_mm + 500, axes.centre_mm + 500, *axes.rows)
    assert not BoneShare.of(volume, away, LIMITS).at(PLACES).any()


@pytest.mark.parametrize("edge_mm", [0.5, 1.0, 3.0])
def test_what_is_looked_at_round_a_body_holds_all_of_its_smoothed_mask(edge_mm: float) -> None:
    turn = Rotation.from_euler("xyz", [35, 30, 40], degrees=True).as_matrix()
    affine = np.eye(4)
    affine[:3, :3] = turn * edge_mm
    count = round(60 / edge_mm)
    affine[:3, 3] = -affine[:3, :3] @ np.full(3, count / 2)
    index = np.stack(np.indices((count,) * 3), axis=-1) @ affine[:3, :3].T + affine[:3, 3]
    body = Volume((np.abs(index) <= [16.0, 12.0, 10.0]).all(axis=-1).astype(np.uint8), affine)
    axes = VertebraAxes(Level.L3, np.zeros(3), np.zeros(3), *np.eye(3))
    share = body_surface(body, axes).share
    assert share.max() > 0.99
    for axis in range(3):
        assert max(share.take(end, axis).max() for end in (0, -1)) < 3e-3
