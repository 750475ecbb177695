from functools import cache

import numpy as np
import pytest
from box_vertebra import CANAL_DEPTH_MM, HALF_CANAL_MM, PITCH_MM, stack
from oblique import STORED, world_of
from scipy import ndimage

from spinemets.anatomy import Level, Subregion
from spinemets.errors import StudyError
from spinemets.geometry import Grid
from spinemets.simulate.label_maps import anatomy_from_labels
from spinemets.simulate.tissues import CANAL, Tissue
from spinemets.volume import Volume

FINE_MM = 1.5
SHAPE = (72, 72, 88)
LEVELS = (Level.L1, Level.L2, Level.L3)


def label_map(stored):
    """Three lumbar vertebrae of boxes with their parts round the origin of the world, stored in one of several ways."""
    parts, numbers, _ = stack(3, spacing_mm=FINE_MM, shape=SHAPE)
    ids = np.where(numbers > 0, numbers + Level.L1.verse_id - 1, 0).astype(np.uint8)
    affine = np.diag([FINE_MM] * 3 + [1.0])
    affine[:3, 3] = -FINE_MM * (np.array(SHAPE) - 1) / 2
    axes, signs = stored["axes"], stored["signs"]
    flip = tuple(slice(None, None, sign) for sign in signs)
    permuted = affine.copy()
    permuted[:3, :3] = affine[:3, list(axes)] * np.array(signs)
    last = np.array(SHAPE) - 1
    start = np.zeros(3)
    for axis, sign in zip(axes, signs, strict=True):
        start[axis] = 0 if sign > 0 else last[axis]
    permuted[:3, 3] = affine[:3, :3] @ start + affine[:3, 3]
    return (Volume(np.ascontiguousarray(array.transpose(axes)[flip]), permuted) for array in (ids, parts))


@cache
def grown(stored=0, seed=0, spacing_mm=2.0):
    vertebrae, _ = label_map(STORED[stored])
    return anatomy_from_labels(vertebrae, seed=seed, spacing_mm=spacing_mm, name="boxes")


def world(anatomy):
    return world_of(Grid(anatomy.tissue.shape, anatomy.affine))


@pytest.mark.parametrize("stored", range(len(STORED)))
def test_left_of_a_map_is_the_patients_left_however_it_is_stored(stored):
    anatomy = grown(stored)
    x = world(anatomy)[..., 0]
    for left, right in (
        (Subregion.PEDICLE_LEFT, Subregion.PEDICLE_RIGHT),
        (Subregion.TRANSVERSE_PROCESS_LEFT, Subregion.TRANSVERSE_PROCESS_RIGHT),
    ):
        assert (anatomy.subregion == left).sum() > 50
        assert x[anatomy.subregion == left].max() < 0
        assert x[anatomy.subregion == right].min() > 0


@pytest.mark.parametrize("stored", range(len(STORED)))
def test_centres_are_those_of_the_bodies(stored):
    centres = grown(stored).centres_mm
    assert set(centres) == set(LEVELS)
    for number, level in enumerate(LEVELS):
        assert centres[level] == pytest.approx([0, (CANAL_DEPTH_MM + 38) / 2, (1 - number) * PITCH_MM], abs=1.0)


def test_vertebrae_keep_their_ids_and_size():
    anatomy = grown()
    ids, _ = label_map(STORED[0])
    for level in LEVELS:
        volume = (anatomy.vertebra == level.verse_id).sum() * 8.0
        assert volume == pytest.approx((ids.array == level.verse_id).sum() * FINE_MM**3, rel=0.08)
    assert ((anatomy.subregion > 0) == (anatomy.vertebra > 0)).all()


def test_a_disc_fills_the_space_between_two_bodies():
    anatomy = grown()
    disc = anatomy.tissue == Tissue.DISC
    x, y, z = np.moveaxis(world(anatomy), -1, 0)
    for height in (PITCH_MM / 2, -PITCH_MM / 2):
        middle = (np.abs(x) < 12) & (np.abs(y - 23) < 10) & (np.abs(z - height) < 3)
        assert disc[middle].mean() > 0.95
    assert (np.abs(np.abs(z[disc]) - PITCH_MM / 2) < 8).all()
    _, pieces = ndimage.label(disc)
    assert pieces == 2


def test_the_canal_runs_through_all_of_them_with_fat_outside_and_cord_inside():
    anatomy = grown()
    x, y, z = np.moveaxis(world(anatomy), -1, 0)
    inside = (np.abs(x) < HALF_CANAL_MM - 3) & (np.abs(y) < CANAL_DEPTH_MM - 3) & (np.abs(z) < PITCH_MM)
    assert np.isin(anatomy.tissue[inside], CANAL).mean() > 0.95
    centre = (np.hypot(x, y) < 2.5) & (z > PITCH_MM + 2) & (z < PITCH_MM + 10)
    assert (anatomy.tissue[centre] == Tissue.CORD).mean() > 0.9
    rim = ndimage.binary_dilation(~np.isin(anatomy.tissue, CANAL)) & np.isin(anatomy.tissue, CANAL)
    assert (anatomy.tissue[rim & inside] != Tissue.CORD).all()


