"""From an axial stack to labels, with a network that knows the signals of a phantom."""

from dataclasses import replace

import numpy as np
import pytest
from canal_phantom import model, phantom
from oblique import STORED

from spinemets.anatomy import CanalLabel
from spinemets.errors import NoSpineFoundError, StudyError
from spinemets.inference.canal import require_axial, segment_canal
from spinemets.inference.canal_labels import LEAST_CORE_MM3, canal_labels
from spinemets.inference.canal_preprocess import SignalRange
from spinemets.volume import Volume


def dice(first, second):
    return 2 * (first & second).sum() / (first.sum() + second.sum())


@pytest.mark.parametrize("stored", range(len(STORED)))
def test_what_a_network_sees_comes_back_on_the_grid_of_the_image_however_it_is_stored(stored):
    image, masks = phantom(stored)
    found = segment_canal(image, model())
    labels = found.labels.array
    assert labels.shape == image.shape
    assert np.array_equal(found.labels.affine, image.affine)
    assert dice(labels == CanalLabel.CORD, masks["cord"] > 0) > 0.9
    assert dice(labels > 0, (masks["sac"] | masks["tumour"]) > 0) > 0.9
    assert dice(labels == CanalLabel.EPIDURAL_TUMOUR, masks["tumour"] > 0) > 0.8


def test_every_reading_is_of_the_same_anatomy_and_none_is_shifted():
    image, masks = phantom()
    told = []
    found = segment_canal(image, model(), told.append)
    assert len(found.readings) == len(told) == 5
    assert told[-1] == 1.0
    for reading in found.readings:
        assert dice(reading.array == CanalLabel.CORD, masks["cord"] > 0) > 0.85


def test_a_series_without_a_sac_is_said_to_have_none():
    image, _ = phantom()
    noise = np.random.default_rng(0).uniform(0, 1, image.shape).astype(np.float32)
    blind = replace(model(), network=lambda seen: np.zeros((len(seen), 7, *seen.shape[2:]), np.float32))
    with pytest.raises(NoSpineFoundError, match="no thecal sac"):
        segment_canal(image.with_array(noise), blind)


@pytest.mark.parametrize(
    ("spacing", "word"), [((4.0, 0.6, 0.6), "not_axial"), ((0.6, 0.6, 7.0), "resolution: slices 7")]
)
def test_sagittal_and_widely_spaced_stacks_are_refused(spacing, word):
    with pytest.raises(StudyError, match=word):
        require_axial(Volume(np.zeros((8, 8, 8)), np.diag([*spacing, 1.0])))


def test_a_stack_turned_by_more_than_half_a_right_angle_is_not_axial():
    turn = np.array([[1, 0, 0], [0, 0.6, -0.8], [0, 0.8, 0.6]])
    affine = np.eye(4)
    affine[:3, :3] = turn * [0.6, 0.6, 4.0]
    with pytest.raises(StudyError, match="not_axial"):
        require_axial(Volume(np.zeros((8, 8, 8)), affine))


def test_signals_at_the_percentiles_become_minus_one_and_one_and_brighter_ones_are_cut():
    scale = SignalRange()
    low, high = scale.of(np.linspace(0, 100, 10_001))
    assert (low, high) == pytest.approx((1.0, 99.0))
    assert scale.scaled(np.array([-5.0, 1.0, 50.0, 99.0, 400.0]), low, high) == pytest.approx([-1, -1, 0, 1, 1.4])


def shares(pixel_mm, gap_mm, tumour_mm, slices):
    """A square sac of 12 mm in ten slices of 3 mm, and a square of tumour beside it in some."""
    shape = (round(40 / pixel_mm), round(30 / pixel_mm), 10)
    x, y = (np.indices(shape[:2]) + 0.5) * pixel_mm
    sac = (abs(x - 10) < 6) & (abs(y - 15) < 6)
    tumour = (x > 16 + gap_mm) & (x < 16 + gap_mm + tumour_mm) & (abs(y - 15) < tumour_mm / 2)
    share = np.zeros((4, *shape), np.float32)
    share[2][sac] = 1.0
    share[3][tumour] = np.isin(np.arange(10), slices)
    share[0] = 1 - share.sum(axis=0)
    return share, Volume(np.zeros(shape, np.int16), np.diag([pixel_mm, pixel_mm, 3.0, 1.0]))


@pytest.mark.parametrize("pixel_mm", [0.2, 0.4, 0.5, 0.8])
@pytest.mark.parametrize(("gap_mm", "kept"), [(0.0, True), (0.8, True), (4.0, False)])
def test_whether_tumour_lies_beside_the_sac_is_told_in_millimetres(pixel_mm, gap_mm, kept):
    labels = canal_labels(*shares(pixel_mm, gap_mm, 6.0, range(3, 6)))
    assert (labels == CanalLabel.EPIDURAL_TUMOUR).any() == kept


@pytest.mark.parametrize(
    ("pixel_mm", "sure_mm", "kept"), [(0.2, 0.2, False), (0.2, 0.4, True), (0.5, 0.0, False), (0.5, 0.5, True)]
)
def test_tumour_that_is_sure_in_too_small_a_part_is_not_called_so_but_can_be_asked_for(pixel_mm, sure_mm, kept):
    share, image = shares(pixel_mm, 0.0, 10.0, range(3, 6))
    x = (np.indices(share.shape[1:])[0] + 0.5) * pixel_mm
    doubtful = (share[3] > 0) & (x > 16 + sure_mm)
    share[0, doubtful], share[3, doubtful] = 0.2, 0.8
    assert (sure_mm * 10.0 * 9.0 >= LEAST_CORE_MM3) == kept  # 10 mm wide, in three slices of 3 mm
    assert (canal_labels(share, image) == CanalLabel.EPIDURAL_TUMOUR).any() == kept
    assert (canal_labels(share, image, core_mm3=0.0) == CanalLabel.EPIDURAL_TUMOUR).any()


def test_each_piece_needs_a_core_of_its_own():
    share, image = shares(0.5, 0.0, 6.0, range(3, 6))
    other = np.zeros(share.shape[1:], bool)
    other[16:24, 43:49, 3:6] = True  # before the sac, where the sure piece does not reach
    share[0, other], share[3, other] = 0.2, 0.8
    found = canal_labels(share, image) == CanalLabel.EPIDURAL_TUMOUR
    assert np.array_equal(found, (share[3] == 1.0))


@pytest.mark.parametrize(("edge_mm", "kept"), [(2.8, True), (1.8, False)])
def test_five_square_millimetres_in_one_slice_are_tumour(edge_mm, kept):
    labels = canal_labels(*shares(0.2, 0.0, edge_mm, [4]))
    assert (labels == CanalLabel.EPIDURAL_TUMOUR).any() == kept
