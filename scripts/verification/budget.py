"""Seconds and memory that the measurements and rules of a whole spine take, on masks of 1 mm.

The masks are drawn in this process and measured in another, whose peak memory holds them and the measurements alone.
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from spinemets.anatomy import LesionLabel, Level, Subregion
from spinemets.datasets.splits import SEEDS
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.simulate.parametric import parametric_anatomy
from spinemets.vertebra_assessment import assess_vertebrae
from spinemets.volume import Volume

LESION_EVERY = 6
"""Every so many levels the body is one lesion."""
RUNS = 3


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The shortest of three runs, with subregions given and with the canal-referenced partition; memory of each."""
    del options
    anatomy = parametric_anatomy(SEEDS["test"][7000], spacing_mm=1.0, field=(Level.C1, Level.SACRUM))
    lesion = (anatomy.subregion == Subregion.BODY) & (anatomy.vertebra % LESION_EVERY == 0)
    masks = {"vertebrae": anatomy.vertebra, "subregions": anatomy.subregion, "lesions": lesion * LesionLabel.LYTIC}
    print(f"{len(np.unique(anatomy.vertebra)) - 1} vertebrae in {anatomy.vertebra.shape} voxels")
    result: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, mask in masks.items():
            np.save(Path(folder) / f"{name}.npy", mask.astype(np.uint8))
        np.save(Path(folder) / "affine.npy", anatomy.affine)
        with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            for name in ("partition", "subregions"):
                row = pool.apply(measured_alone, (folder, name == "subregions"))
                result[name] = row
                print(
                    f"{name}: {row['seconds']:.2f} s, peak memory {row['peak_gb']:.2f} GB, "
                    f"{row['before_gb']:.2f} GB of it the program and the masks"
                )
    return result


def measured_alone(folder: str, with_subregions: bool) -> dict[str, float]:
    """Seconds of the shortest run, and peak memory of this process before and after, GB."""
    arrays = {path.stem: np.load(path) for path in Path(folder).glob("*.npy")}
    affine = arrays.pop("affine")
    vertebrae, lesions = Volume(arrays["vertebrae"], affine), Volume(arrays["lesions"], affine)
    parts = Volume(arrays["subregions"], affine) if with_subregions else None
    before = peak_gb()
    seconds = []
    for _ in range(RUNS):
        began = time.perf_counter()
        assess_vertebrae(spine_from_mask(vertebrae), vertebrae, parts, lesions=lesions)
        seconds.append(time.perf_counter() - began)
    return {"seconds": min(seconds), "peak_gb": peak_gb(), "before_gb": before}


def peak_gb() -> float:
    """Peak memory of this process alone; what `resource` tells of a new process begins at its parent's."""
    status = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    (line,) = (one for one in status if one.startswith("VmHWM:"))
    return int(line.split()[1]) / 1e6
