"""What the outline of a vertebra adds to the error of everything that is measured on it.

A mask that was given is taken as read: only its voxels leave an interval. A network's outline strays from the bone by
more than a voxel. How much that moves a height, a loss, an angle or a slip was measured on simulated patients of the
validation seeds, by ``python scripts/verify.py outlines --cases 17``; nothing real is in it. Another network is to be
measured anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from spinemets.anatomy import Level
from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.measure.alignment import LocalAlignment
from spinemets.measure.bends import Bend
from spinemets.measure.height_reference import HeightLoss
from spinemets.measure.heights import BodyHeights
from spinemets.measure.lesions import Lesion
from spinemets.measure.region_labels import RegionLabel
from spinemets.measure.wall_from_canal import WallFromCanal
from spinemets.spine import Spine, Vertebra
from spinemets.volume import Volume

PARTS_UNTOLD = NotAssessed(
    Reason.RESOLUTION,
    "the network draws the parts of a vertebra too coarsely to tell what share of them a lesion takes",
)
WALL_UNTOLD = NotAssessed(
    Reason.RESOLUTION,
    "the network outlines the posterior wall too coarsely to tell its shape; give a checked mask with --vertebrae",
)
BEND_UNTOLD = NotAssessed(
    Reason.RESOLUTION,
    "the network's outline fills a part of a collapse up, so how much it bends the spine is not told",
)
COLLAPSED_FROM = 0.2
"""Share of a height; Genant's mild fracture."""


@dataclass(frozen=True)
class OutlineError:
    """Half widths of the 90 % intervals of what an outline adds, by what is measured.

    Attributes
    ----------
    height_mm : float
        Of a height of a body, and of what is expected of it.
    loss : float
        Of a loss of height, a share: less than the heights', since an outline errs alike at neighbours.
    largest_loss : float
        Of the largest of the losses of a body.
    hidden_loss : float
        How much more may be lost where a loss shows a collapse: an outline fills up a part of it.
    angle_deg : float
        Of an angle between endplates.
    slip_mm : float
        Of a slip.
    first_level : Level or None
        Bodies above it are outlined too coarsely to be measured at all.
    least_ml : float
        A label with less bone is a crumb and no vertebra.
    lesion_share : float
        Of the share of a body that a lesion takes.
    draws_parts : bool
        Whether pedicles, facets and joints are outlined well enough to tell the share of them that a lesion takes.
    draws_wall : bool
        Whether the posterior wall and the canal behind it are outlined well enough to be measured.
    unknown : NotAssessed or None
        Why no interval would hold the error, so that heights, losses, angles, slips and shares are not told at all.
    """

    height_mm: float = 0.0
    loss: float = 0.0
    largest_loss: float = 0.0
    hidden_loss: float = 0.0
    angle_deg: float = 0.0
    slip_mm: float = 0.0
    first_level: Level | None = None
    least_ml: float = 0.0
    lesion_share: float = 0.0
    draws_parts: bool = True
    draws_wall: bool = True
    unknown: NotAssessed | None = None

    @property
    def is_coarse(self) -> bool:
        """Whether a fracture is only claimed where the whole interval of a loss says so."""
        return self.largest_loss > 0 or self.unknown is not None

    def without_crumbs(self, mask: Volume, spine: Spine) -> Volume:
        """A vertebra mask without labels that have too little bone."""
        crumbs = [one.level.verse_id for one in spine.vertebrae if one.volume_ml < self.least_ml]
        return mask.with_array(np.where(np.isin(mask.array, crumbs), 0, mask.array)) if crumbs else mask

    def refusal(self, vertebra: Vertebra) -> NotAssessed | None:
        """Why nothing is measured at a vertebra; None where it is."""
        level = vertebra.level
        if vertebra.volume_ml < self.least_ml:
            detail = f"the network calls {vertebra.volume_ml:.1f} ml of bone {level}, which is no whole vertebra"
            return NotAssessed(Reason.RESOLUTION, detail)
        if self.first_level is None or level.order >= self.first_level.order:
            return None
        detail = f"above {self.first_level} the network outlines vertebrae too coarsely to measure them"
        return NotAssessed(Reason.RESOLUTION, f"{detail}; give a checked mask with --vertebrae")

    def heights(self, found: BodyHeights) -> BodyHeights:
        """Heights with wider intervals."""
        columns: dict[str, Measured] = {}
        for name, one in found.columns.items():
            wider = widened(one, self.height_mm)
            assert isinstance(wider, Measured)
            columns[name] = wider
        return replace(found, columns=columns)

    def losses(self, found: Mapping[Level, HeightLoss]) -> dict[Level, HeightLoss]:
        """Losses of height with wider intervals, or why they are not told."""
        return {level: self._loss(one) for level, one in found.items()}

    def _loss(self, found: HeightLoss) -> HeightLoss:
        if (no := self.unknown) is not None:
            told: dict[str, Finding] = dict.fromkeys(found.loss, no)
            return HeightLoss(told, told, no, no, found.neighbours, by_interval=True)
        return replace(
            found,
            reference_mm={name: widened(one, self.height_mm) for name, one in found.reference_mm.items()},
            loss={name: self._shown_loss(one, self.loss) for name, one in found.loss.items()},
            largest=self._shown_loss(found.largest, self.largest_loss),
            asymmetry=widened(found.asymmetry, np.sqrt(2) * self.loss, signed=True),
            by_interval=self.is_coarse,
        )

    def _shown_loss(self, found: Finding, error: float) -> Finding:
        collapsed = isinstance(found, Measured) and found.value >= COLLAPSED_FROM
        return widened(found, error, more=self.hidden_loss if collapsed else 0.0)

    def lesions(self, found: Sequence[Lesion]) -> tuple[Lesion, ...]:
        """Lesions with a wider interval of their share of the body; shares of parts only where parts are drawn."""
        return tuple(self._lesion(one) for one in found)

    def _lesion(self, found: Lesion) -> Lesion:
        if self.unknown is not None:
            return replace(found, body_fraction=self.unknown, regions=dict.fromkeys(found.regions, self.unknown))
        body = RegionLabel.BODY.report_name
        regions = {
            name: widened(share, self.lesion_share) if name == body else share if self.draws_parts else PARTS_UNTOLD
            for name, share in found.regions.items()
        }
        return replace(found, body_fraction=widened(found.body_fraction, self.lesion_share), regions=regions)

    def walls(self, found: Mapping[Level, WallFromCanal]) -> dict[Level, WallFromCanal]:
        """Posterior walls as they are, or the reason why their shape is not told."""
        if self.draws_wall:
            return dict(found)
        no = WALL_UNTOLD
        return {
            level: WallFromCanal(no, no, no, no, no, no, one.has_fragment, one.reference)
            for level, one in found.items()
        }

    def bends(self, found: Mapping[Level, Bend], collapsed: Collection[Level] = ()) -> dict[Level, Bend]:
        """Bends with wider intervals; none of bodies that a coarse outline shows as collapsed, and may fill up."""
        return {
            level: (BEND_UNTOLD, BEND_UNTOLD)
            if self.is_coarse and level in collapsed
            else (widened(front, self.angle_deg), widened(side, self.angle_deg))
            for level, (front, side) in found.items()
        }

    def alignment(self, found: Mapping[Level, LocalAlignment]) -> dict[Level, LocalAlignment]:
        """Angles and slips with wider intervals; none where no error is known."""
        return {} if self.unknown else {level: self._alignment(one) for level, one in found.items()}

    def _alignment(self, found: LocalAlignment) -> LocalAlignment:
        wider = {}
        for field in fields(found):
            one = getattr(found, field.name)
            if field.name.endswith("_deg"):
                wider[field.name] = widened(one, self.angle_deg)
            elif field.name.endswith("_mm"):
                wider[field.name] = widened(one, self.slip_mm)
        for side in ("above", "below"):
            share, slip = (getattr(found, f"slip_{side}_{unit}") for unit in ("fraction", "mm"))
            if isinstance(share, Measured) and isinstance(slip, Measured) and slip.high > slip.low:
                by_depth = (share.high - share.low) / (slip.high - slip.low)
                wider[f"slip_{side}_fraction"] = widened(share, self.slip_mm * by_depth, signed=True)
        return replace(found, **wider)


