"""Seconds and memory that the measurements and rules of a whole spine take, on masks of 1 mm."""

from __future__ import annotations

import argparse
import resource
import time
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


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """The shortest of three runs, with subregions given and with the canal-referenced partition."""
    del options
    anatomy = parametric_anatomy(SEEDS["test"][7000], spacing_mm=1.0, field=(Level.C1, Level.SACRUM))
    vertebrae = Volume(anatomy.vertebra, anatomy.affine)
    body = anatomy.subregion == Subregion.BODY
    lesion = body & (anatomy.vertebra % LESION_EVERY == 0)
    lesions = Volume((lesion * LesionLabel.LYTIC).astype(np.uint8), anatomy.affine)
    print(f"{len(np.unique(anatomy.vertebra)) - 1} vertebrae in {anatomy.vertebra.shape} voxels")
    result: dict[str, Any] = {}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for name, parts in (("partition", None), ("subregions", Volume(anatomy.subregion, anatomy.affine))):
        seconds = []
        for _ in range(3):
            began = time.perf_counter()
            assess_vertebrae(spine_from_mask(vertebrae), vertebrae, parts, lesions=lesions)
            seconds.append(time.perf_counter() - began)
        result[name] = min(seconds)
        print(f"{name}: {min(seconds):.2f} s")
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    result["peak_gb"], result["peak_before_gb"] = after / 1e6, before / 1e6
    print(f"peak memory {after / 1e6:.2f} GB, {before / 1e6:.2f} GB of it the simulated patient")
    return result
