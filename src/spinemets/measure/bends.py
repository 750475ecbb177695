"""How much a body and the discs next to it bend the spine beyond what their neighbours do.

A line through whole triples of vertebrae does not tell what is usual: where kyphosis turns into lordosis, healthy
spines stray from it by 15 degrees. Single discs and bodies change little from one to the next. Signs are those of
`spinemets.measure.alignment`: kyphosis, and a convexity to the patient's right, are positive.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import numpy as np

from spinemets.anatomy import Level, Region
from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.measure.alignment import BodyEnds, angle_error, cobb_deg
from spinemets.measure.cut_bodies import SeenBody
from spinemets.measure.height_reference import ONE_SIDED, HeightLoss, steps_between
from spinemets.measure.heights import DEPTH_SHARE, SIDE_SHARE, BodyHeights
from spinemets.measure.next_level import level_below

USUAL_DISC_DEG = {Region.CERVICAL: 3.0, Region.THORACIC: 2.0, Region.LUMBAR: 4.5, Region.SACRAL: 4.5}
"""Half width of the 90 % interval of how far a healthy disc strays from the mean of those next to it, besides half of
what these differ (ours: at most so much in 120 simulated patients of the validation seeds, from their parameters)."""
USUAL_BODY_DEG = 2.0
"""The same of the wedge of a healthy body (ours; in these patients at most 1.7, and real ones vary more)."""
SACRAL_LORDOSIS_DEG = 12.0
"""The disc on the sacrum is up to so much more lordotic than those above, so it may hide as much kyphosis, and tells
nothing of theirs (ours: it had 6 to 17° of lordosis in 16 simulated patients of the validation seeds)."""
FURTHEST_DISC = 3
"""A disc more levels away than this tells nothing of what is usual (ours)."""
Bend = tuple[Finding, Finding]
"""To the front and to the side."""


@dataclass(frozen=True)
class LocalBends:
    """Bends at one vertebra, degrees.

    Attributes
    ----------
    body_bend_deg, side_body_bend_deg : Finding
        What its own loss of height adds.
    disc_bend_above_deg, side_disc_bend_above_deg : Finding
        Of the disc above, less what the discs next to it show.
    disc_bend_below_deg, side_disc_bend_below_deg : Finding
        Of the disc below.
    """

    body_bend_deg: Finding
    side_body_bend_deg: Finding
    disc_bend_above_deg: Finding
    side_disc_bend_above_deg: Finding
    disc_bend_below_deg: Finding
    side_disc_bend_below_deg: Finding


def local_bends(
    bodies: Mapping[Level, Bend], above: Mapping[Level, Bend], below: Mapping[Level, Bend]
) -> dict[Level, LocalBends]:
    """Bends of every vertebra, from those of its body, of the disc above and of the disc below."""
    return {level: LocalBends(*bodies[level], *above[level], *below[level]) for level in above}


def body_bend(heights: BodyHeights, loss: HeightLoss, ends: BodyEnds) -> Bend:
    """What a body's loss of height bends the spine by: of the front against the back, of the left against the right.

    Columns, and what is expected of them, are those of the heights, so that the usual wedge of a level is no bend. The
    interval is that of an angle between two endplates, and what healthy bodies stray from it.
    """
    depth_mm = (DEPTH_SHARE["posterior"] - DEPTH_SHARE["anterior"]) * heights.depth_mm
    width_mm = 2 * SIDE_SHARE * heights.width_mm
    front = _lost_more(heights, loss, "anterior", "posterior", depth_mm)
    side = _lost_more(heights, loss, "left", "right", width_mm)
    usual = USUAL_BODY_DEG * (ONE_SIDED if len(loss.neighbours) < 2 else 1.0)
    return _with_error(front, ends, ends.depth_mm, usual), _with_error(side, ends, ends.width_mm, usual)


def _lost_more(heights: BodyHeights, loss: HeightLoss, more: str, less: str, apart_mm: float) -> Finding:
    """Angle by which `more` lost more height than `less`, degrees, without an interval."""
    lost_mm = []
    for name in (more, less):
        expected = loss.reference_mm[name]
        if not isinstance(expected, Measured):
            return expected
        lost_mm.append(expected.value - heights.columns[name].value)
    angle = float(np.degrees(np.arctan2(lost_mm[0] - lost_mm[1], apart_mm)))
    return Measured(angle, "deg", angle, angle, f"height lost, {more} less {less}, over their distance")


def _with_error(bend: Finding, ends: BodyEnds, extent_mm: float, usual: float) -> Finding:
    if not isinstance(bend, Measured):
        return bend
    error = float(np.hypot(angle_error(ends.axes.level, ends, extent_mm), usual))
    return replace(bend, low=bend.value - error, high=bend.value + error)


def disc_bends(
    bodies: Mapping[Level, BodyEnds],
    *,
    above: bool,
    collapsed: Collection[Level] = (),
    cut: Mapping[Level, SeenBody] | None = None,
) -> dict[Level, Bend]:
    """How much the disc above or below each vertebra is bent beyond discs that do not touch this vertebra.

    Usual is the mean of the nearest disc above and below, by distance, half of their difference being part of the
    interval. One of them alone serves within the same curve of the spine, not across its turn.

    Parameters
    ----------
    bodies : mapping of Level to BodyEnds
        Bodies that are wholly visible; there is no disc across a gap.
    above : bool
        Which of the two discs of a vertebra.
    collapsed : collection of Level
        Discs next to these tell nothing of what is usual.
    cut : mapping of Level to SeenBody, optional
        Bodies that the image cuts, whose whole endplate may bound a disc.
    """
    every: dict[Level, SeenBody] = {**(cut or {}), **bodies}
    joined, angles = {}, {}
    for upper, body in every.items():
        lower = level_below(every, upper)
        ends = None if lower is None else (body.lower, every[lower].upper)
        if lower is not None and ends is not None and ends[0] is not None and ends[1] is not None:
            joined[upper], angles[upper] = lower, cobb_deg(ends[0].normal, ends[1].normal, body.axes)
    own_disc = {lower: upper for upper, lower in joined.items()} if above else {upper: upper for upper in joined}
    result: dict[Level, Bend] = {}
    for level in bodies:
        unlike = {level, Level.SACRUM, *collapsed}
        usual = {upper: angles[upper] for upper, lower in joined.items() if not {upper, lower} & unlike}
        disc = own_disc.get(level)
        if disc is None:
            reason = NotAssessed(Reason.OUT_OF_FIELD, f"no whole endplate {'above' if above else 'below'} {level}")
            result[level] = reason, reason
        else:
            found = _beyond_usual(disc, angles[disc], usual, every[disc])
            result[level] = _on_sacrum(found) if joined[disc] is Level.SACRUM else found
    return result


def _beyond_usual(
    disc: Level, angle: tuple[float, float], usual: Mapping[Level, tuple[float, float]], body: SeenBody
) -> Bend:
    near = _nearest(disc, usual)
    if len(near) < 2 and not any(_curve(other) == _curve(disc) for other in near):
        detail = f"too few sound discs are seen to tell what is usual of that below {disc}"
        return (reason := NotAssessed(Reason.NO_REFERENCE, detail)), reason
    away = np.array([abs(steps_between(disc, other)) for other in near], dtype=float)
    weights = (away.sum() - away) / away.sum() if len(near) == 2 else np.ones(1)
    method = f"Cobb angle of the disc below {disc}, less that below {' and '.join(map(str, near))}"
    bends = []
    for side, extent_mm in enumerate((body.depth_mm, body.width_mm)):
        others = np.array([usual[other][side] for other in near])
        value = float(angle[side] - weights @ others)
        by_plane = angle_error(disc, body, extent_mm) * np.sqrt(1 + weights @ weights)
        error = float(np.linalg.norm([by_plane, USUAL_DISC_DEG[disc.region], np.ptp(others) / 2]))
        bends.append(Measured(value, "deg", value - error, value + error, method))
    return bends[0], bends[1]


def _on_sacrum(bend: Bend) -> Bend:
    """The bend of the disc on the sacrum, its interval to the front as wide as such a disc differs from those above."""
    front, side = bend
    if isinstance(front, Measured):
        front = replace(front, high=front.high + SACRAL_LORDOSIS_DEG)
    return front, side


def _nearest(disc: Level, sound: Collection[Level]) -> list[Level]:
    """The nearest sound disc above and below, as far as there are any."""
    near = [other for other in sound if abs(steps_between(disc, other)) <= FURTHEST_DISC]
    above = sorted((other for other in near if other.order < disc.order), key=lambda one: one.order)
    below = sorted((other for other in near if other.order > disc.order), key=lambda one: one.order)
    return above[-1:] + below[:1]


def _curve(level: Level) -> Region:
    """The curve of the spine that the disc below a level belongs to."""
    return Region.THORACIC if level is Level.C7 else level.region