def test_the_cord_ends_at_the_first_lumbar_vertebra():
    anatomy = grown()
    _, _, z = np.moveaxis(world(anatomy), -1, 0)
    cord = z[anatomy.tissue == Tissue.CORD]
    assert cord.min() >= anatomy.centres_mm[Level.L1][2] - 2.5
    assert cord.max() > anatomy.centres_mm[Level.L1][2]


def test_tissues_follow_the_parts():
    anatomy = grown()
    assert (anatomy.tissue[anatomy.subregion == Subregion.BODY] == Tissue.VERTEBRAL_BODY).all()
    others = (anatomy.subregion > 0) & (anatomy.subregion != Subregion.BODY)
    assert (anatomy.tissue[others] == Tissue.POSTERIOR_ELEMENTS).all()


def test_another_seed_is_another_body_round_the_same_spine():
    one, other = grown(seed=0), grown(seed=1)
    assert (one.vertebra == other.vertebra).all()
    assert (one.subregion == other.subregion).all()
    assert (one.tissue != other.tissue).any()
    assert (grown.__wrapped__(seed=0).tissue == one.tissue).all()


def test_known_tissues_stay_where_they_are_and_a_known_cord_is_kept():
    vertebrae, _ = label_map(STORED[0])
    known = np.zeros(SHAPE, np.uint8)
    known[4:20, 40:60] = Tissue.LIVER
    known[34:38, 34:38] = Tissue.CORD
    known[vertebrae.array > 0] = Tissue.VERTEBRAL_BODY
    anatomy = anatomy_from_labels(vertebrae, tissues=vertebrae.with_array(known), spacing_mm=2.0)
    x, y, z = np.moveaxis(world(anatomy), -1, 0)
    assert (anatomy.tissue[(x < -30) & (x > -40) & (y > 10) & (y < 30) & (np.abs(z) < 50)] == Tissue.LIVER).all()
    cord = anatomy.tissue == Tissue.CORD
    assert cord.any()
    assert np.abs(x[cord]).max() < 4
    assert z[cord].min() < -50  # the known cord does not end at L1


def test_real_parts_are_kept_and_the_pedicle_comes_from_geometry_inside_the_real_arch():
    vertebrae, parts = label_map(STORED[2])
    pedicles = np.isin(parts.array, (Subregion.PEDICLE_LEFT, Subregion.PEDICLE_RIGHT))
    public = np.where(pedicles, Subregion.ARCH, parts.array)
    public[public == Subregion.SPINOUS_PROCESS] = Subregion.SUPERIOR_ARTICULAR_LEFT
    public[public == Subregion.BODY] = Subregion.BODY_BORDER
    anatomy = anatomy_from_labels(vertebrae, subregions=parts.with_array(public.astype(np.uint8)), spacing_mm=2.0)
    assert (anatomy.subregion == Subregion.SUPERIOR_ARTICULAR_LEFT).sum() > 50
    assert not (anatomy.subregion == Subregion.SPINOUS_PROCESS).any()
    assert not (anatomy.subregion == Subregion.BODY_BORDER).any()
    x = world(anatomy)[..., 0]
    assert x[anatomy.subregion == Subregion.PEDICLE_LEFT].max() < 0
    volume = (anatomy.subregion == Subregion.PEDICLE_LEFT).sum() * 8.0
    truth = (parts.array == Subregion.PEDICLE_LEFT).sum() * FINE_MM**3
    assert volume == pytest.approx(truth, rel=0.4)


def test_the_sacrum_is_sacrum_and_has_a_disc_above_it():
    vertebrae, _ = label_map(STORED[0])
    ids = vertebrae.array.copy()
    ids[ids == Level.L3.verse_id] = 26
    anatomy = anatomy_from_labels(vertebrae.with_array(ids), spacing_mm=2.0)
    assert (anatomy.tissue[anatomy.vertebra == 26] == Tissue.SACRUM).all()
    assert set(anatomy.centres_mm) == {Level.L1, Level.L2}
    z = world(anatomy)[..., 2][anatomy.tissue == Tissue.DISC]
    assert (z < 0).any()


def test_one_closed_foramen_is_too_few_for_a_canal():
    vertebrae, _ = label_map(STORED[0])
    one = np.where(vertebrae.array == Level.L2.verse_id, vertebrae.array, 0)
    with pytest.raises(StudyError, match="label map single: only 1 vertebrae with a closed foramen; two are needed"):
        anatomy_from_labels(vertebrae.with_array(one), spacing_mm=2.0, name="single")


def test_crumbs_of_a_vertebra_make_no_level():
    vertebrae, _ = label_map(STORED[0])
    ids = vertebrae.array.copy()
    ids[0:6, 0:6, 0:6] = Level.L5.verse_id  # 0.7 ml
    assert Level.L5 not in anatomy_from_labels(vertebrae.with_array(ids), spacing_mm=2.0).centres_mm
