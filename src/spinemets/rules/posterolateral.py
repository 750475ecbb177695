"""Which posterolateral elements are replaced by tumour, from the share of each that a lesion takes.

SINS (Fisher 2010) asks for fracture of, or replacement by tumour in, facet, pedicle or costovertebral joint, and gives
no share. A fifth of the element is ours, and so is 0.3 ml where the cortex is broken besides (`clinical.md` §1.6): that
is known of pedicles alone, whose ring is measured on CT.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from spinemets.anatomy import Side
from spinemets.findings import Finding, Measured
from spinemets.rules.likelihood import chance_over

INVOLVED_FROM = 0.2
"""Share of an element (ours)."""
BROKEN_FROM_ML = 0.3
"""Volume of tumour in an element whose cortex is broken (ours)."""
SIDE_ITEMS = ("pedicle", "facet", "costovertebral_joint")
OTHER_ITEMS = ("spinous_process", "lamina", "transverse_process")


def involved_items(
    lesions: Iterable[Mapping[str, Finding]],
    volumes_ml: Iterable[Mapping[str, float]] = (),
    broken: Collection[str] = (),
) -> tuple[dict[Side, list[str]], list[str]]:
    """Elements of each side that score, and other posterior elements, that some lesion takes.

    Parameters
    ----------
    lesions : iterable of mapping of str to Finding
        Share of each part, by its name in ``report.json``.
    volumes_ml : iterable of mapping of str to float, optional
        How much of each part, by the same names.
    broken : collection of str, optional
        Parts whose cortex is broken.
    """
    taken = {name for name, share in _shares(lesions).items() if share.value >= INVOLVED_FROM} | decided_by_volume(
        volumes_ml, broken
    )
    sides = {side: [item for item in SIDE_ITEMS if f"{item}_{side.value}" in taken] for side in Side}
    other = [item for item in OTHER_ITEMS if taken & {item, f"{item}_left", f"{item}_right"}]
    return sides, other


def decided_by_volume(volumes_ml: Iterable[Mapping[str, float]], broken: Collection[str]) -> frozenset[str]:
    """Elements with a broken cortex of which tumour takes `BROKEN_FROM_ML`; parameters as of `involved_items`."""
    volume: dict[str, float] = {}
    for parts in volumes_ml:
        for name, ml in parts.items():
            volume[name] = volume.get(name, 0.0) + ml
    return frozenset(name for name in broken if volume.get(name, 0.0) >= BROKEN_FROM_ML)


def open_sides(
    lesions: Iterable[Mapping[str, Finding]], involved: Mapping[Side, Sequence[str]], certain: Collection[str] = ()
) -> frozenset[Side]:
    """Sides of which the intervals leave open whether any element is involved.

    Parameters
    ----------
    lesions : iterable of mapping of str to Finding
        Share of each part, by its name in ``report.json``.
    involved : mapping of Side to sequence of str
        What `involved_items` found by the values.
    certain : collection of str
        Elements of `decided_by_volume`, whatever share is taken.
    """
    shares = _shares(lesions)
    names = {side: [f"{item}_{side.value}" for item in SIDE_ITEMS] for side in Side}
    crossing = {name for name, one in shares.items() if one.low < INVOLVED_FROM <= one.high} - set(certain)
    sure = {side: any(f"{item}_{side.value}" not in crossing for item in involved[side]) for side in Side}
    return frozenset(side for side in Side if not sure[side] and crossing & set(names[side]))


def side_chances(
    lesions: Iterable[Mapping[str, Finding]], involved: Mapping[Side, Sequence[str]], doubtful: Collection[Side]
) -> dict[Side, float]:
    """Probability for each side that any element is involved: by the intervals where these leave it open.

    Parameters
    ----------
    lesions : iterable of mapping of str to Finding
        Share of each part, by its name in ``report.json``.
    involved : mapping of Side to sequence of str
        What `involved_items` found by the values.
    doubtful : collection of Side
        Those of `open_sides`.
    """
    shares, chances = _shares(lesions), {}
    for side in Side:
        none = 1.0
        for name in {f"{item}_{side.value}" for item in SIDE_ITEMS} & shares.keys():
            none *= 1 - chance_over(shares[name], INVOLVED_FROM)
        chances[side] = 1 - none if side in doubtful else float(bool(involved[side]))
    return chances


def _shares(lesions: Iterable[Mapping[str, Finding]]) -> dict[str, Measured]:
    """Share of each part that all lesions take together, of what was measured."""
    parts: dict[str, list[Measured]] = {}
    for regions in lesions:
        for name, finding in regions.items():
            if isinstance(finding, Measured):
                parts.setdefault(name, []).append(finding)
    return {name: _sum(shares) for name, shares in parts.items()}


def _sum(shares: Sequence[Measured]) -> Measured:
    value, low, high = (sum(getattr(one, name) for one in shares) for name in ("value", "low", "high"))
    return Measured(value, "1", low, high, "sum over lesions")


def borderline(lesions: Iterable[Mapping[str, Finding]]) -> list[str]:
    """Elements whose share has an interval that contains the limit."""
    found = []
    for regions in lesions:
        for name, finding in regions.items():
            if isinstance(finding, Measured) and finding.low < INVOLVED_FROM <= finding.high:
                found.append(name)
    return sorted(set(found))
