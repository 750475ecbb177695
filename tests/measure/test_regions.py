from functools import cache

import numpy as np
import pytest
from box_vertebra import stack
from scipy.spatial.transform import Rotation

from spinemets.anatomy import Level, Subregion
from spinemets.measure.canal import CanalAxis, canal_axis, canal_mask, foramen_centre
from spinemets.measure.regions import VertebralFrame, body_centre, partition, vertebral_frame


@cache
def partitioned(angles_deg, level=Level.L3, spacing_mm=1.0):
    """True and found parts of the middle one of three vertebrae, and its frame."""
    parts, numbers, _ = stack(3, angles_deg, spacing_mm)
    axis = canal_axis([foramen_centre(numbers == n) for n in (1, 2, 3)], parts.shape[2])
    canal = canal_mask(parts > 0, axis, spacing_mm)
    mask = numbers == 2
    frame = vertebral_frame(body_centre(mask), axis, spacing_mm)
    found = partition(mask, level, frame, canal, spacing_mm)
    return np.where(mask, parts, 0), found, frame


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


LEANING = [(0, 0, 0), (18, 0, 0), (-18, 0, 0), (0, 12, 0), (0, 0, 25), (0, 0, -25), (10, -8, 15)]


@pytest.mark.parametrize("angles_deg", LEANING)
def test_every_part_of_a_vertebra_is_found_whichever_way_the_patient_leans(angles_deg):
    truth, found, _ = partitioned(angles_deg)
    assert ((truth > 0) == (found > 0)).all()
    assert dice(truth == Subregion.BODY, found == Subregion.BODY) > 0.95
    for part in (
        Subregion.PEDICLE_LEFT,
        Subregion.PEDICLE_RIGHT,
        Subregion.TRANSVERSE_PROCESS_LEFT,
        Subregion.TRANSVERSE_PROCESS_RIGHT,
        Subregion.ARCH,
        Subregion.SPINOUS_PROCESS,
    ):
        assert dice(truth == part, found == part) > 0.75, part.name


@pytest.mark.parametrize("angles_deg", LEANING)
def test_no_voxel_of_the_left_is_called_right(angles_deg):
    truth, found, _ = partitioned(angles_deg)
    for left, right in (
        (Subregion.PEDICLE_LEFT, Subregion.PEDICLE_RIGHT),
        (Subregion.TRANSVERSE_PROCESS_LEFT, Subregion.TRANSVERSE_PROCESS_RIGHT),
    ):
        assert not (found[truth == left] == right).any()
        assert not (found[truth == right] == left).any()


@pytest.mark.parametrize("angles_deg", [(18, 0, 0), (0, 12, 0), (0, 0, 25)])
def test_the_axes_of_a_vertebra_turn_with_the_patient(angles_deg):
    right, front, up = Rotation.from_euler("xyz", angles_deg, degrees=True).as_matrix().T
    *_, frame = partitioned(angles_deg)
    for found, true in ((frame.right, right), (frame.front, front), (frame.up, up)):
        assert np.degrees(np.arccos(min(found @ true, 1.0))) < 5


def test_a_scar_on_the_left_is_found_on_the_patients_left():
    """RAS+: x grows to the right, so that the left is where the index is small."""
    _, found, _ = partitioned((0, 0, 0))
    left = np.argwhere(found == Subregion.PEDICLE_LEFT)[:, 0]
    right = np.argwhere(found == Subregion.PEDICLE_RIGHT)[:, 0]
    assert left.max() < found.shape[0] / 2 < right.min()


def test_the_atlas_has_neither_body_nor_pedicles():
    _, found, _ = partitioned((0, 0, 0), Level.C1)
    absent = (Subregion.BODY, Subregion.PEDICLE_LEFT, Subregion.PEDICLE_RIGHT)
    assert not np.isin(found, absent).any()


def test_bone_in_front_and_beside_the_canal_is_transverse_in_the_neck():
    """Cervical transverse processes lie beside the body, those of the loins behind it."""
    _, neck, frame = partitioned((0, 0, 0), Level.C5)
    _, loin, _ = partitioned((0, 0, 0), Level.L3)
    right, front, _ = frame.coordinates(np.argwhere(neck > 0).astype(float)).T
    beside = (front > 12) & (np.abs(right) > 14)
    assert beside.sum() > 100
    labels = neck[neck > 0][beside]
    side = np.where(right[beside] > 0, Subregion.TRANSVERSE_PROCESS_RIGHT, Subregion.TRANSVERSE_PROCESS_LEFT)
    assert (labels == side).all()
    assert (loin[loin > 0][beside] == Subregion.BODY).all()


def test_without_a_canal_a_typical_one_is_assumed():
    parts, numbers, _ = stack(1)
    k = np.arange(parts.shape[2])
    axis = CanalAxis(k, np.tile((np.array(parts.shape[:2]) - 1) / 2, (len(k), 1)))
    frame = vertebral_frame(body_centre(numbers == 1), axis, 1.0)
    found = partition(numbers == 1, Level.L3, frame, np.zeros(parts.shape, bool), 1.0)
    assert dice(parts == Subregion.BODY, found == Subregion.BODY) > 0.9


def test_the_middle_of_the_body_hardly_feels_the_processes():
    _, numbers, local = stack(1)
    centre = local[tuple(np.round(body_centre(numbers == 1)).astype(int))]
    assert centre == pytest.approx([0, 23, 0], abs=2)


def test_coordinates_are_distances_along_the_axes_of_the_vertebra():
    frame = VertebralFrame(
        np.array([1.0, 2.0, 3.0]), np.array([0, 1.0, 0]), np.array([-1.0, 0, 0]), np.array([0, 0, 1.0])
    )
    assert frame.coordinates(np.array([[1.0, 7.0, 3.0], [0.0, 2.0, 5.0]])) == pytest.approx(
        np.array([[5.0, 0, 0], [0.0, 1.0, 2.0]])
    )
