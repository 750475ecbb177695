import numpy as np
import pytest
from box_vertebra import PITCH_MM, part_at
from oblique import STORED, centred_affine, world_of
from scipy.spatial.transform import Rotation

from spinemets.anatomy import Level, Subregion
from spinemets.errors import StudyError
from spinemets.geometry import Grid
from spinemets.measure.axes import spine_axes
from spinemets.measure.region_labels import IN_BODY, RegionLabel
from spinemets.measure.vertebra_regions import FROM_PARTITION, FROM_SUBREGIONS, vertebra_regions
from spinemets.volume import Volume

LEVELS = (Level.L1, Level.L2, Level.L3)
SHAPE = (84, 84, 84)
SPACING = (1.6, 1.4, 1.5)


def masks(stored=0, turn_deg=(0, 0, 0), keep=None, spacing=SPACING):
    """Three lumbar vertebrae of boxes, turned about the origin of the world, on one of several grids."""
    options = dict(STORED[stored])
    affine = centred_affine(SHAPE, spacing_mm=spacing, angles_deg=(3, -4, 5), **options)
    turn = Rotation.from_euler("xyz", turn_deg, degrees=True).as_matrix()
    local = world_of(Grid(SHAPE, affine)) @ turn  # world to the vertebrae's own axes
    x, y, z = np.moveaxis(local, -1, 0)
    number = np.clip(np.round(1 - z / PITCH_MM), 0, 2)
    parts = part_at(x, y, z - (1 - number) * PITCH_MM)
    ids = np.where(parts > 0, number + Level.L1.verse_id, 0).astype(np.uint8)
    if keep is not None:
        ids[~np.isin(ids, [level.verse_id for level in keep])] = 0
    return Volume(ids, affine), Volume(np.where(ids > 0, parts, 0).astype(np.uint8), affine), turn


@pytest.mark.parametrize("stored", range(len(STORED)))
@pytest.mark.parametrize("given", [True, False])
def test_axes_are_the_vertebras_own_however_it_lies_and_is_stored(stored, given):
    vertebrae, parts, turn = masks(stored, turn_deg=(8, -6, 5))
    regions = vertebra_regions(vertebrae, parts if given else None)
    assert regions.source == (FROM_SUBREGIONS if given else FROM_PARTITION)
    assert tuple(regions.axes) == LEVELS
    for number, level in enumerate(LEVELS):
        axes = regions.axes[level]
        for name, column in (("right", 0), ("front", 1), ("up", 2)):
            assert getattr(axes, name) @ turn[:, column] > np.cos(np.radians(4)), (level, name)
        expected = turn @ np.array([0.0, 23.0, (1 - number) * PITCH_MM])
        assert axes.centre_mm == pytest.approx(expected, abs=1.5)
        canal = turn @ np.array([0.0, 0.0, (1 - number) * PITCH_MM])
        assert axes.canal_mm == pytest.approx(canal, abs=2.5)


@pytest.mark.parametrize("stored", range(len(STORED)))
@pytest.mark.parametrize("given", [True, False])
def test_left_parts_lie_on_the_patients_left(stored, given):
    vertebrae, parts, turn = masks(stored, turn_deg=(0, 0, 12))
    labels = vertebra_regions(vertebrae, parts if given else None).labels
    x = (world_of(Grid(SHAPE, labels.affine)) @ turn)[..., 0]
    for left, right in (
        ("PEDICLE_LEFT", "PEDICLE_RIGHT"),
        ("LAMINA_LEFT", "LAMINA_RIGHT"),
        ("TRANSVERSE_LEFT", "TRANSVERSE_RIGHT"),
    ):
        on_left, on_right = (labels.array == RegionLabel[name] for name in (left, right))
        assert on_left.sum() > 50
        assert x[on_left].mean() < -5 < 5 < x[on_right].mean()


def test_every_voxel_of_a_vertebra_has_a_part_and_nothing_else_has():
    vertebrae, _, _ = masks()
    labels = vertebra_regions(vertebrae).labels.array
    assert ((labels > 0) == (vertebrae.array > 0)).all()


