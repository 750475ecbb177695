"""How far a posterior wall stands out: what was drawn, what the masks show by geometry, and what is measured."""

import numpy as np
import pytest
from box_vertebra import PITCH_MM, part_at
from oblique import STORED, centred_affine, world_of
from scipy.spatial.transform import Rotation

from spinemets.anatomy import Level, Subregion
from spinemets.geometry import Grid, resample
from spinemets.measure.wall_from_canal import walls_from_canal
from spinemets.simulate import fracture_shape
from spinemets.simulate.disease import Disease, FractureTruth
from spinemets.simulate.disease_canvas import DiseaseCanvas
from spinemets.simulate.disease_truth import vertebra_truth
from spinemets.simulate.fracture_disease import draw_fracture
from spinemets.simulate.parametric import parametric_anatomy
from spinemets.simulate.tissues import LabelledAnatomy, Tissue
from spinemets.volume import Volume

SPACING = (1.2, 0.9, 1.6)
RANGES = {"posterior_wall_bulge": "BULGE_MM", "retropulsion": "RETROPULSION_MM"}
BOX_LEVELS = (Level.T12, Level.L1, Level.L2)
PLACES = (("thoracic", Level.T10, 0), ("thoracic", Level.T10, 3), ("spine", Level.L1, 1), ("spine", Level.L2, 2))
"""Patient, level, and the way in which the masks are stored: neighbours of each level are shown."""
HEALTHY = dict.fromkeys(
    ("posterior_wall_bulge", "retropulsion", "fracture_line", "vacuum_cleft", "jigsaw", "lamellar_haematoma",
     "cortex_destroyed", "cancellous_bone_destroyed", "pedicle_destroyed", "epidural_mass", "paravertebral_mass"),
    False,
)  # fmt: skip


@pytest.fixture(scope="module")
def thoracic():
    """A healthy patient from T8 to T12, the spine and what lies next to it."""
    edge = 1.25
    whole = parametric_anatomy(2, spacing_mm=edge, field=(Level.T8, Level.T12), variant="usual")
    at = np.argwhere(whole.vertebra > 0)
    low, high = np.maximum(at.min(axis=0) - 8, 0), at.max(axis=0) + 9
    part = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    affine = whole.affine.copy()
    affine[:3, 3] += edge * low
    arrays = [getattr(whole, name)[part].copy() for name in ("tissue", "vertebra", "subregion")]
    return LabelledAnatomy(*arrays, affine, whole.centres_mm, "small thoracic spine")


@pytest.fixture
def grown(monkeypatch):
    """What gives the disease of a patient whose wall stands out at one level."""

    def draw(healthy, level, sign, depth):
        monkeypatch.setattr(fracture_shape, RANGES[sign], (depth, depth))
        canvas = DiseaseCanvas(healthy)
        losses = {"anterior": 0.0, "middle": 0.0, "posterior": 0.0}
        canvas.fractures = [FractureTruth(level, "osteoporotic", losses, 0.0, {**HEALTHY, sign: True})]
        draw_fracture(canvas, canvas.fractures[0], np.random.default_rng(3))
        return canvas.finished()

    return draw


def on(grid, anatomy, array):
    return resample(Volume(array, anatomy.affine), grid, order=0, antialias=False).astype(np.uint8)


def oblique_grid(axes, stored):
    """Round a vertebra and its neighbours."""
    order = list(STORED[stored]["axes"])
    size = tuple(int(np.ceil(mm / step)) for mm, step in zip(np.array([72, 96, 118])[order], SPACING, strict=True))
    centre = axes.canal_mm
    return Grid(size, centred_affine(size, centre, spacing_mm=SPACING, angles_deg=(7, -9, 6), **STORED[stored]))


BACK, HOLLOW, HALF_HEIGHT = 8.0, 2.0, 13.0


def boxes(lean_deg, edge=1.0):
    """Three vertebrae of boxes that lean to the front; the walls, at y = 8 mm, are 2 mm hollow half-way up."""
    turn = Rotation.from_euler("x", lean_deg, degrees=True).as_matrix()
    size = (64, 100, 136)
    affine = centred_affine(size, (0, 8, 0), spacing_mm=(edge,) * 3, angles_deg=(0, 0, 0))
    x, y, z = np.moveaxis(world_of(Grid(size, affine)) @ turn, -1, 0)
    number = np.clip(np.round(1 - z / PITCH_MM), 0, 2).astype(int)
    z = z - (1 - number) * PITCH_MM
    parts = part_at(x, y, z)
    parts[(parts == Subregion.BODY) & (y < BACK + HOLLOW * np.clip(1 - (z / HALF_HEIGHT) ** 2, 0, 1))] = 0
    ids = np.where(parts > 0, np.array([level.verse_id for level in BOX_LEVELS])[number], 0).astype(np.uint8)
    tissue = np.full(size, Tissue.EPIDURAL_FAT, np.uint8)
    tissue[parts > 0] = Tissue.POSTERIOR_ELEMENTS
    tissue[parts == Subregion.BODY] = Tissue.VERTEBRAL_BODY
    return LabelledAnatomy(tissue, ids, parts.astype(np.uint8), affine, {}, "boxes"), turn


def far_behind(disease, turn, stored):
    """Right, depth behind the plane of the rims and height of what was added to L1, on an oblique grid, mm."""
    size = tuple(np.array([80, 110, 60])[list(STORED[stored]["axes"])])
    grid = Grid(size, centred_affine(size, (0, 8, 0), spacing_mm=SPACING, angles_deg=(7, -9, 6), **STORED[stored]))
    own = on(grid, disease.anatomy, disease.anatomy.vertebra) == Level.L1.verse_id
    own &= on(grid, disease.anatomy, disease.anatomy.subregion) == Subregion.BODY
    x, y, z = (world_of(grid)[own] @ turn).T
    return x, BACK - y, z


