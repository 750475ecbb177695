"""From vertebrae that were told apart to their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import Level
from spinemets.errors import StudyError
from spinemets.geometry import Grid
from spinemets.inference.instances import Instances
from spinemets.inference.levels import LevelSequence, name_levels
from spinemets.inference.locate import Located
from spinemets.inference.sequence_evidence import gather_evidence, landmarks, sacrum_follows
from spinemets.measure.height_reference import steps_between
from spinemets.measure.spine_from_mask import KnownName


@dataclass(frozen=True)
class Named:
    """Names of the vertebrae, from head to foot.

    Attributes
    ----------
    names : LevelSequence
        And how sure they are.
    landmarks : tuple of str
        What fixes their count.
    gaps : tuple of int
        For each vertebra, how many seem to be missing between it and the one above.
    """

    names: LevelSequence
    landmarks: tuple[str, ...]
    gaps: tuple[int, ...]


def name_vertebrae(
    grid: Grid,
    classes: NDArray[np.uint8],
    instances: Instances,
    sacrum: NDArray[np.bool_],
    located: Located,
    anchor: tuple[Level, NDArray[np.float64]] | None,
) -> Named:
    """Names of the vertebrae, and what fixes their count or throws doubt on it.

    On MR none of them settles it: a spine that ends inside the image may end with the coil's signal, and the first
    sacral segment, with a disc below it, is taken for one more lumbar vertebra at times.

    Raises
    ------
    StudyError
        If the anchor lies in no vertebra, or nothing that the anatomy allows fits what was found.
    """
    evidence = gather_evidence(grid, classes, instances, located)
    fixed = None if anchor is None else (_vertebra_at(grid, instances, anchor), anchor[0])
    follows = sacrum_follows(instances, sacrum, float(grid.spacing_mm[0]))
    top_mm = located.grid.affine[2, 3] + (located.grid.shape[2] - 0.5) * located.grid.spacing_mm[2]
    highest_mm = grid.affine[2, 3] + instances.centres[0][2] * grid.spacing_mm[2]
    seen = landmarks(evidence, sacrum=follows, room_above_mm=float(top_mm - highest_mm))
    settled = bool(seen) and not located.of_mr
    try:
        ends = "upper_end" in seen
        names = name_levels(evidence, sacrum_follows=follows, upper_end=ends, landmark_seen=settled, anchor=fixed)
    except ValueError as error:
        raise StudyError(f"{len(evidence)} pieces of bone look like vertebrae and cannot be named: {error}") from error
    return Named(names, seen, tuple(one.gap for one in evidence))


def _vertebra_at(grid: Grid, instances: Instances, anchor: tuple[Level, NDArray[np.float64]]) -> int:
    """Index from head to foot of the vertebra in which an anchor lies."""
    level, point = anchor
    nearest = np.round((np.linalg.inv(grid.affine) @ np.append(point, 1.0))[:3]).astype(int)
    inside = ((nearest >= 0) & (nearest < grid.shape)).all()
    number = int(instances.labels[tuple(nearest)]) if inside else 0
    if number == 0:
        place = ", ".join(f"{value:g}" for value in point)
        raise StudyError(f"the anchor {level} at ({place}) mm lies in no vertebra; give a point inside its body")
    return number - 1


def verse_ids(instances: Instances, names: LevelSequence) -> NDArray[np.uint8]:
    """VerSe id of every voxel of the vertebrae that were named."""
    table = np.zeros(256, np.uint8)
    for number, level in enumerate(names.levels, start=1):
        table[number] = level.verse_id
    return table[instances.labels]


def passes_over(levels: Sequence[Level], *, sacrum: bool = False) -> bool:
    """Whether a level is left out of the row, from head to foot.

    T11 before L1 counts as well: it is rather a T12 that was missed than a person with eleven ribs. So does L4 before
    the sacrum: an L5 that was missed, or taken for a part of the sacrum, cannot be told from one that grew into it.

    Parameters
    ----------
    levels : sequence of Level
        Names of the vertebrae.
    sacrum : bool
        It was found below the last of them.
    """
    row = [*levels, Level.SACRUM] if sacrum else levels
    return any(steps_between(*pair) > 1 for pair in pairwise(row))


def has_unnamed_gap(levels: Sequence[Level], gaps: Sequence[int]) -> bool:
    """Whether two vertebrae named one after the other are so far apart that one more may lie between them.

    Parameters
    ----------
    levels : sequence of N Level
        From head to foot.
    gaps : sequence of N int
        Vertebrae that seem to be missing above each; below C2, as far above C3 in everybody, it tells nothing.
    """
    pairs = zip(pairwise(levels), gaps[1:], strict=True)
    return any(gap > 0 and steps_between(*pair) <= 1 and pair[0] is not Level.C2 for pair, gap in pairs)


def known_names(names: LevelSequence, instances: Instances, grid: Grid) -> dict[Level, KnownName]:
    """How sure each name is; a vertebra whose centre was voted outside the grid is cut by the image's end."""
    known = {}
    for position, level in enumerate(names.levels):
        voted = instances.centres[position]
        inside = bool(((voted >= -0.5) & (voted <= np.array(grid.shape) - 0.5)).all())
        probability = float(min(names.probability[position], 1.0))
        known[level] = KnownName(probability, tuple(names.alternatives(position)), not inside)
    return known