def test_the_arch_of_a_scheme_without_pedicles_gives_them_beside_the_front_of_the_canal():
    vertebrae, parts, _ = masks()
    array = parts.array.copy()
    array[np.isin(array, (Subregion.PEDICLE_LEFT, Subregion.PEDICLE_RIGHT))] = Subregion.ARCH
    labels = vertebra_regions(vertebrae, parts.with_array(array)).labels
    true = np.isin(parts.array, (Subregion.PEDICLE_LEFT, Subregion.PEDICLE_RIGHT))
    found = np.isin(labels.array, (RegionLabel.PEDICLE_LEFT, RegionLabel.PEDICLE_RIGHT))
    assert (found & true).sum() > 0.9 * true.sum()
    assert found.sum() < 1.3 * true.sum()


def test_ribs_meet_thoracic_bodies_at_the_back_and_the_joint_stays_part_of_the_body():
    vertebrae, parts, _ = masks()
    thoracic = vertebrae.with_array(np.where(vertebrae.array > 0, vertebrae.array - 1, 0).astype(np.uint8))  # T12 to L2
    labels = vertebra_regions(thoracic, parts).labels
    joint = np.isin(labels.array, (RegionLabel.COSTOVERTEBRAL_LEFT, RegionLabel.COSTOVERTEBRAL_RIGHT))
    assert set(np.unique(thoracic.array[joint])) == {Level.T12.verse_id}
    x, y, _ = np.moveaxis(world_of(Grid(SHAPE, labels.affine)), -1, 0)
    assert (np.abs(x[joint]) > 8).all()
    assert (y[joint] < 20).all()
    body = thoracic.array == Level.T12.verse_id
    assert (np.isin(labels.array, IN_BODY) & body).sum() == ((parts.array == Subregion.BODY) & body).sum()


def test_a_vertebra_without_posterior_elements_has_the_front_of_its_neighbour():
    vertebrae, parts, _ = masks()
    bare = (vertebrae.array == Level.L2.verse_id) & (parts.array != Subregion.BODY)
    axes = vertebra_regions(
        vertebrae.with_array(np.where(bare, 0, vertebrae.array)), parts.with_array(np.where(bare, 0, parts.array))
    ).axes
    assert axes[Level.L2].front @ np.array([0, 1, 0]) > 0.99


def test_a_vertebra_whose_arch_is_half_missing_keeps_the_front_of_its_neighbours():
    vertebrae, parts, _ = masks()
    x = world_of(Grid(SHAPE, vertebrae.affine))[..., 0]
    torn = (vertebrae.array == Level.L2.verse_id) & (parts.array != Subregion.BODY) & (x < 10)
    axes = vertebra_regions(
        vertebrae.with_array(np.where(torn, 0, vertebrae.array)), parts.with_array(np.where(torn, 0, parts.array))
    ).axes
    assert axes[Level.L2].front @ np.array([0, 1, 0]) > 0.99


def test_the_ring_of_the_atlas_has_the_directions_of_the_axis_and_does_not_bend_the_line():
    vertebrae, parts, _ = masks()
    table = np.zeros(256, np.uint8)
    table[[20, 21, 22]] = [1, 2, 3]
    ring = (vertebrae.array == 20) & (parts.array == Subregion.BODY)
    ids = np.where(ring, 0, table[vertebrae.array])
    axes = vertebra_regions(vertebrae.with_array(ids), parts).axes
    assert tuple(axes) == (Level.C1, Level.C2, Level.C3)
    for own in axes.values():
        assert own.up @ np.array([0, 0, 1]) > 0.99
        assert own.front @ np.array([0, 1, 0]) > 0.99
    assert axes[Level.C1].canal_mm == pytest.approx(axes[Level.C1].centre_mm)


def test_a_vertebra_alone_stands_as_its_endplates_do():
    vertebrae, parts, turn = masks(keep=[Level.L2], turn_deg=(10, -7, 0))
    assert vertebra_regions(vertebrae, parts).axes[Level.L2].up @ turn[:, 2] > np.cos(np.radians(1.5))


