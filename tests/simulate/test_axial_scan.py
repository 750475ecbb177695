"""What the scanner makes of a label map of blocks."""

from dataclasses import replace

import numpy as np
import pytest

from spinemets.geometry import Grid
from spinemets.simulate.axial_scan import AxialScan, random_scan, scan_grid, scanned
from spinemets.simulate.tissues import Tissue

DRAWN = Grid((60, 60, 24), np.array([[0.5, 0, 0, -14.75], [0, 0.5, 0, -14.75], [0, 0, 1.0, -11.5], [0, 0, 0, 1.0]]))
HALF = (13.0, 13.0, 9.0)


def blocks():
    codes = np.full(DRAWN.shape, Tissue.MUSCLE, np.uint8)
    codes[:20] = Tissue.FAT
    codes[40:] = Tissue.CSF
    return codes


def means(scan, seed=3):
    grid = scan_grid(scan, HALF, seed)
    image = scanned(blocks(), DRAWN, grid, scan, seed)
    right = (np.moveaxis(np.indices(grid.shape), 0, -1) @ grid.affine[:3, :3].T + grid.affine[:3, 3])[..., 0]
    return [float(image[part].mean()) for part in (right < -7, np.abs(right) < 3, right > 7)]


def test_on_t2_fluid_is_brightest_and_fat_brighter_than_muscle():
    fat, muscle, fluid = means(AxialScan(bias=0.0, void=0.0))
    assert fluid > fat > 2 * muscle


def test_suppressed_fat_is_darker_than_muscle():
    fat, muscle, _ = means(AxialScan(bias=0.0, void=0.0, fat_suppressed=True))
    assert fat < muscle


def test_flow_takes_signal_from_fluid_alone():
    still, moving = means(AxialScan(bias=0.0, void=0.0)), means(AxialScan(bias=0.0, void=0.9))
    assert moving[2] < 0.97 * still[2]


def test_the_same_seed_makes_the_same_bytes_and_another_does_not():
    scan = random_scan(8)
    grid = scan_grid(scan, HALF, 8)
    first, second = (scanned(blocks(), DRAWN, grid, scan, 8) for _ in range(2))
    assert first.tobytes() == second.tobytes()
    assert first.tobytes() != scanned(blocks(), DRAWN, grid, scan, 9).tobytes()


def test_a_stack_is_tilted_as_its_scan_says_and_has_its_voxels():
    scan = AxialScan(pixel_mm=0.7, slice_mm=3.3, tilt_deg=(12.0, 0.0))
    grid = scan_grid(scan, (20.0, 20.0, 20.0), 1)
    normal = grid.affine[:3, 2] / np.linalg.norm(grid.affine[:3, 2])
    assert np.degrees(np.arccos(normal[2])) == pytest.approx(12.0, abs=0.01)
    assert grid.spacing_mm == pytest.approx([0.7, 0.7, 3.3])


@pytest.mark.parametrize("below_mm", [0.0, 7.0, 14.0, 50.0])
def test_a_stack_that_begins_higher_up_is_the_upper_end_of_the_whole_one(below_mm):
    scan = AxialScan(pixel_mm=0.7, slice_mm=3.3, tilt_deg=(12.0, 0.0))
    half = (20.0, 20.0, 42.0)
    whole, part = scan_grid(scan, half, 1), scan_grid(replace(scan, below_mm=below_mm), half, 1)
    left_out = whole.shape[2] - part.shape[2]
    assert part.shape[:2] == whole.shape[:2]
    assert part.affine[:3, 3] == pytest.approx(whole.affine[:3, 3] + left_out * whole.affine[:3, 2])
    middle = (whole.shape[2] - 1) / 2
    begins = (middle - left_out) * 3.3  # below the middle
    assert begins <= below_mm + 1e-9
    assert left_out == 0 or begins + 3.3 > below_mm


def test_a_stack_that_begins_above_its_middle_is_refused():
    with pytest.raises(ValueError, match=r"begins at or below its middle, got -1\.0 mm"):
        AxialScan(below_mm=-1.0)


def test_metal_leaves_a_void():
    scan = AxialScan(bias=0.0, void=0.0, noise=0.0)
    grid = scan_grid(scan, HALF, 3)
    plain = scanned(blocks(), DRAWN, grid, scan, 3)
    with_metal = scanned(blocks(), DRAWN, grid, AxialScan(bias=0.0, void=0.0, noise=0.0, metal=True), 3)
    assert ((with_metal == 0) & (plain > 20)).any()


@pytest.mark.parametrize("name", ["pixel_mm", "slice_mm"])
def test_voxels_without_extent_are_refused(name):
    with pytest.raises(ValueError, match="larger than 0 mm"):
        AxialScan(**{name: 0.0})


def test_what_decays_faster_loses_more_at_a_longer_echo_time():
    usual, longer, shorter = (means(AxialScan(bias=0.0, void=0.0, noise=0.0, echo=echo)) for echo in (1.0, 2.0, 0.5))
    for tissue in (0, 1):  # the signal of a tissue is exp(-TE / T2), of which fluid hardly loses any
        share = usual[tissue] / usual[2]
        assert longer[tissue] / longer[2] == pytest.approx(share**2, rel=0.05)
        assert shorter[tissue] / shorter[2] == pytest.approx(share**0.5, rel=0.05)


def test_an_echo_time_of_nothing_is_refused():
    with pytest.raises(ValueError, match="echo time must be longer than 0"):
        AxialScan(echo=0.0)
