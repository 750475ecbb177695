"""The same CT in every storage orientation gives the same mask in the patient."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from spinemets.formats.dicom_write import write_ct_series
from spinemets.formats.study import read_study
from spinemets.geometry import Grid, crop, resample, resample_labels
from spinemets.inference.segment import SpineModels, segment_spine
from spinemets.volume import Volume
from verification.real import data_root

IMAGES = ("chest_ct", "abdomen_ct")
"""Fine and coarse: at 3 mm a turned grid alone costs much."""


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Dice of the vertebrae found in each form with those found in the NIfTI file, where both show the patient."""
    models = SpineModels.load()
    return {name: agreement_of_forms(name, models) for name in IMAGES}


def agreement_of_forms(name: str, models: SpineModels) -> dict[str, Any]:
    """Mean Dice over the labels of one CT in each form, and the lowest; beside the oblique one what its grid leaves."""
    image = read_study(data_root() / "ct" / f"{name}.nii.gz").series[0].volume
    reference = segment_spine(image, models).vertebrae
    result: dict[str, Any] = {}
    for form_name, form in forms(image).items():
        with tempfile.TemporaryDirectory() as folder:
            position = POSITION.get(form_name, {})
            write_ct_series(form, Path(folder), patient_id="form", seed=1, description=form_name, **position)
            read = read_study(folder).series[0].volume
        by_label = dice_by_label(*where_both_show(reference, segment_spine(read, models).vertebrae))
        row = {"mean": float(np.mean(list(by_label.values()))), "by label": by_label}
        line = f"{name:12} {form_name:16} Dice {row['mean']:.4f}, lowest {min(by_label.values()):.4f}"
        if form_name == OBLIQUE:
            row["grid alone"] = float(np.mean(list(grid_alone(reference, Grid.of(read)).values())))
            line += f"; a mask with the very same surface {row['grid alone']:.4f}"
        print(line, flush=True)
        result[form_name] = row
    return result


def where_both_show(reference: Volume, found: Volume) -> tuple[np.ndarray, np.ndarray]:
    """Both masks on the reference's grid, 0 where the other image does not reach."""
    grid = Grid.of(reference)
    in_both = resample(found.with_array(np.ones(found.shape, np.uint8)), grid, order=0) > 0
    on_reference = resample(found, grid, order=0)
    return np.where(in_both, reference.array, 0), np.where(in_both, on_reference, 0)


def grid_alone(reference: Volume, turned: Grid) -> dict[int, float]:
    """Dice by label of a mask of smooth surface, once on the reference's grid and once by way of the turned one."""
    index = np.argwhere(reference.array > 0)
    reference = crop(reference, [*(index.min(axis=0) - 2)], [*(index.max(axis=0) + 3)])
    fine = finer(Grid.of(reference))
    smooth = Volume(resample_labels(reference, fine), fine.affine)
    first = Volume(resample(smooth, Grid.of(reference), order=0), reference.affine)
    return dice_by_label(*where_both_show(first, Volume(resample(smooth, turned, order=0), turned.affine)))


def finer(grid: Grid) -> Grid:
    """The grid with a third of its voxels' edge."""
    affine = grid.affine.copy()
    affine[:3, :3] /= 3
    affine[:3, 3] -= grid.affine[:3, :3].sum(axis=1) / 3
    return Grid((grid.shape[0] * 3, grid.shape[1] * 3, grid.shape[2] * 3), affine)


OBLIQUE = "oblique 10°"
POSITION = {"feet first": {"PatientPosition": "FFS"}}


def forms(image: Volume) -> dict[str, Volume]:
    """The image permuted, flipped, and cut obliquely by 10°."""
    return {
        "axial": image,
        "axial reversed": _permuted(image, (0, 1, 2), (1, 1, -1)),
        "feet first": _permuted(image, (0, 1, 2), (-1, 1, -1)),
        "sagittal": _permuted(image, (1, 2, 0), (1, -1, 1)),
        "coronal": _permuted(image, (0, 2, 1), (1, -1, 1)),
        OBLIQUE: oblique(image, 10.0),
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


def dice_by_label(a: np.ndarray, b: np.ndarray) -> dict[int, float]:
    """Dice of every label of either."""
    labels = [int(label) for label in np.union1d(a, b) if label]
    return {n: float(2 * ((a == n) & (b == n)).sum() / ((a == n).sum() + (b == n).sum())) for n in labels}