def widened(finding: Finding, error: float, *, signed: bool = False, more: float = 0.0) -> Finding:
    """A measurement whose interval has an independent error of that half width more to either side.

    To the upper side it is `more` where that is larger.

    Shares stay within [0, 1], unless they are signed, and lengths of unit mm may go below zero as slips do.
    """
    if not isinstance(finding, Measured) or error == 0.0:
        return finding
    low = finding.value - float(np.hypot(finding.value - finding.low, error))
    high = finding.value + float(np.hypot(finding.high - finding.value, max(error, more)))
    if finding.unit == "1" and not signed:
        low, high = max(low, 0.0), min(high, 1.0)
    return replace(finding, low=low, high=high)


EXACT = OutlineError()
"""A mask that was given."""
NETWORK_OUTLINE = OutlineError(
    height_mm=2.5,
    loss=0.07,
    largest_loss=0.06,
    hidden_loss=0.30,
    angle_deg=4.0,
    slip_mm=2.1,
    first_level=Level.T5,
    least_ml=7.0,
    lesion_share=0.24,
    draws_parts=False,
    draws_wall=False,
)
"""The shipped spine network (ours), on 17 patients of the validation seeds, 15 of them ill.

Of the differences to true masks at 110 bodies from T5 to L5 nine in ten were at most so large. Of 20 bodies with a true
loss of a fifth or more 19 were outlined as collapsed, and none of the 90 others. But the outline fills a collapse up:
where it had lost 20 to 35 %, up to 35 % more was truly lost, in nine of ten at most 28 %. One body that had lost 31 %
was drawn whole, which no interval says. Depths of the posterior wall were off by more than 10 mm in one of ten. At
eight bodies from C3 to T4 the largest losses were off by up to 0.48. The smallest whole T5 has 14 ml, crumbs had up to
5 ml. Of 19 lesions, each on both masks, the share of the body differed by up to 0.36, in nine of ten by 0.24.

Since the simulator draws bone as large as its mask nine in ten differences are at most 1.6 mm (heights), 0.06 (losses),
3.4 degrees and 1.2 mm (slips); the wider intervals of before are kept, for real bone is not drawn by rule. 19 of the 20
were outlined as collapsed, with up to 36 % more lost, at most 30 % in 17 of them, and two of 90 others, in the patient
whose third collapsed body was drawn whole. What a network's outline adds to a bend was not measured: that of an angle.
"""
MR_OUTLINE = replace(
    NETWORK_OUTLINE,
    unknown=NotAssessed(
        Reason.NO_REFERENCE,
        "the network's outlines on MR miss or exaggerate too many collapses, so nothing is told that rests on their "
        "shape; give a checked mask with --vertebrae",
    ),
)
"""The network for MR, by ``python scripts/verify.py outlines_mr --cases 21`` (`docs/mr.md`): sound bodies are drawn
well, but of 21 that had lost a fifth or more three with a loss of at most 0.06, and all 13 that are drawn with a loss
of half or more had lost less, by 0.11 to 0.52.
"""
