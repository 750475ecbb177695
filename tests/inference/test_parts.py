import warnings
from functools import cache

import numpy as np
import pytest
from box_vertebra import PITCH_MM, stack
from scipy.spatial.transform import Rotation

from spinemets.anatomy import Subregion
from spinemets.inference.instances import Instances
from spinemets.inference.parts import CLASS, frames, stray_body_to_arch, subregion_labels
from spinemets.inference.spine_classes import CLASS_OF_STRUCTURE

SPACING_MM = 1.5
SHAPE = (76, 76, 96)
LEANING = [(0, 0, 0), (20, 0, 0), (-20, 0, 0), (0, 15, 0), (0, 0, 30), (0, 0, -30), (10, -8, 15)]


@cache
def spine(angles_deg, count=3):
    """True parts, classes with a canal, and instances whose centres lie in the middle of the bodies."""
    parts, numbers, local = stack(count, angles_deg, SPACING_MM, SHAPE)
    classes = CLASS_OF_STRUCTURE[parts]
    inside = (np.abs(local[..., 0]) < 10) & (np.abs(local[..., 1]) < 7) & (np.abs(local[..., 2]) < PITCH_MM * count / 2)
    classes[inside & (parts == 0)] = CLASS["canal"]
    bodies = [np.argwhere((numbers == n) & (parts == Subregion.BODY)).mean(axis=0) for n in range(1, count + 1)]
    return parts, classes, Instances(numbers, np.array(bodies))


def angle_deg(a, b):
    return np.degrees(np.arccos(np.clip(a @ b, -1, 1)))


@pytest.mark.parametrize("angles_deg", LEANING)
def test_the_axes_of_each_vertebra_turn_with_the_patient(angles_deg):
    _, classes, instances = spine(angles_deg)
    right, front, up = Rotation.from_euler("xyz", angles_deg, degrees=True).as_matrix().T
    for frame in frames(classes, instances, SPACING_MM):
        assert angle_deg(frame.right, right) < 3
        assert angle_deg(frame.front, front) < 3
        assert angle_deg(frame.up, up) < 3


@pytest.mark.parametrize("angles_deg", LEANING)
def test_sides_are_those_of_the_patient_whichever_way_they_lean(angles_deg):
    parts, classes, instances = spine(angles_deg)
    found = subregion_labels(classes, instances, frames(classes, instances, SPACING_MM))
    assert (found == parts).all()


@pytest.mark.parametrize(("voxels", "has_body"), [(49, False), (50, True)])
def test_a_few_voxels_called_body_are_none_of_a_vertebra_that_the_image_cuts(voxels, has_body):
    parts, _, instances = spine((0, 0, 0))
    seen, ids = parts.copy(), instances.labels
    body = np.argwhere((ids == 1) & (parts == Subregion.BODY))
    seen[tuple(body[voxels:].T)] = 0
    found = seen.copy()
    stray_body_to_arch(found, ids == 1, voxel_mm3=2.0)  # less than 100 mm³ are none
    assert (found == Subregion.BODY)[ids == 1].any() == has_body
    assert ((found > 0) == (seen > 0)).all()
    assert (found[ids > 1] == parts[ids > 1]).all()
    if not has_body:
        assert (found[tuple(body[:voxels].T)] == Subregion.ARCH).all()


def test_a_mirrored_patient_has_left_where_the_index_is_small():
    parts, classes, instances = spine((0, 0, 0))
    centres = instances.centres.copy()
    centres[:, 0] = SHAPE[0] - 1 - centres[:, 0]
    mirrored = Instances(instances.labels[::-1], centres)
    found = subregion_labels(classes[::-1], mirrored, frames(classes[::-1], mirrored, SPACING_MM))
    for left, right in ((Subregion.PEDICLE_LEFT, Subregion.PEDICLE_RIGHT),):
        assert np.argwhere(found == left)[:, 0].max() < np.argwhere(found == right)[:, 0].min()
    assert ((found > 0) == (parts[::-1] > 0)).all()


@pytest.mark.parametrize("angles_deg", LEANING)
def test_without_a_canal_the_arch_and_spinous_process_tell_the_front(angles_deg):
    parts, classes, instances = spine(angles_deg)
    closed = np.where(classes == CLASS["canal"], 0, classes).astype(np.uint8)
    found = subregion_labels(closed, instances, frames(closed, instances, SPACING_MM))
    assert (found == parts).mean() > 0.999


def test_without_canal_and_arch_the_front_is_that_of_the_image_and_nobody_is_warned():
    parts, classes, instances = spine((0, 0, 0))
    bodies = np.where(parts == Subregion.BODY, classes, 0).astype(np.uint8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = frames(bodies, instances, SPACING_MM)
    for frame in found:
        assert frame.front == pytest.approx([0, 1, 0], abs=0.02)
        assert frame.right == pytest.approx([1, 0, 0], abs=0.02)


def test_without_canal_and_arch_the_axes_of_a_leaning_row_stay_at_right_angles():
    parts, classes, instances = spine((20, 0, 0))
    bodies = np.where(parts == Subregion.BODY, classes, 0).astype(np.uint8)
    for frame in frames(bodies, instances, SPACING_MM):
        axes = np.stack([frame.right, frame.front, frame.up])
        assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-9)


def test_a_single_vertebra_stands_upright():
    parts, classes, instances = spine((0, 0, 0), 1)
    (frame,) = frames(classes, instances, SPACING_MM)
    assert frame.up == pytest.approx([0, 0, 1])
    assert (subregion_labels(classes, instances, [frame]) == parts).all()


def test_one_vertebra_without_arch_takes_its_front_from_its_neighbours():
    parts, classes, instances = spine((0, 0, 25))
    damaged = np.where(classes == CLASS["canal"], 0, classes).astype(np.uint8)
    damaged[(instances.labels == 2) & (parts != Subregion.BODY)] = 0
    _, front, _ = Rotation.from_euler("xyz", (0, 0, 25), degrees=True).as_matrix().T
    assert angle_deg(frames(damaged, instances, SPACING_MM)[1].front, front) < 3


def test_a_vertebra_without_voxels_is_passed_over():
    parts, classes, instances = spine((0, 0, 0))
    labels = np.where(instances.labels == 2, 0, instances.labels)
    emptied = Instances(labels, instances.centres)
    found = subregion_labels(classes, emptied, frames(classes, instances, SPACING_MM))
    assert (found == np.where(labels > 0, parts, 0)).all()
