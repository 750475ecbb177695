"""What a metastasis is going to be: level, part of the vertebra, type, pattern and size.

Levels after Montoya-Bordón 2023 (l.46-51): thoracic 70 %, lumbar 20 %, cervical and sacral 10 %. The posterior third
of the body is likelier (l.57-62, Batson's veins). All other frequencies are ours: no series of lesions by part and
pattern on CT was found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from spinemets.anatomy import Level, Region

REGION_SHARE = {Region.THORACIC: 0.70, Region.LUMBAR: 0.20, Region.CERVICAL: 0.07, Region.SACRAL: 0.03}
"""The review gives 10 % for the neck and the sacrum together; how it is divided is ours. The sacrum is not
made ill yet: it has no parts."""

PLACE_SHARE = {
    "body": 0.74,
    "pedicle": 0.12,
    "lamina": 0.04,
    "facet": 0.04,
    "spinous_process": 0.03,
    "transverse_process": 0.03,
}
"""Part in which a lesion begins (ours)."""

PATTERN_SHARE = {
    "lytic": {"geographic": 0.55, "moth_eaten": 0.25, "permeative": 0.20},
    "blastic": {"nodular": 0.65, "diffuse": 0.25, "ivory": 0.10},
    "mixed": {"mixed": 1.0},
}
"""Pattern by type (ours; named by the review, l.116-118 and l.162-166)."""

TYPE_SHARE = {"lytic": 0.5, "blastic": 0.3, "mixed": 0.2}
"""For a single lesion of an unknown primary (ours)."""
SAME_TYPE_SHARE = 0.8
"""Lesions of one patient that have the type of the first (ours)."""

SMALLEST_ML, LARGEST_ML = 0.3, 14.0
SPREAD = 1.0
"""Volumes are log-normal with this spread round `MEDIAN_ML` (ours)."""
MEDIAN_ML = 1.8
CORTEX_BROKEN_SHARE = {"lytic": 0.5, "mixed": 0.3, "blastic": 0.1}
"""Of lesions that reach the surface of the bone (ours; sclerotic ones break cortex rarely, review l.248-252)."""
POSTERIOR_THIRD_SHARE = 0.6
"""Of lesions of the body that begin in its posterior third (ours)."""


@dataclass(frozen=True)
class LesionPlan:
    """A metastasis to be made.

    Attributes
    ----------
    level : Level
        The vertebra.
    place : str
        Where it begins, by the names of ``report.json``, sides included.
    type, pattern : str
        As in `PATTERN_SHARE`.
    volume_ml : float
        In bone; a diffuse or ivory one takes what its pattern asks instead.
    cortex_broken : bool
        Whether it destroys the cortex that it reaches.
    """

    level: Level
    place: str
    type: str
    pattern: str
    volume_ml: float
    cortex_broken: bool

    def __post_init__(self) -> None:
        if self.pattern not in PATTERN_SHARE.get(self.type, {}):
            raise ValueError(f"there is no {self.pattern} pattern of a {self.type} lesion")
        if self.volume_ml < SMALLEST_ML:
            raise ValueError(f"a lesion has at least {SMALLEST_ML} ml, got {self.volume_ml:g}")


def choice(shares: dict[str, float], rng: np.random.Generator) -> str:
    """A name drawn by its share; shares need not add up to 1."""
    weights = np.array(list(shares.values()))
    return str(rng.choice(list(shares), p=weights / weights.sum()))


def random_level(levels: Sequence[Level], rng: np.random.Generator) -> Level:
    """A level drawn by the review's distribution among those that are given.

    Raises
    ------
    ValueError
        If no level is given.
    """
    if not levels:
        raise ValueError("there is no whole vertebra in the field of view to bear a lesion")
    count = {region: sum(level.region is region for level in levels) for region in Region}
    weights = np.array([REGION_SHARE[level.region] / count[level.region] for level in levels])
    return levels[int(rng.choice(len(levels), p=weights / weights.sum()))]


def random_plan(level: Level, rng: np.random.Generator, type_: str | None = None) -> LesionPlan:
    """A metastasis of a level; its type is random unless it is given."""
    kind = type_ or choice(TYPE_SHARE, rng)
    place = choice(PLACE_SHARE, rng)
    pattern = choice(PATTERN_SHARE[kind], rng)
    if place not in ("body", "spinous_process"):
        place += "_left" if rng.random() < 0.5 else "_right"
    if pattern in ("diffuse", "ivory"):
        place = "body"
    volume = float(np.clip(np.exp(rng.normal(np.log(MEDIAN_ML), SPREAD)), SMALLEST_ML, LARGEST_ML))
    return LesionPlan(level, place, kind, pattern, volume, bool(rng.random() < CORTEX_BROKEN_SHARE[kind]))