@pytest.mark.parametrize("stored", range(len(STORED)))
@pytest.mark.parametrize("lean_deg", [0, 14])
@pytest.mark.parametrize("depth", [2.5, 4.5])
def test_a_bulge_stands_that_far_behind_the_line_between_the_rims_of_a_hollow_wall(grown, depth, lean_deg, stored):
    healthy, turn = boxes(lean_deg)
    disease = grown(healthy, Level.L1, "posterior_wall_bulge", depth)
    x, behind, z = far_behind(disease, turn, stored)
    wall_mm, middle = disease.fractures[0].wall_mm, np.abs(x) < 4
    assert wall_mm == pytest.approx(depth, abs=0.5)
    assert behind[middle].max() == pytest.approx(wall_mm, abs=0.5 + max(SPACING) / 2)
    for up in (-8.0, 0.0, 8.0):
        near = middle & (np.abs(z - up) < 1.5)
        expected = depth * (1 - (up / HALF_HEIGHT) ** 2)
        assert behind[near].max() == pytest.approx(expected, abs=0.5 + max(SPACING) / 2)


@pytest.mark.parametrize("stored", range(len(STORED)))
@pytest.mark.parametrize("lean_deg", [0, 14])
@pytest.mark.parametrize("depth", [3.0, 6.0])
def test_a_retropulsed_corner_stands_that_far_behind_where_it_was(grown, depth, lean_deg, stored):
    healthy, turn = boxes(lean_deg)
    disease = grown(healthy, Level.L1, "retropulsion", depth)
    _, behind, z = far_behind(disease, turn, stored)
    wall_mm = disease.fractures[0].wall_mm
    assert wall_mm == pytest.approx(depth, abs=0.1 * depth + 0.5)  # its edge is ragged by a tenth
    assert behind.max() == pytest.approx(wall_mm, abs=0.5 + max(SPACING) / 2)
    assert z[behind.argmax()] > HALF_HEIGHT / 3


def test_no_soft_tissue_is_left_between_a_body_and_its_bulge(spine, grown):
    disease = grown(spine, Level.L2, "posterior_wall_bulge", 4.0)
    own = DiseaseCanvas(spine).axes[Level.L2]
    bone = Volume((disease.anatomy.vertebra == Level.L2.verse_id).astype(float), spine.affine)
    for up in (-3.0, 0.0, 3.0):
        at = own.world(np.array([[0.0, front, up] for front in np.arange(-30.0, -6.0, 0.5)]))
        inside = bone.array[tuple(np.round(bone.index(at)).astype(int).T)] > 0
        assert (np.diff(inside.astype(int)) == 1).sum() == 1  # from the canal into bone once, and never out of it again


def test_a_wall_that_the_cord_stops_is_recorded_as_far_as_it_got(grown):
    healthy, turn = boxes(0)
    y = (world_of(Grid(healthy.tissue.shape, healthy.affine)) @ turn)[..., 1]
    healthy.tissue[(y < BACK - 3.0) & (healthy.tissue == Tissue.EPIDURAL_FAT)] = Tissue.CORD
    disease = grown(healthy, Level.L1, "posterior_wall_bulge", 6.0)
    assert disease.fractures[0].wall_mm == pytest.approx(3.0, abs=0.5)
    assert (disease.anatomy.tissue == Tissue.CORD).sum() == (healthy.tissue == Tissue.CORD).sum()


def test_a_wall_without_any_room_behind_it_stays_where_it_is(grown):
    healthy, _ = boxes(0)
    healthy.tissue[healthy.tissue == Tissue.EPIDURAL_FAT] = Tissue.CORD
    disease = grown(healthy, Level.L1, "posterior_wall_bulge", 4.0)
    assert disease.fractures[0].wall_mm == 0.0
    assert (disease.anatomy.vertebra == healthy.vertebra).all()


def test_the_truth_states_the_depth_to_half_a_voxel_and_nothing_of_a_wall_that_was_left_alone(spine):
    losses = {"anterior": 0.3, "middle": 0.1, "posterior": 0.0}
    walls = {Level.L1: 4.2, Level.L2: 0.3, Level.L3: 0.0}
    fractures = tuple(FractureTruth(level, "osteoporotic", losses, 0.0, {}, mm) for level, mm in walls.items())
    told = {one.level: one.posterior_wall for one in vertebra_truth(Disease(spine, fractures=fractures), list(walls))}
    depth = told[Level.L1]["depth_mm"]
    assert (depth.low, depth.value, depth.high, depth.unit) == (pytest.approx(3.45), 4.2, pytest.approx(4.95), "mm")
    assert told[Level.L2]["depth_mm"].low == 0.0
    assert not isinstance(told[Level.L3], dict)


@pytest.mark.parametrize("sign", RANGES)
def test_the_depth_is_measured_with_an_interval_that_holds_it(request, grown, sign):
    held = []
    for place, level, stored in PLACES:
        healthy = request.getfixturevalue(place)
        axes, edge = DiseaseCanvas(healthy).axes, float(healthy.affine[0, 0])
        near = [other for other in axes if abs(other.order - level.order) <= 1]
        for depth in (2.5, 4.0, 6.0):
            disease = grown(healthy, level, sign, depth)
            grid = oblique_grid(axes[level], stored)
            vertebrae = Volume(on(grid, disease.anatomy, disease.anatomy.vertebra), grid.affine)
            found, truth = walls_from_canal(vertebrae, axes, near)[level].depth_mm, disease.fractures[0].wall_mm
            held.append(found.low <= truth + edge / 2 and truth - edge / 2 <= found.high)
    assert len(held) == 12
    assert np.mean(held) >= 0.9
