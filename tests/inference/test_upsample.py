import numpy as np
import pytest
from oblique import STORED, centred_affine, world_of

from spinemets.geometry import Grid, world_aligned_grid
from spinemets.inference.upsample import grow, to_image_grid
from spinemets.volume import Volume

GRID = world_aligned_grid(np.full(3, -30.0), np.full(3, 30.0), 1.5)


def ball(grid, centre, radius):
    return np.linalg.norm(world_of(grid) - np.array(centre), axis=-1) < radius


def image(stored, shape=(62, 66, 52), spacing_mm=(0.9, 0.8, 1.1)):
    return Volume(np.zeros(shape, np.int16), centred_affine(shape, spacing_mm=spacing_mm, **stored))


def carried(target, *groups):
    shares = np.stack([(group > 0).astype(np.float32) for group in groups])
    return to_image_grid(target, GRID, shares, list(groups))


@pytest.mark.parametrize("stored", STORED)
def test_labels_lie_at_the_same_place_of_the_patient_on_the_grid_of_the_image(stored):
    labels = np.zeros(GRID.shape, np.uint8)
    labels[ball(GRID, (-8, 3, 10), 7)] = 20
    labels[ball(GRID, (9, 3, -6), 6)] = 21
    target = image(stored)
    (found,) = carried(target, labels)
    own = Grid.of(target)
    for label, centre, radius in ((20, (-8, 3, 10), 7), (21, (9, 3, -6), 6)):
        truth = ball(own, centre, radius)
        assert 2 * (truth & (found == label)).sum() / (truth.sum() + (found == label).sum()) > 0.95


@pytest.mark.parametrize("stored", STORED)
def test_a_label_that_reaches_the_edge_of_the_image_reaches_its_last_voxels(stored):
    """A vertebra that the image cuts must touch the face that cuts it."""
    target = image(stored, shape=(30, 32, 20), spacing_mm=(0.7, 0.6, 1.0))
    whole = np.full(GRID.shape, 22, np.uint8)
    (found,) = carried(target, whole)
    assert (found == 22).all()


@pytest.mark.parametrize("stored", [{"angles_deg": (0, 0, 0)}, {"angles_deg": (0, 0, 0), "signs": (-1, -1, -1)}])
def test_a_label_on_the_whole_grid_fills_an_image_whose_edge_is_that_of_the_grid(stored):
    target = image(stored, shape=(86, 100, 60), spacing_mm=(60 / 86, 0.6, 1.0))
    (found,) = carried(target, np.full(GRID.shape, 22, np.uint8))
    assert (found == 22).all()


def test_no_voxel_has_a_label_in_two_groups():
    bone, canal = np.zeros(GRID.shape, np.uint8), np.zeros(GRID.shape, np.uint8)
    bone[ball(GRID, (0, 0, 0), 12)] = 20
    canal[ball(GRID, (0, -8, 0), 6)] = 1
    bone[canal > 0] = 0
    first, second = carried(image(STORED[2]), bone, canal)
    assert first.any()
    assert second.any()
    assert not ((first > 0) & (second > 0)).any()


def test_a_share_of_less_than_the_background_gives_no_label():
    labels = np.full(GRID.shape, 20, np.uint8)
    (found,) = to_image_grid(image(STORED[0]), GRID, np.full((1, *GRID.shape), 0.4, np.float32), [labels])
    assert not found.any()


def test_outside_the_grid_nothing_has_a_label():
    target = image(STORED[0], shape=(120, 20, 20), spacing_mm=(1.0, 1.0, 1.0))
    (found,) = carried(target, np.full(GRID.shape, 20, np.uint8))
    beyond = (np.abs(world_of(Grid.of(target))) > 32).any(axis=-1)
    assert beyond.any()
    assert not found[beyond].any()


def test_labels_grow_to_the_nearest_and_no_further_than_their_reach():
    row = np.array([0, 0, 0, 5, 0, 0, 9, 0, 0, 0, 0], np.uint8).reshape(-1, 1, 1)
    assert grow(row, 2).ravel().tolist() == [0, 5, 5, 5, 5, 9, 9, 9, 9, 0, 0]


def test_nothing_grows_into_nothing():
    assert not grow(np.zeros((3, 3, 3), np.uint8), 5.0).any()


@pytest.mark.parametrize("stored", STORED[:2])
def test_an_empty_margin_round_the_labels_changes_nothing(stored):
    bone, canal = np.zeros(GRID.shape, np.uint8), np.zeros(GRID.shape, np.uint8)
    bone[ball(GRID, (-8, 3, 10), 7)], bone[ball(GRID, (9, 3, -16), 7)] = 20, 21
    canal[ball(GRID, (0, -14, 0), 5)] = 1
    target, margin = image(stored), 20
    affine = GRID.affine.copy()
    affine[:3, 3] -= affine[:3, :3].sum(axis=1) * margin
    wide = [np.pad(group, margin) for group in (bone, canal)]
    shares = np.stack([(group > 0).astype(np.float32) for group in wide])
    found = to_image_grid(target, Grid(wide[0].shape, affine), shares, wide)
    for one, other in zip(carried(target, bone, canal), found, strict=True):
        assert one.any()
        assert (one == other).all()


@pytest.mark.parametrize("stored", STORED)
def test_a_thin_plate_is_as_thick_in_coarse_voxels_however_they_lie(stored):
    """A plate of 3 mm, two voxels of the network, in an image of 3 mm: labelled are the points that lie in it."""
    grid = world_aligned_grid(np.full(3, -45.0), np.full(3, 45.0), 1.5)
    share = np.clip((1.5 + 0.75 - np.abs(world_of(grid)[..., 1])) / 1.5, 0, 1).astype(np.float32)
    target = Volume(
        np.zeros((24, 24, 24), np.int16), centred_affine((24, 24, 24), spacing_mm=(3.0, 3.0, 3.0), **stored)
    )
    (found,) = to_image_grid(target, grid, share[None], [np.ones(grid.shape, np.uint8)])
    inner = (np.abs(world_of(Grid.of(target))) < 30.0).all(axis=-1)
    depth = np.abs(world_of(Grid.of(target))[..., 1])
    assert (found[inner & (depth < 1.5 - 0.2)] == 1).all()
    assert (found[inner & (depth > 1.5 + 0.2)] == 0).all()
