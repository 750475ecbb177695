"""From measured bodies to what the alignment of a level may be: bends first, then the rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from spinemets.anatomy import Level, Region
from spinemets.body_assessment import MeasuredBodies
from spinemets.findings import Measured, NotAssessed, Reason
from spinemets.measure.alignment import LocalAlignment
from spinemets.measure.bends import Bend, LocalBends, body_bend, disc_bends, local_bends
from spinemets.measure.height_reference import HeightLoss
from spinemets.measure.heights import BodyHeights
from spinemets.measure.outline_error import OutlineError
from spinemets.rules.collapse import SURE_FROM, collapse_percent
from spinemets.rules.sins_table import Alignment
from spinemets.rules.spinal_alignment import AlignmentReading, read_alignment

SLIP_ON_OUTLINES = "slip_on_network_outlines"


def measured_bends(
    bodies: MeasuredBodies, losses: Mapping[Level, HeightLoss], outline: OutlineError
) -> dict[Level, LocalBends]:
    """Bends of every body that has endplates; none where no error of the outline is known.

    A disc beside a collapsed body is no example of what is usual.
    """
    if outline.unknown is not None:
        return {}
    largest = {level: own.largest for level, own in losses.items()}
    collapsed = {level for level, one in largest.items() if isinstance(one, Measured) and one.value >= SURE_FROM}
    own = {level: _body_bend(level, bodies, losses.get(level)) for level in bodies.ends}
    above, below = (
        outline.bends(disc_bends(bodies.ends, above=up, collapsed=collapsed, cut=bodies.cut)) for up in (True, False)
    )
    return local_bends(outline.bends(own, collapsed), above, below)


def _body_bend(level: Level, bodies: MeasuredBodies, loss: HeightLoss | None) -> Bend:
    heights = bodies.heights[level]
    if loss is None or not isinstance(heights, BodyHeights):
        reason = NotAssessed(Reason.NO_REFERENCE, f"the loss of height of {level} was not measured")
        return reason, reason
    return body_bend(heights, loss, bodies.ends[level])


def alignment_reading(
    level: Level,
    own: LocalAlignment | None,
    bends: LocalBends | None,
    loss: HeightLoss | None,
    *,
    is_coarse: bool = False,
) -> AlignmentReading:
    """What the alignment of a level may be; anything where it was not measured.

    A body that by `spinemets.rules.collapse` lost no height bends nothing: what its columns differ by is its shape.
    Where outlines are coarse it is asked all the same, since they fill collapses up, and no slip is believed, only that
    there is none: in one simulated patient (203003) four were 8 to 12 mm off beside collapsed bodies.
    """
    if own is None or bends is None or level.region is Region.SACRAL:
        return AlignmentReading(frozenset(), ())
    slips = (own.slip_above_mm, own.side_slip_above_mm, own.slip_below_mm, own.side_slip_below_mm)
    front = [bends.disc_bend_above_deg, bends.disc_bend_below_deg]
    side = [bends.side_disc_bend_above_deg, bends.side_disc_bend_below_deg]
    if is_coarse or loss is None or collapse_percent(loss.largest, by_interval=loss.by_interval) != (0.0, 0.0):
        front.append(bends.body_bend_deg)
        side.append(bends.side_body_bend_deg)
    if isinstance(own.scoliosis_deg, Measured) or not all(isinstance(one, Measured) for one in side):
        side.append(own.scoliosis_deg)  # at the ends of a spine both discs and the body stand for it
    reading = read_alignment(level.region, slips, front, side)
    if is_coarse and reading.possible == {Alignment.SUBLUXATION}:
        flags = [*reading.flags, SLIP_ON_OUTLINES]
        return AlignmentReading(frozenset(), tuple(flags))
    return replace(reading, slipped=None) if is_coarse and not reading.possible else reading
