"""The signs of Table 1 on CT at every level with a fracture or a lesion, each with the measures behind it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from spinemets.anatomy import Level, Side, nearest_levels
from spinemets.findings import Finding, Measured, NotApplicable, NotAssessed, Reason
from spinemets.fracture_measures import behind_signs, density
from spinemets.measure.alignment import BodyEnds
from spinemets.measure.body_rays import BodyRays, Sector, body_rays
from spinemets.measure.body_view import BodyView, body_view
from spinemets.measure.cleft import cleft
from spinemets.measure.cortex import Cortex, beyond_neighbours, cortex, total_beyond_neighbours
from spinemets.measure.fracture_line import fracture_line
from spinemets.measure.height_reference import HeightLoss
from spinemets.measure.heights import BodyHeights
from spinemets.measure.lesions import Lesion
from spinemets.measure.pedicles import Pedicles, pedicles
from spinemets.measure.soft_tissue import added_tissue
from spinemets.measure.trabecular import Reference, Shares, Trabecular, reference_for, shares, trabecular
from spinemets.measure.vertebra_regions import VertebraRegions
from spinemets.rules.fracture_signs import CT_SIGNS, SOURCE, CtFeatures, FractureSign, ct_signs, wall_signs
from spinemets.rules.genant import MILD_FROM
from spinemets.rules.presence import Sign
from spinemets.volume import Volume

NO_LESION_MASK = NotAssessed(Reason.MISSING_MASK, "there is no lesion mask, so the share of the pedicles is not known")
OVERLOOKED = NotAssessed(
    Reason.RESOLUTION,
    "the lesion network overlooks many lesions, so that it found none is no sign that there is none; give a checked "
    "mask with --lesions",
)
RING_HU = 250.0
"""Cortex of a pedicle's ring measures at least this (`clinical.md` §1.1, CT1)."""


@dataclass(frozen=True)
class MeasuredBody:
    """What else is known of one level.

    Attributes
    ----------
    heights : BodyHeights
        Of the body.
    loss : HeightLoss
        And what it lost.
    ends : BodyEnds or None
        Its endplates.
    wall : str or None
        Label of its posterior wall.
    lesions : tuple of Lesion, or None
        In it; None without a lesion mask.
    shows_all : bool
        Whether the lesion mask shows every lesion, so that none on it is none.
    """

    heights: BodyHeights
    loss: HeightLoss
    ends: BodyEnds | None
    wall: str | None
    lesions: tuple[Lesion, ...] | None
    shows_all: bool = True


class CtEvidence:
    """CT round the bodies of a spine, looked at when it is asked for, once.

    Parameters
    ----------
    ct, vertebrae : Volume
        HU and VerSe ids on one grid.
    regions : VertebraRegions
        Parts of every vertebra on the same grid.
    lesions : Volume or None
        Lesion labels on the same grid.
    fit : collection of Level
        Levels that are whole.
    affected : collection of Level
        Those of them that are fractured or diseased, and so no reference.
    no_reference : NotAssessed or None
        Why no level at all is a reference.
    """

    def __init__(
        self,
        ct: Volume,
        vertebrae: Volume,
        regions: VertebraRegions,
        lesions: Volume | None,
        fit: Collection[Level],
        affected: Collection[Level],
        no_reference: NotAssessed | None = None,
    ) -> None:
        self._no_reference = no_reference
        self._ct, self._vertebrae, self._regions, self._lesions = ct, vertebrae, regions, lesions
        self._fit = sorted((level for level in fit if level in regions.axes), key=lambda level: level.order)
        self._affected = frozenset(affected)
        self.view, self.rays, self.trabecular = cache(self._view), cache(self._rays), cache(self._trabecular)
        self.cortex = cache(self._cortex)

    def _view(self, level: Level) -> BodyView:
        axes = self._regions.axes[level]
        return body_view(self._ct, self._vertebrae, self._regions.labels, axes, self._lesions)

    def _rays(self, level: Level) -> BodyRays | None:
        return body_rays(self.view(level))

    def _trabecular(self, level: Level) -> Trabecular:
        return trabecular(self.view(level))

    def reference(self, level: Level) -> Reference | NotAssessed:
        """Healthy spongy bone of the nearest unaffected levels."""
        if self._no_reference is not None:
            return self._no_reference
        near = self.neighbours(level)
        return reference_for(level, {other: self.trabecular(other) for other in near}, self._affected)

    def neighbours(self, level: Level) -> tuple[Level, ...]:
        """The nearest unaffected level above and below; none where no level is a reference."""
        if self._no_reference is not None:
            return ()
        return nearest_levels(level, [other for other in self._fit if other not in self._affected])

    def _cortex(self, level: Level, reference: Reference | NotAssessed) -> Cortex:
        return cortex(self.rays(level), reference, self.view(level).voxel_mm)

    def missing_by_sector(self, level: Level) -> dict[Sector, Finding]:
        """Share of each quarter of the wall without cortex, less what unaffected neighbours lack there."""
        reference = self.reference(level)
        near = [self.cortex(other, reference) for other in self.neighbours(level)]
        return beyond_neighbours(self.cortex(level, reference), near)

    def missing_cortex(self, level: Level) -> Finding:
        """Share of the whole wall of a body without cortex, less what unaffected neighbours lack."""
        reference = self.reference(level)
        near = [self.cortex(other, reference) for other in self.neighbours(level)]
        return total_beyond_neighbours(self.cortex(level, reference), near)

    def pedicles(self, level: Level) -> Pedicles:
        """Both pedicles of a level."""
        return pedicles(self._ct, self._vertebrae, self._regions.labels, self._regions.axes[level], RING_HU)


