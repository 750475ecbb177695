"""Sagittal MR of patients made of blocks."""

from dataclasses import replace

import numpy as np
import pytest

from spinemets.anatomy import LesionLabel, Level, Subregion
from spinemets.simulate import mr, mr_disease
from spinemets.simulate.disease import Deposit, Disease
from spinemets.simulate.fracture_marks import FLUID_HU
from spinemets.simulate.mr import MrAcquisition, random_mr_acquisition, render_mr, sagittal_grid
from spinemets.simulate.mr_disease import matter_of, with_mr_disease
from spinemets.simulate.mr_signals import MATTER, SPIN_ECHO, Matter
from spinemets.simulate.tissues import LabelledAnatomy, Tissue

SHAPE, ORIGIN = (60, 80, 50), (-30.0, -50.0, 10.0)
BODY = (slice(18, 42), slice(30, 60), slice(10, 40))
NODE = (slice(25, 35), slice(40, 50), slice(20, 30))
QUIET = MrAcquisition(noise=0.0, coil=0.0, gap=0.0)


@pytest.fixture(name="anatomy")
def _anatomy():
    """A vertebral body in muscle at 1 mm, with a cube of CSF above and in front of it."""
    tissue = np.full(SHAPE, Tissue.MUSCLE, np.uint8)
    tissue[BODY] = Tissue.VERTEBRAL_BODY
    tissue[26:34, 64:72, 42:48] = Tissue.CSF
    vertebra = np.where(tissue == Tissue.VERTEBRAL_BODY, Level.L3.verse_id, 0).astype(np.uint8)
    subregion = np.where(vertebra > 0, Subregion.BODY, 0).astype(np.uint8)
    affine = np.eye(4)
    affine[:3, 3] = ORIGIN
    return LabelledAnatomy(tissue, vertebra, subregion, affine, {}, "blocks")


@pytest.fixture(autouse=True)
def even(monkeypatch):
    """Tissue without inner structure."""
    for name in ("PATCHY", "TEXTURE"):
        monkeypatch.setattr(mr, name, 0.0)
    monkeypatch.setattr(mr_disease, "GRAIN", 0.0)


def ill(anatomy, *deposits, label=0, place=NODE):
    lesions = np.zeros(SHAPE, np.uint8)
    lesions[place] = label
    return Disease(anatomy, deposits, lesions, np.zeros(SHAPE, np.uint8))


def node(hu, share=1.0, place=NODE, adds=False):
    size = tuple(axis.stop - axis.start for axis in place)
    return Deposit(place, np.full(size, share, np.float32), hu, adds=adds)


def at(image, world):
    """Value of the voxel at a point."""
    index = np.linalg.solve(image.affine[:3, :3], np.asarray(world, float) - image.affine[:3, 3])
    return float(image.array[tuple(np.round(index).astype(int))])


def test_pixels_run_to_the_back_and_down_and_slices_to_the_right_through_the_spine(anatomy):
    scan = MrAcquisition(pixel_mm=0.7, slice_mm=4.5, slices=7)
    grid = sagittal_grid(anatomy, scan)
    assert grid.affine[:3, :3] == pytest.approx(np.array([[0, 0, 4.5], [-0.7, 0, 0], [0, -0.7, 0]]))
    middle = grid.affine[:3, :3] @ ((np.array(grid.shape) - 1) / 2) + grid.affine[:3, 3]
    assert middle[0] == pytest.approx(ORIGIN[0] + 29.5)
    assert middle[2] == pytest.approx(ORIGIN[2] + 24.5)
    assert grid.shape[2] == 7


@pytest.mark.parametrize("turn", [(0.0, 0.0), (3.0, -5.0)])
def test_what_lies_at_a_point_is_seen_at_that_point_however_the_stack_is_turned(anatomy, turn):
    image = render_mr(anatomy, 3, replace(QUIET, sequence="t2", slice_mm=3.0, turn_deg=turn))
    fluid = np.array([30.0, 68.0, 45.0]) + ORIGIN - 0.5
    opposite = fluid * [1, 1, 1] - [0.0, 20.0, 30.0]
    assert at(image, fluid) > 2.4 * at(image, opposite)  # CSF 9, marrow at most 2.5, each a fifth more or less


@pytest.mark.parametrize(
    ("sequence", "brighter", "darker"),
    [("t1", "marrow", "muscle"), ("t1", "muscle", "fluid"), ("t2", "fluid", "marrow"), ("stir", "fluid", "muscle")],
)
@pytest.mark.parametrize("seed", range(3))
def test_tissues_are_ordered_as_in_the_published_table(anatomy, sequence, brighter, darker, seed):
    image = render_mr(anatomy, seed, replace(QUIET, sequence=sequence))
    points = {"marrow": (30, 45, 25), "muscle": (30, 20, 25), "fluid": (30, 68, 45)}
    signal = {name: at(image, np.add(point, ORIGIN)) for name, point in points.items()}
    assert signal[brighter] > signal[darker]


