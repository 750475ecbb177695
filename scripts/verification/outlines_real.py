"""The network's outlines on real MR against masks of bodies that people drew: heights and losses of the same bodies.

Both masks of a body are measured in the axes that the network's own outline gives it. The masks of people run about
15 % large, which makes heights differ and losses, by neighbours of the same mask, hardly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from spinemets.anatomy import Level
from spinemets.body_assessment import MeasuredBodies, measured_bodies
from spinemets.errors import NoSpineFoundError
from spinemets.findings import Measured
from spinemets.formats.study import read_study
from spinemets.inference.segment import MrSpineModel, segment_mr_spine
from spinemets.measure.axes import VertebraAxes
from spinemets.measure.body_surface import body_surface
from spinemets.measure.height_reference import HeightLoss, height_losses
from spinemets.measure.heights import BodyHeights, body_heights
from spinemets.measure.region_labels import in_body
from spinemets.measure.vertebra_regions import VertebraRegions, vertebra_regions
from spinemets.volume import Volume
from verification.mr import CASES, Case, reference_bodies
from verification.real import data_root

LEAST_COVER = 0.5
"""A body of the reference is that of an outline where it fills so much of it (ours)."""
MARKED = 0.15
"""Bodies are listed where either mask says that they lost so much of their height (ours)."""


def measure(model: MrSpineModel, cases: Sequence[Case] = CASES) -> dict[str, Any]:
    """Every body that both masks show whole, and how far heights and losses differ, printed."""
    rows = [row for case in cases for row in _of_case(case, model)]
    table = {what: _spread(rows, what) for what in ("height_share", "loss", "largest_loss")}
    print(f"\nreal MR, {len(rows)} bodies; network less people: mean, 90 % at most, largest")
    for what, (mean, most, largest) in table.items():
        print(f"  {what:22} {mean:6.2f} {most:6.2f} {largest:6.2f}")
    for row in rows:
        people, network = row["largest"]
        if max(people, network) >= MARKED:
            print(f"  {row['case']} {row['level']:4} largest loss by people {people:.2f}, network {network:.2f}")
    return {"bodies": rows, "differences": table}


def _of_case(case: Case, model: MrSpineModel) -> list[dict[str, Any]]:
    image = read_study([f"{case.role}={data_root() / 'mr' / case.name}.nii.gz"]).series[0].volume
    reference = reference_bodies(case, image)
    try:
        found = segment_mr_spine(image, model)
    except NoSpineFoundError as error:
        print(f"{case.name}: {error}")
        return []
    regions = vertebra_regions(found.vertebrae, found.subregions)
    bodies = measured_bodies(found.spine, found.vertebrae, regions)
    ours = {level: own for level, own in bodies.heights.items() if isinstance(own, BodyHeights)}
    theirs = drawn_by_people(reference, found.vertebrae, regions, bodies)
    both = ours.keys() & theirs.keys()
    return differences(case.name, {level: ours[level] for level in both}, {level: theirs[level] for level in both})


def drawn_by_people(
    reference: Volume, vertebrae: Volume, regions: VertebraRegions, bodies: MeasuredBodies
) -> dict[Level, BodyHeights]:
    """Heights of the bodies of the reference, each by the level whose outline it fills most of."""
    found = {}
    for level, own in bodies.heights.items():
        if not isinstance(own, BodyHeights):
            continue
        body = (vertebrae.array == level.verse_id) & in_body(regions.labels.array)
        counts = np.bincount(reference.array[body], minlength=2)
        counts[0] = 0
        label = int(counts.argmax())
        if counts[label] < LEAST_COVER * body.sum():
            continue
        measured = _heights(reference.with_array((reference.array == label).astype(np.uint8)), regions.axes[level])
        if measured is not None:
            found[level] = measured
    return found


def _heights(mask: Volume, axes: VertebraAxes) -> BodyHeights | None:
    found = body_heights(body_surface(mask, axes))
    return found if isinstance(found, BodyHeights) else None


def differences(
    name: str, network: Mapping[Level, BodyHeights], people: Mapping[Level, BodyHeights]
) -> list[dict[str, Any]]:
    """One row for each body whose loss both masks tell, by neighbours that both show."""
    losses, true = height_losses(network), height_losses(people)
    rows = []
    for level, own in network.items():
        told = [_losses(one[level]) for one in (true, losses)]
        if not (told[0] and told[1] and "max" in told[0] and "max" in told[1]):
            continue
        shares = [one.value / people[level].columns[column].value - 1 for column, one in own.columns.items()]
        change = [told[1][column] - told[0][column] for column in told[0] if column != "max" and column in told[1]]
        rows.append(
            {
                "case": name, "level": str(level), "largest": (told[0]["max"], told[1]["max"]),
                "height_share": shares, "loss": change, "largest_loss": [told[1]["max"] - told[0]["max"]],
            }
        )  # fmt: skip
    return rows


def _losses(found: HeightLoss) -> dict[str, float]:
    every = {**found.loss, "max": found.largest}
    return {name: one.value for name, one in every.items() if isinstance(one, Measured)}


def _spread(rows: Sequence[Mapping[str, Any]], what: str) -> tuple[float, float, float]:
    values = np.array([value for row in rows for value in row[what]])
    if not len(values):
        return (float("nan"),) * 3
    return float(values.mean()), float(np.percentile(np.abs(values), 90)), float(np.abs(values).max())
