"""What lesions of a vertebra take behind its body, as far as its parts are told apart."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from spinemets.anatomy import Region, Side
from spinemets.findings import Measured
from spinemets.measure.lesions import Lesion
from spinemets.measure.vertebra_regions import FROM_NETWORK, VertebraRegions
from spinemets.rules.posterolateral import SIDE_ITEMS, decided_by_volume, involved_items, open_sides, side_chances
from spinemets.spine import Vertebra


@dataclass(frozen=True)
class PosteriorReading:
    """Elements that lesions take.

    Attributes
    ----------
    known : mapping of Side to list of str
        Those that score, of the sides of which that is decided.
    chances : mapping of Side to float
        Probability that any does, of these and of the sides that the intervals leave open.
    unproven : frozenset of Side
        Sides with elements that were not measured.
    other : list of str
        Those that score nothing.
    """

    known: Mapping[Side, list[str]]
    chances: Mapping[Side, float]
    unproven: frozenset[Side]
    other: list[str]


def posterior_reading(
    vertebra: Vertebra, lesions: tuple[Lesion, ...], regions: VertebraRegions, broken: Collection[str]
) -> PosteriorReading | None:
    """What lesions of one vertebra take behind its body; None where parts are not told apart well enough."""
    if vertebra.level.region is Region.SACRAL or regions.source == FROM_NETWORK:
        return None
    shares, volumes_ml = [lesion.regions for lesion in lesions], [lesion.region_ml for lesion in lesions]
    sides, other = involved_items(shares, volumes_ml, broken)
    doubtful = open_sides(shares, sides, decided_by_volume(volumes_ml, broken))
    unproven = unproven_sides(lesions, has_facets=regions.has_facets)
    unseen = unproven_sides(lesions) if regions.has_facets or not other else frozenset(Side)
    known = {side: items for side, items in sides.items() if side not in doubtful and (items or side not in unseen)}
    chances = side_chances(shares, sides, doubtful)
    told = {side: chances[side] for side in Side if sides[side] or side not in unseen}
    return PosteriorReading(known, told, unproven | unseen, other)


def unproven_sides(lesions: Sequence[Lesion], *, has_facets: bool = True) -> frozenset[Side]:
    """Sides that have an element of which nobody knows how much lesions take.

    A lesion or an element may be too small to be measured. A partition that cannot tell facets from lamina proves what
    is involved, and not that a facet is free where the lamina is not.
    """
    names = {name for lesion in lesions for name in lesion.unsized}
    for lesion in lesions:
        for name, share in lesion.regions.items():
            if not isinstance(share, Measured) or (name.startswith("lamina") and not has_facets and share.high > 0):
                names.add(name.replace("lamina", "facet") if not has_facets else name)
    return frozenset(side for side in Side if names & {f"{item}_{side.value}" for item in SIDE_ITEMS})