def level_signs(level: Level, evidence: CtEvidence, bodies: Mapping[Level, MeasuredBody]) -> dict[str, Any]:
    """Signs and measures of one level, by name."""
    own = bodies[level]
    reference = evidence.reference(level)
    view, near = evidence.view(level), evidence.neighbours(level)
    inside = shares(view, reference) if isinstance(reference, Reference) else Shares.absent(reference)
    shell = evidence.cortex(level, reference)
    both = evidence.pedicles(level)
    beside = [rays for other in near if (rays := evidence.rays(other)) is not None]
    added = added_tissue(evidence.rays(level), beside, view.voxel_mm)
    gas, line = cleft(view), fracture_line(view, reference)
    features = CtFeatures(
        {sector.value: share for sector, share in evidence.missing_by_sector(level).items()},
        shell.amount,
        shell.gaps,
        line.width_share,
        inside.lytic,
        inside.blastic,
        inside.largest_ml,
        gas.volume_ml,
        gas.from_disc,
        own.wall,
        {side.value: _pedicle_share(own, side) for side in Side},
        {side.value: share for side, share in both.ring_missing.items()},
        added.thickness_mm,
        added.coverage,
    )
    found = _said(ct_signs(features))
    measures = behind_signs(features, shell, inside, both, own.loss.asymmetry)
    measures |= density(view, evidence.trabecular(level), reference)
    return found | _counts(level, bodies) | measures | {"cortex_missing": evidence.missing_cortex(level)}


def signs_without_ct(level: Level, bodies: Mapping[Level, MeasuredBody], reason: NotAssessed) -> dict[str, Any]:
    """Signs of one level that masks alone show; `reason` stands for those that CT would."""
    found: dict[str, Any] = dict.fromkeys(CT_SIGNS, reason)
    found |= _said(wall_signs(bodies[level].wall, "MR3"))
    return found | _counts(level, bodies) | {"height_asymmetry": bodies[level].loss.asymmetry}


def _said(signs: Mapping[str, FractureSign]) -> dict[str, Any]:
    return {
        name: said(sign.sign, f"{sign.item}, favours {sign.favours.value}: {SOURCE}") for name, sign in signs.items()
    }


def said(sign: Sign, method: str) -> Any:
    """A sign as it stands in the report."""
    return sign if isinstance(sign, NotAssessed | NotApplicable) else {"value": sign.value, "method": method}


def _pedicle_share(body: MeasuredBody, side: Side) -> Finding:
    lesions = body.lesions
    if lesions is None:
        return NO_LESION_MASK
    if not lesions and not body.shows_all:
        return OVERLOOKED
    shares_of = [own for lesion in lesions if (own := lesion.regions.get(f"pedicle_{side.value}")) is not None]
    known = [share for share in shares_of if isinstance(share, Measured)]
    if len(known) < len(shares_of):
        return next(share for share in shares_of if not isinstance(share, Measured))
    low, value, high = (min(sum(getattr(one, name) for one in known), 1.0) for name in ("low", "value", "high"))
    return Measured(value, "1", low, high, "share of the pedicle that lesions take")


def is_fractured(body: MeasuredBody) -> bool:
    """Whether a body lost a fifth of its height or more (Genant's mildest grade); surely, if its outline is coarse."""
    largest = body.loss.largest
    if not isinstance(largest, Measured):
        return False
    return (largest.low if body.loss.by_interval else largest.value) >= MILD_FROM


def undecided(loss: HeightLoss) -> NotAssessed | None:
    """Why a coarse outline leaves open whether there is a fracture; None where it does not."""
    largest = loss.largest
    if not (loss.by_interval and isinstance(largest, Measured) and largest.low < MILD_FROM <= largest.high):
        return None
    span = f"{100 * largest.low:.0f} to {100 * largest.high:.0f} %"
    detail = f"by the network's outline {span} of the height is lost, which leaves open whether there is a fracture"
    return NotAssessed(Reason.RESOLUTION, f"{detail}; check the outline and give it with --vertebrae")


def _counts(level: Level, bodies: Mapping[Level, MeasuredBody]) -> dict[str, Any]:
    """CT7: fractures without a lesion, and lesions, at other levels; both counts, never a vote.

    Where a network looked for lesions, only those that it found count.
    """
    others = [body for other, body in bodies.items() if other is not level]
    if any(body.lesions is None for body in others):
        return {"other_fractures": NO_LESION_MASK, "other_levels_with_lesions": NO_LESION_MASK}
    plain = sum(is_fractured(body) and not body.lesions for body in others)
    ill = sum(bool(body.lesions) for body in others)
    method = f"CT7, of {len(others)} other levels that were measured"
    fractures: Finding = Measured(plain, "1", plain, plain, f"{method}: without a lesion")
    lesions: Finding = Measured(ill, "1", ill, ill, method)
    if not bodies[level].shows_all:
        fractures, lesions = OVERLOOKED if plain else fractures, lesions if ill else OVERLOOKED
    return {"other_fractures": fractures, "other_levels_with_lesions": lesions}