def test_a_body_that_the_image_cuts_does_not_tell_its_own_direction():
    vertebrae, parts, _ = masks()
    z = world_of(Grid(SHAPE, vertebrae.affine))[42, 42, :, 2]
    top = int(np.argmax(z > PITCH_MM + 3))  # the slices that are left end above the middle of L1, 5 degrees aslant
    near, part = (Volume(one.array[:, :, :top], one.affine) for one in (vertebrae, parts))
    axes = vertebra_regions(near, part).axes
    chord = axes[Level.L1].centre_mm - axes[Level.L2].centre_mm
    bent = 2 * (axes[Level.L2].up @ chord) * chord / (chord @ chord) - axes[Level.L2].up
    assert axes[Level.L1].up == pytest.approx(bent)


def test_a_stump_at_the_end_of_the_image_has_no_axes_and_does_not_bend_the_others():
    vertebrae, parts, _ = masks()
    z = world_of(Grid(SHAPE, vertebrae.affine))[..., 2]
    cut = (vertebrae.array == Level.L1.verse_id) & (z > PITCH_MM - 9)
    axes = vertebra_regions(
        vertebrae.with_array(np.where(cut, 0, vertebrae.array)), parts.with_array(np.where(cut, 0, parts.array))
    ).axes
    assert Level.L1 not in axes
    assert axes[Level.L2].up[2] > 0.99


def test_labels_out_of_order_are_refused():
    vertebrae, parts, _ = masks()
    table = np.zeros(256, np.uint8)
    table[[20, 21, 22]] = [22, 21, 20]
    with pytest.raises(StudyError, match="L1 lies below L3"):
        vertebra_regions(vertebrae.with_array(table[vertebrae.array]), parts)
    table[[20, 21, 22]] = [21, 20, 22]
    with pytest.raises(StudyError, match="L1 lies below L2"):
        vertebra_regions(vertebrae.with_array(table[vertebrae.array]), parts)


def test_a_label_in_two_places_is_refused():
    vertebrae, parts, _ = masks()
    twice = np.where(vertebrae.array == 22, 20, vertebrae.array).astype(np.uint8)
    with pytest.raises(StudyError, match=r"L1 is in the vertebra mask twice, 7\d mm apart"):
        vertebra_regions(vertebrae.with_array(twice), parts)


def test_what_an_image_leaves_of_both_sides_of_a_cut_vertebra_is_one_vertebra():
    spine, parts, _ = masks()
    ids, subregions = np.zeros((120, 84, 84), np.uint8), np.zeros((120, 84, 84), np.uint8)
    ids[18:102], subregions[18:102] = spine.array, parts.array
    ids[ids == Level.L1.verse_id] = 0
    ids[[34, 35, 84, 85], 10:20, 76:82] = Level.L1.verse_id
    subregions[(ids == Level.L1.verse_id) | (ids == 0)] = 0
    affine = spine.affine.copy()
    affine[:3, 3] = spine.world([-18, 0, 0])
    assert set(vertebra_regions(Volume(ids, affine), Volume(subregions, affine)).axes) == {Level.L2, Level.L3}


def test_a_label_of_two_neighbours_is_refused():
    vertebrae, parts, _ = masks()
    twice = np.where(vertebrae.array == 21, 20, vertebrae.array).astype(np.uint8)
    with pytest.raises(StudyError, match=r"L1 is in the vertebra mask twice, 3\d mm apart"):
        vertebra_regions(vertebrae.with_array(twice), parts)


def test_nothing_has_no_axes():
    empty = Volume(np.zeros((4, 4, 4), np.uint8), np.diag([2.0, 2.0, 2.0, 1.0]))
    assert spine_axes(empty, empty) == {}
    assert vertebra_regions(empty, empty).axes == {}


def test_coordinates_and_world_undo_each_other():
    axes = vertebra_regions(*masks()[:2]).axes[Level.L2]
    points = np.array([[1.0, 2.0, 3.0], [-40.0, 5.0, 60.0]])
    assert axes.world(axes.coordinates(points)) == pytest.approx(points)
