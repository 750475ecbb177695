"""Which part of a patient a scan shows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import Level
from spinemets.simulate.curve import PlacedVertebra
from spinemets.simulate.landmarks import Landmarks
from spinemets.simulate.subject import Arms, Subject, stream

FIELDS: dict[str, tuple[float, float]] = {
    "whole": (-9.5, 22.5),
    "chest": (-1.5, 13.5),
    "abdomen": (9.0, 22.0),
    "lumbar": (11.0, 19.5),
    "cervical": (-8.0, 3.5),
}
"""First and last station of each field of view; stations as in `landmarks`."""

SHARE: dict[str, float] = {"whole": 0.15, "chest": 0.3, "abdomen": 0.25, "lumbar": 0.15, "cervical": 0.15}
"""How often ``random`` is each; ours, about what a CT service scans."""

HALF_WIDTH_MM = {"lumbar": 90.0, "cervical": 105.0}
"""Fields reconstructed round the spine alone, about half of the time; the others show the whole trunk."""


def field_of_view(
    subject: Subject, marks: Landmarks, placed: dict[Level, PlacedVertebra], field: str | tuple[Level, Level]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(3,) lower and upper corner of what is shown, world mm.

    Raises
    ------
    ValueError
        If the field has no such name, or names a level the patient does not have.
    """
    rng = stream(subject.seed, "field of view")
    name = field if isinstance(field, str) else "levels"
    jitter = np.zeros(2)
    if name == "random":
        name = str(rng.choice(list(SHARE), p=list(SHARE.values())))
        jitter = rng.uniform(-1.2, 1.2, 2)
    if isinstance(field, str):
        if name not in FIELDS:
            raise ValueError(f"unknown field of view '{field}'; it must be one of {', '.join(FIELDS)} or random")
        first, last = FIELDS[name] + jitter
        top, bottom = marks.height(first), marks.height(last)
    else:
        absent = [str(level) for level in field if level not in placed]
        if absent:
            raise ValueError(f"this patient has no {' and no '.join(absent)}")
        bodies = [placed[level] for level in field]
        top = max(body.origin[2] + body.middle_height for body in bodies)
        bottom = min(body.origin[2] - body.middle_height for body in bodies)
    narrow = HALF_WIDTH_MM.get(name) if rng.random() < 0.5 else None
    lower, upper = breadth(subject, marks, bottom, top, narrow)
    return np.array([*lower, bottom]), np.array([*upper, top])


def breadth(
    subject: Subject, marks: Landmarks, bottom: float, top: float, narrow: float | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(2,) lower and upper x and y of a field of view, world mm."""
    within = marks.y[(marks.z <= top + 40) & (marks.z >= bottom - 40)]
    if narrow is not None:
        middle = float(np.interp(-(bottom + top) / 2, -marks.z, marks.x))
        side = narrow * subject.scale
        return np.array([middle - side, within.min() - 115.0]), np.array([middle + side, within.max() + 75.0])
    half = (172.0 * subject.girth * subject.scale) + 1.1 * subject.fat_mm + 25.0
    shoulders = marks.height(5.0)
    if subject.arms is Arms.DOWN and top > shoulders:
        half = max(half, 245.0 * subject.scale + 0.4 * subject.fat_mm)
    back = 112.0 * subject.scale + 0.8 * subject.fat_mm + 30.0
    front = 128.0 * subject.scale + 2.4 * subject.fat_mm + 12.0
    return np.array([-half, within.min() - back]), np.array([half, within.max() + front])
