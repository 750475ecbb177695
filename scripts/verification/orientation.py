"""The same CT in every storage orientation gives the same mask in the patient."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from spinemets.formats.dicom_write import write_ct_series
from spinemets.formats.study import read_study
from spinemets.geometry import Grid, resample
from spinemets.inference.segment import SpineModels, segment_spine
from spinemets.volume import Volume
from verification.real import data_root


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Dice of the vertebrae found in each form with those found in the NIfTI file, where both show the patient."""
    models = SpineModels.load()
    image = read_study(data_root() / "ct" / "abdomen_ct.nii.gz").series[0].volume
    reference = segment_spine(image, models).vertebrae
    result = {}
    for name, form in forms(image).items():
        with tempfile.TemporaryDirectory() as folder:
            write_ct_series(form, Path(folder), patient_id="form", seed=1, description=name, **POSITION.get(name, {}))
            read = read_study(folder).series[0].volume
        found = segment_spine(read, models).vertebrae
        grid = Grid.of(reference)
        in_both = resample(read.with_array(np.ones(read.shape, np.uint8)), grid, order=0) > 0
        on_reference = resample(found, grid, order=0)
        result[name] = dice(np.where(in_both, reference.array, 0), np.where(in_both, on_reference, 0))
        print(f"{name:16} Dice {result[name]:.4f}")
    return result


POSITION = {"feet first": {"PatientPosition": "FFS"}}


def forms(image: Volume) -> dict[str, Volume]:
    """The image permuted, flipped, and cut obliquely by 10°."""
    return {
        "axial": image,
        "axial reversed": _permuted(image, (0, 1, 2), (1, 1, -1)),
        "feet first": _permuted(image, (0, 1, 2), (-1, 1, -1)),
        "sagittal": _permuted(image, (1, 2, 0), (1, -1, 1)),
        "coronal": _permuted(image, (0, 2, 1), (1, -1, 1)),
        "oblique 10°": oblique(image, 10.0),
    }


def _permuted(image: Volume, axes: tuple[int, int, int], signs: tuple[int, int, int]) -> Volume:
    array = image.array.transpose(axes)[tuple(slice(None, None, sign) for sign in signs)]
    affine = image.affine.copy()
    affine[:3, :3] = image.affine[:3, list(axes)] * np.array(signs)
    origin = np.zeros(3)
    for axis, sign in zip(axes, signs, strict=True):
        origin[axis] = 0 if sign > 0 else image.shape[axis] - 1
    affine[:3, 3] = image.world(origin)
    return Volume(np.ascontiguousarray(array), affine)


def oblique(image: Volume, degrees: float) -> Volume:
    """The image sampled on a grid turned about all three axes."""
    turn = Rotation.from_euler("xyz", [degrees, degrees / 2, degrees / 3], degrees=True).as_matrix()
    middle = image.world((np.array(image.shape) - 1) / 2)
    affine = image.affine.copy()
    affine[:3, :3] = turn @ image.affine[:3, :3]
    affine[:3, 3] = middle - affine[:3, :3] @ ((np.array(image.shape) - 1) / 2)
    values = resample(image, Grid(image.shape, affine), fill=-1024.0, antialias=False)
    return Volume(np.round(values).astype(np.int16), affine)


def dice(a: np.ndarray, b: np.ndarray) -> float:
    """Mean Dice over the labels of either."""
    labels = [label for label in np.union1d(a, b) if label]
    counts = ndimage.sum_labels(np.ones_like(a), a, labels) + ndimage.sum_labels(np.ones_like(a), b, labels)
    both = ndimage.sum_labels(a == b, a, labels)
    return float(np.mean(2 * both / counts))
