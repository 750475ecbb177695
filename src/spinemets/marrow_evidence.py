"""MR series round the bodies of a spine: signals of marrow, lesions, discs, muscle and CSF, level by level."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import cache
from itertools import pairwise

import numpy as np

from spinemets.anatomy import Level, nearest_levels
from spinemets.errors import GeometryMismatchError
from spinemets.findings import NotAssessed, Reason
from spinemets.fracture_assessment import MeasuredBody
from spinemets.geometry import crop
from spinemets.measure.alignment import BodyEnds
from spinemets.measure.enclosure import enclosed
from spinemets.measure.height_reference import steps_between
from spinemets.measure.own_lesion import own_lesion
from spinemets.measure.reference_tissue import csf_signal, disc_signal, muscle_signal
from spinemets.measure.region_labels import in_body
from spinemets.measure.signal import PartOnImage, Signal, part_on_image, part_signal, signed_depth
from spinemets.measure.vertebra_regions import VertebraRegions
from spinemets.volume import Volume, require_same_grid

BODY_MM, LESION_MM = 3.0, 1.0
"""Marrow is measured so far inside a body (`clinical.md` §1: 3 to 4 mm), a lesion so far inside its surface (ours)."""
NEAR_MM = 20.0
"""Bone and lesions are looked at so far beyond a vertebra (ours)."""
NO_LESION_MASK = NotAssessed(Reason.MISSING_MASK, "there is no lesion mask, so what surrounds a lesion is not known")
NAMES = {
    "t1": "T1",
    "t2": "T2",
    "stir": "STIR",
    "dwi_b0": "diffusion image without weighting (b0)",
    "dwi_high": "diffusion-weighted image",
    "adc": "ADC map",
    "in_phase": "in-phase image",
    "out_phase": "opposed-phase image",
    "water": "water image",
    "fat": "fat image",
    "t1_gd": "T1 after contrast medium",
    "t1_fs": "T1 with fat suppression and without contrast medium",
    "prior_adc": "earlier ADC map",
}
"""Roles that are used, for the reader of the report."""


class MrEvidence:
    """MR round the bodies of a spine, looked at when it is asked for, once.

    Parameters
    ----------
    series : mapping of str to Volume
        MR by role, each on its own grid in the world of the masks.
    vertebrae : Volume
        VerSe ids.
    regions : VertebraRegions
        Parts of every vertebra on the same grid.
    lesions : Volume or None
        Lesion labels on the same grid.
    bodies : mapping of Level to MeasuredBody
        What else is known of every level.
    affected : collection of Level
        Never a reference.

    Raises
    ------
    GeometryMismatchError
        If lesions lie on another grid, or a series is in another frame of reference than the vertebrae.
    """

    def __init__(
        self,
        series: Mapping[str, Volume],
        vertebrae: Volume,
        regions: VertebraRegions,
        lesions: Volume | None,
        bodies: Mapping[Level, MeasuredBody],
        affected: Collection[Level],
    ) -> None:
        if lesions is not None:
            require_same_grid(vertebrae, lesions, mask_name="the lesion mask")
        for role, image in series.items():
            frames = image.frame_of_reference, vertebrae.frame_of_reference
            if None not in frames and frames[0] != frames[1]:
                raise GeometryMismatchError(
                    f"the series {role} is in frame of reference {frames[0]}, the vertebra mask in {frames[1]}; "
                    "register the series to the mask first"
                )
        self.series, self.bodies, self.affected = series, bodies, frozenset(affected)
        self._masks = vertebrae, regions.labels, lesions
        self._boxes, self.axes = regions.boxes, regions.axes
        self._near, self.depth, self.part = cache(self._cut), cache(self._depth), cache(self._part)
        self.muscle, self.disc, self.signal = cache(self._muscle), cache(self._disc), cache(self._signal)

    def missing(self, *roles: str) -> NotAssessed | None:
        """Why roles cannot be read; None where all are there."""
        absent = [NAMES[role] for role in roles if role not in self.series]
        return NotAssessed(Reason.MISSING_SEQUENCE, f"there is no {' and no '.join(absent)}") if absent else None

    def target(self, level: Level) -> str:
        """What is measured at a level: its lesions, or without them its body."""
        return "body" if self.depth(level, "lesion") is None else "lesion"

    def _cut(self, level: Level) -> tuple[Volume, Volume, Volume]:
        """VerSe ids, regions and lesion labels near a level."""
        vertebrae, labels, lesions = self._masks
        margin = np.ceil(NEAR_MM / vertebrae.spacing_mm).astype(int)
        start = np.array([axis.start for axis in self._boxes[level]]) - margin
        stop = np.array([axis.stop for axis in self._boxes[level]]) + margin
        ids = crop(vertebrae, start, stop)
        spots = ids.with_array(np.zeros(ids.shape, np.uint8)) if lesions is None else crop(lesions, start, stop)
        return ids, crop(labels, start, stop), spots

    def _depth(self, level: Level, part: str) -> Volume | None:
        """Signed depth within ``body``, ``posterior``, ``bone``, ``lesion`` or ``mass``; None where there is none.

        A mass is what of the lesions lies beyond the bone.
        """
        ids, labels, spots = self._near(level)
        lesion = own_lesion(level, spots, ids)
        if lesion is None:
            return None
        start = np.round(ids.index(lesion.affine[:3, 3])).astype(int)
        own = crop(ids, start, start + lesion.shape).array == level.verse_id
        body = own & in_body(crop(labels, start, start + lesion.shape).array)
        destroyed = (lesion.array > 0) & enclosed(own) & ~own
        masks = {
            "lesion": lesion.array > 0,
            "body": body | (destroyed & enclosed(body)),
            "posterior": own & ~body,
            "bone": own | destroyed,
            "mass": (lesion.array > 0) & ~own & ~destroyed,
        }
        return signed_depth(lesion.with_array(masks[part]), self.axes[level])

    def _part(self, role: str, level: Level, part: str) -> PartOnImage | NotAssessed:
        """The voxels of a series round a part."""
        reason = self.missing(role)
        if reason is not None:
            return reason
        depth = self.depth(level, part)
        if depth is None:
            return NotAssessed(Reason.MISSING_MASK, f"the mask holds no {part} of {level}")
        return part_on_image(self.series[role], depth)

    def _signal(self, role: str, level: Level, part: str) -> Signal | NotAssessed:
        """Mean signal of a body or lesion."""
        found = self.part(role, level, part)
        return found if isinstance(found, NotAssessed) else part_signal(found, _margin(part))

    def own(self, role: str, level: Level) -> Signal | NotAssessed:
        """Mean signal of the lesions of a level, or of its body where it has none."""
        return self.signal(role, level, self.target(level))

    def _muscle(self, role: str, level: Level) -> Signal | NotAssessed:
        """Signal of the erector muscle beside a level."""
        reason = self.missing(role)
        if reason is not None:
            return reason
        ids, _, spots = self._near(level)
        bone = np.where(ids.array == level.verse_id, 2, (ids.array > 0) | (spots.array > 0)).astype(np.uint8)
        width_mm = self.bodies[level].heights.width_mm
        return muscle_signal(self.series[role], ids.with_array(bone), self.axes[level], width_mm)

    def _disc(self, role: str, level: Level) -> Signal | NotAssessed:
        """Mean signal of the discs above and below a level; the interval holds both."""
        reason = self.missing(role)
        if reason is not None:
            return reason
        found = [disc_signal(self.series[role], above, below) for above, below in self.discs(level)]
        known = [one for one in found if isinstance(one, Signal)]
        if not known:
            unknown = NotAssessed(Reason.OUT_OF_FIELD, f"no disc of {level} lies between two measured bodies")
            return next((one for one in found if isinstance(one, NotAssessed)), unknown)
        value = float(np.mean([one.value for one in known]))
        return Signal(value, min(one.low for one in known), max(one.high for one in known))

    def discs(self, level: Level) -> list[tuple[BodyEnds, BodyEnds]]:
        """The discs above and below a level, as the measured bodies that they lie between."""
        return [pair for pair in self._facing() if level in (pair[0].axes.level, pair[1].axes.level)]

    def sound_discs(self, level: Level) -> list[tuple[BodyEnds, BodyEnds]]:
        """The nearest disc above and below a level that lies between two unaffected bodies."""
        unfit = {*self.affected, level}
        fit = [pair for pair in self._facing() if not unfit & {one.axes.level for one in pair}]
        above = [pair for pair in fit if pair[0].axes.level.order < level.order][-1:]
        return [*above, *[pair for pair in fit if pair[0].axes.level.order > level.order][:1]]

    def _facing(self) -> list[tuple[BodyEnds, BodyEnds]]:
        """Every two measured bodies with a disc between them, from head to foot."""
        ends = [body.ends for body in self.bodies.values() if body.ends is not None]
        ends.sort(key=lambda one: one.axes.level.order)
        return [(a, b) for a, b in pairwise(ends) if steps_between(a.axes.level, b.axes.level) <= 1]

    def sound(self, level: Level) -> tuple[Level, ...]:
        """The nearest unaffected level above and below."""
        return nearest_levels(level, [one for one in self.bodies if one not in self.affected])

    def marrow(self, role: str, level: Level) -> Signal | NotAssessed:
        """Mean signal of the nearest unaffected bodies; the interval holds each."""
        reason = self.missing(role)
        if reason is not None:
            return reason
        found = [self.signal(role, other, "body") for other in self.sound(level)]
        known = [one for one in found if isinstance(one, Signal)]
        if not known:
            none = NotAssessed(Reason.NO_REFERENCE, f"no unaffected vertebra near {level} was measured")
            return next((one for one in found if isinstance(one, NotAssessed)), none)
        value = float(np.mean([one.value for one in known]))
        return Signal(value, min(one.low for one in known), max(one.high for one in known))

    def csf(self, role: str, level: Level) -> Signal | NotAssessed:
        """Bright signal in the canal of the nearest unaffected levels."""
        reason = self.missing(role)
        return reason or csf_signal(self.series[role], [self.axes[other] for other in self.sound(level)])


def _margin(part: str) -> float:
    return LESION_MM if part in ("lesion", "mass") else BODY_MM
