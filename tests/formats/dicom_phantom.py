"""Small series in every orientation that a scanner delivers, with masks that no symmetry hides."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from spinemets.formats.dicom_write import write_ct_series
from spinemets.volume import Series, Volume

SHAPE = (13, 11, 7)
T7, T8, SACRUM, L6, T13 = 14, 15, 26, 25, 28


def _affine(i, j, k, spacing_mm=(0.7, 0.9, 2.5), origin_mm=(31.0, -17.0, 405.5)):
    affine = np.eye(4)
    affine[:3, :3] = np.array([i, j, k], dtype=float).T * spacing_mm
    affine[:3, 3] = origin_mm
    return affine


# RAS directions of increasing column, row and slice
GRIDS = {
    "axial head first": _affine((-1, 0, 0), (0, -1, 0), (0, 0, 1)),
    "axial from head to foot": _affine((-1, 0, 0), (0, -1, 0), (0, 0, -1)),
    "axial feet first": _affine((1, 0, 0), (0, -1, 0), (0, 0, -1)),
    "axial prone": _affine((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "sagittal": _affine((0, -1, 0), (0, 0, -1), (1, 0, 0), (0.7, 0.7, 4.4)),
    "sagittal from right to left": _affine((0, -1, 0), (0, 0, -1), (-1, 0, 0), (0.7, 0.7, 4.4)),
    "coronal": _affine((-1, 0, 0), (0, 0, -1), (0, 1, 0)),
    "oblique": _affine(*(Rotation.from_euler("xyz", (17, -29, 41), degrees=True).as_matrix().T * [[-1], [1], [1]])),
    "gantry tilt": _affine((-1, 0, 0), (0, -1, 0), (0, -0.3, 1)),
}
every_grid = pytest.mark.parametrize("affine", GRIDS.values(), ids=GRIDS.keys())


def ct(affine=GRIDS["oblique"]):
    values = np.random.default_rng(7).integers(-1024, 3000, SHAPE)
    return Volume(values.astype(np.int16), affine)


def ct_series(folder: Path, affine=GRIDS["oblique"]):
    volume = ct(affine)
    paths = write_ct_series(volume, folder, patient_id="phantom", seed=5)
    return Series("ct", volume, "phantom", instances=tuple(paths))


def masks(volume):
    """Vertebra and subregion masks: two vertebrae of different shape that touch, and a sacrum."""
    vertebrae, subregions = np.zeros((2, *SHAPE), np.uint8)
    vertebrae[1:4, 2:9, 1:4] = T7
    vertebrae[4:9, 3:7, 2:6] = T8
    vertebrae[10:12, 1:3, 6] = SACRUM
    vertebrae[1, 2, 1] = 0
    subregions[1:4, 2:5, 1:4] = 50
    subregions[1:4, 5:6, 1:4] = 49
    subregions[1:4, 6:9, 1:4] = 41
    subregions[4:9, 3:5, 2:6] = 49
    return volume.with_array(vertebrae), volume.with_array(subregions)


def points_mm(volume, mask):
    """(N, 3) world RAS of the voxels of a mask, in a fixed order."""
    return in_order(volume.world(np.argwhere(mask)))


def in_order(points):
    points = np.round(points, 3) + 0.0
    return points[np.lexsort(points.T)]


def frames_of(seg):
    """Label, LPS position and (rows, columns) pixels of every frame."""
    label = {item.SegmentNumber: item.SegmentLabel for item in seg.SegmentSequence}
    shared = seg.SharedFunctionalGroupsSequence[0]
    for frame, pixels in zip(seg.PerFrameFunctionalGroupsSequence, seg.pixel_array, strict=True):
        identified = frame if "SegmentIdentificationSequence" in frame else shared
        number = identified.SegmentIdentificationSequence[0].ReferencedSegmentNumber
        yield label[number], np.array(frame.PlanePositionSequence[0].ImagePositionPatient, float), pixels, frame


def placed(seg):
    """World RAS points of every segment, placed by the standard's formula (C.7.6.2.1-1) from the file alone."""
    shared = seg.SharedFunctionalGroupsSequence[0]
    orientation = np.array(shared.PlaneOrientationSequence[0].ImageOrientationPatient, float)
    row_spacing, column_spacing = shared.PixelMeasuresSequence[0].PixelSpacing
    found = {}
    for label, position, pixels, _ in frames_of(seg):
        rows, columns = np.nonzero(pixels)
        points = position + np.outer(columns * column_spacing, orientation[:3])
        points += np.outer(rows * row_spacing, orientation[3:])
        found.setdefault(label, []).append(points * [-1, -1, 1])
    return {label: in_order(np.concatenate(points)) for label, points in found.items()}


def errors_of_dciodvfy(path: Path) -> list[str]:
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy is not on PATH; it is in Debian's package dicom3tools")
    said = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False)
    assert said.stdout or said.stderr
    return [line for line in (said.stdout + said.stderr).splitlines() if line.startswith(("Error", "Abort"))]
