"""Screws and rods: metal in and behind vertebrae."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from spinemets.anatomy import Level
from spinemets.measure.region_labels import RegionLabel
from spinemets.simulate.disease import Box, Deposit
from spinemets.simulate.disease_canvas import DiseaseCanvas
from spinemets.simulate.implicit import Array, Capsule

METAL_HU = 3071.0
"""Titanium fills the 12 bits of a scanner."""
SCREW_MM, ROD_MM = 2.9, 2.75
"""Radii; ours, usual for the thoracolumbar spine."""
HEAD_BEHIND_MM = 17.0
"""How far behind the pedicle's middle the head of a screw lies (ours)."""


def screws_and_rods(canvas: DiseaseCanvas, levels: Sequence[Level]) -> float:
    """Put a screw through every pedicle of some levels, and a rod along each side; the volume of metal, ml.

    Raises
    ------
    ValueError
        If a level has no pedicles.
    """
    total = 0.0
    for label in (RegionLabel.PEDICLE_LEFT, RegionLabel.PEDICLE_RIGHT):
        heads = []
        for level in levels:
            head, deposit = _screw(canvas, level, label)
            heads.append(head)
            canvas.add([deposit])
            total += float(deposit.share.sum())
        for start, end in pairwise(heads):
            rod = metal(canvas, Capsule(start, end, ROD_MM, ROD_MM))
            canvas.add([rod])
            total += float(rod.share.sum())
    return total * float(np.linalg.norm(canvas.anatomy.affine[:3, 0])) ** 3 / 1000


def _screw(canvas: DiseaseCanvas, level: Level, label: RegionLabel) -> tuple[Array, Deposit]:
    """World position of the head of a screw, and the screw."""
    site = canvas.site(level)
    points = site.points(site.regions == label)
    if len(points) == 0:
        raise ValueError(f"{level} shows no {label.report_name}")
    middle = points.mean(axis=0)
    low, high = site.extent()
    tip = np.array([0.45 * middle[0], low[1] + 0.72 * (high[1] - low[1]), 0.8 * middle[2]])
    along = (tip - middle) / np.linalg.norm(tip - middle)
    head = middle - along * HEAD_BEHIND_MM
    ends = site.axes.world(np.stack([head, tip]))
    return ends[0], metal(canvas, Capsule(ends[0], ends[1], SCREW_MM * 1.2, SCREW_MM * 0.85))


def metal(canvas: DiseaseCanvas, shape: Capsule) -> Deposit:
    """A solid of metal in world coordinates, as far as the grid goes."""
    affine = canvas.anatomy.affine
    edge = float(affine[0, 0])
    lower, upper = shape.bounds()
    start = np.floor((lower - affine[:3, 3]) / edge).astype(int) - 1
    stop = np.ceil((upper - affine[:3, 3]) / edge).astype(int) + 2
    size = canvas.anatomy.tissue.shape
    spans = [slice(int(np.clip(a, 0, n)), int(np.clip(b, 0, n))) for a, b, n in zip(start, stop, size, strict=True)]
    box: Box = (spans[0], spans[1], spans[2])
    lines = [np.arange(span.start, span.stop) * edge + affine[n, 3] for n, span in enumerate(box)]
    x, y, z = lines[0][:, None, None], lines[1][None, :, None], lines[2][None, None, :]
    share = np.clip(0.5 - shape.distance(x, y, z) / edge, 0.0, 1.0).astype(np.float32)
    return Deposit(box, share, METAL_HU)