def test_a_slice_is_the_mean_over_its_thickness(anatomy, monkeypatch):
    monkeypatch.setattr(mr, "VARIATION", 0.0)
    tissue = np.full(SHAPE, Tissue.MUSCLE, np.uint8)
    tissue[30:] = Tissue.AIR  # the face lies at x = -0.5 mm, in the middle of the middle slice
    image = render_mr(replace(anatomy, tissue=tissue), 1, replace(QUIET, slice_mm=5.0, slices=3))
    row = image.array[image.shape[0] // 2, image.shape[1] // 2]
    assert row.tolist() == pytest.approx([100, 50, 0], abs=12)


def test_the_same_seed_gives_the_same_bytes_and_another_another(anatomy):
    scan = random_mr_acquisition(5, "stir")
    assert 3.0 <= scan.slice_mm <= 5.0
    first, again, other = (render_mr(anatomy, seed, scan).array for seed in (5, 5, 6))
    assert first.tobytes() == again.tobytes()
    assert first.tobytes() != other.tobytes()


@pytest.mark.parametrize("sequence", SPIN_ECHO)
@pytest.mark.parametrize(
    ("label", "hu", "matter"),
    [
        (LesionLabel.LYTIC, 50.0, Matter.LYTIC),
        (LesionLabel.BLASTIC, 650.0, Matter.BLASTIC),
        (LesionLabel.LYTIC, -820.0, Matter.GAS),
        (0, 1200.0, Matter.COMPACT),
        (0, FLUID_HU, Matter.FLUID),
        (0, 0.0, Matter.FATTY),
    ],
)
def test_matter_has_the_signal_of_its_kind(anatomy, sequence, label, hu, matter):
    disease = ill(anatomy, node(hu), label=label)
    flat = np.full(SHAPE, 1.7, np.float32)
    shown = with_mr_disease(flat, disease, sequence, np.random.default_rng(1), 1)
    low, high = MATTER[matter][SPIN_ECHO.index(sequence)]
    assert low - 1e-6 <= shown[NODE].min() <= shown[NODE].max() <= high + 1e-6
    outside = shown.copy()
    outside[NODE] = 1.7
    assert np.array_equal(outside, flat)


def test_what_is_thin_is_a_crack_and_what_is_uneven_and_fatty_a_haemangioma(anatomy):
    rng = np.random.default_rng(0)
    sheet = (slice(20, 40), slice(32, 58), slice(24, 27))
    assert matter_of(node(20.0, place=sheet), ill(anatomy), 1.0, rng)[0] is Matter.CRACK
    uneven = np.full((10, 10, 10), 10.0, np.float32)
    assert matter_of(node(uneven), ill(anatomy), 1.0, rng)[0] is Matter.FATTY


def test_soft_matter_beside_bone_is_blood_unless_it_is_tumour(anatomy):
    rng = np.random.default_rng(0)
    beside = (slice(4, 14), slice(30, 40), slice(20, 30))
    plain = ill(anatomy)
    assert matter_of(node(60.0, place=beside), plain, 1.0, rng)[0] is Matter.BLOOD
    plain.soft_tissue[beside] = 1
    assert matter_of(node(60.0, place=beside), plain, 1.0, rng)[0] is Matter.LYTIC


def test_reactive_bone_has_a_share_of_its_signal_by_what_it_adds(anatomy):
    matter, share = matter_of(node(100.0, adds=True), ill(anatomy), 1.0, np.random.default_rng(0))
    assert matter in mr_disease.REACTIVE
    assert share == pytest.approx(np.full((10, 10, 10), 100.0 / mr_disease.REACTIVE_HU))


def test_what_does_not_fit_is_refused(anatomy):
    with pytest.raises(ValueError, match=r"no sequence 'dwi'; it must be one of t1, t2, stir, dwi_b0, "):
        MrAcquisition("dwi")
    with pytest.raises(ValueError, match=r"larger than 0, got 0\.8 mm, 0 mm and 15"):
        MrAcquisition(slice_mm=0.0)
    with pytest.raises(ValueError, match="blocks is not the anatomy of the disease"):
        render_mr(anatomy, 1, QUIET, ill(replace(anatomy)))
    with pytest.raises(ValueError, match="blocks has no vertebra"):
        render_mr(replace(anatomy, vertebra=np.zeros(SHAPE, np.uint8)), 1, QUIET)
    with pytest.raises(ValueError, match=r"the image has \(2, 2, 2\) voxels, the disease \(60, 80, 50\)"):
        with_mr_disease(np.zeros((2, 2, 2), np.float32), ill(anatomy), "t1", np.random.default_rng(0), 0)
