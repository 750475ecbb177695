"""Real label maps: what a reader knows of them must come out. Skipped without ``$SPINEMETS_DATA``."""

import nibabel as nib
import numpy as np
import pytest

from spinemets.anatomy import Level
from spinemets.measure.alignment import BodyEnds, local_alignment
from spinemets.measure.body_surface import bodies, body_surface
from spinemets.measure.endplates import endplate
from spinemets.measure.height_reference import height_losses
from spinemets.measure.heights import body_heights
from spinemets.measure.vertebra_regions import vertebra_regions
from spinemets.measure.wall_from_canal import walls_from_canal
from spinemets.volume import Volume


def measured(path, levels):
    image = nib.load(path)
    vertebrae = Volume(np.asarray(image.dataobj).astype(np.uint8), image.affine)
    regions = vertebra_regions(vertebrae)
    surfaces = {
        level: body_surface(body, regions.axes[level])
        for level, body in bodies(vertebrae, regions.labels).items()
        if level in levels
    }
    heights = {level: body_heights(surface) for level, surface in surfaces.items()}
    ends = {}
    for level, surface in surfaces.items():
        own = heights[level]
        plates = [endplate(surface, own, upper=upper) for upper in (True, False)]
        ends[level] = BodyEnds(
            regions.axes[level], *plates, own.depth_mm, own.width_mm, float(vertebrae.spacing_mm.max())
        )
    walls = walls_from_canal(vertebrae, regions.axes, levels)
    return heights, height_losses(heights), local_alignment(ends), walls


def levels(first, last):
    names = [level for level in Level if level is not Level.T13]
    return names[names.index(Level(first)) : names.index(Level(last)) + 1]


@pytest.fixture(scope="module")
def collapsed(data_root):
    return measured(data_root / "anatomy" / "verse004_vert.nii.gz", levels("T9", "L5"))


@pytest.fixture(scope="module")
def normal(data_root):
    return measured(data_root / "ct" / "abdomen_vert.nii.gz", levels("T12", "L5"))


# clinical.md §3.1, measured on that mask by other means: anterior and posterior height, mm. L5 is left out: its
# posterior wall leans so much that a column and its corners are not the same.
BY_HAND = {
    "T9": (17, 20),
    "T10": (18, 21),
    "T11": (23, 25),
    "T12": (25, 25),
    "L2": (29, 28),
    "L3": (29, 27),
    "L4": (28, 26),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_heights_are_those_measured_by_other_means(collapsed, name):
    columns = collapsed[0][Level(name)].columns
    for column, truth in zip(("anterior", "posterior"), BY_HAND[name], strict=True):
        assert columns[column].value == pytest.approx(truth, abs=1.5)


def test_a_central_collapse_by_60_percent_is_found_and_its_neighbours_are_normal(collapsed):
    _, losses, _, _ = collapsed
    own = losses[Level.L1]
    assert own.loss["middle"].value == pytest.approx(0.6, abs=0.05)
    assert own.loss["middle"].value == own.largest.value
    assert own.neighbours == (Level.T12, Level.L2)
    for level in (Level.T11, Level.T12, Level.L2, Level.L3, Level.L4, Level.L5):
        assert losses[level].largest.value < 0.15
        assert Level.L1 not in losses[level].neighbours


def test_the_heights_of_the_collapsed_body_are_those_measured_by_other_means(collapsed):
    columns = collapsed[0][Level.L1].columns
    for column, truth in zip(("anterior", "middle", "posterior"), (14, 10, 17), strict=True):
        assert columns[column].value == pytest.approx(truth, abs=3.0)


def test_the_natural_wedge_of_the_lumbar_spine_is_no_fracture(normal):
    heights, losses, _, _ = normal
    l5 = heights[Level.L5].columns
    assert l5["anterior"].value > 1.15 * l5["posterior"].value  # a ratio within one body calls this a fracture
    for level in (Level.L2, Level.L3, Level.L4, Level.L5):
        assert losses[level].largest.value < 0.20, level


def test_normal_bodies_have_not_slipped(normal, collapsed):
    for _, _, alignment, _ in (normal, collapsed):
        for level, own in alignment.items():
            for slip in (own.slip_below_mm, own.side_slip_below_mm):
                assert not hasattr(slip, "value") or abs(slip.value) < 4.5, level


def test_normal_walls_do_not_stand_out(collapsed):
    walls = collapsed[3]
    for level in levels("T9", "L5"):
        if level is not Level.L1:
            assert walls[level].depth_mm.value < 1.5, level
            assert walls[level].canal_encroachment.low < 0.01, level
            assert walls[level].reference == "corners", level
