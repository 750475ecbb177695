"""The tables of the Spinal Instability Neoplastic Score: the value of each member is its points.

Fisher CG et al. A novel classification system for spinal instability in neoplastic disease.
Spine 2010;35(22):E1221-1229. Categories: Fourney DR et al. J Clin Oncol 2011;29(22):3072-3077.
"""

from __future__ import annotations

from enum import Enum, IntEnum

from spinemets.anatomy import Level


class Location(IntEnum):
    """SINS location; the value of each member is its points."""

    RIGID = 0  # S2 to S5
    SEMIRIGID = 1  # T3 to T10
    MOBILE = 2  # C3 to C6, L2 to L4
    JUNCTIONAL = 3  # occiput to C2, C7 to T2, T11 to L1, L5 to S1


class Pain(IntEnum):
    """SINS pain, told by a clinician; there is no 2."""

    PAINLESS = 0
    OCCASIONAL = 1  # not mechanical
    MECHANICAL = 3  # relieved by lying down, or caused by movement or load


class BoneLesion(IntEnum):
    """SINS bone lesion."""

    BLASTIC = 0
    MIXED = 1
    LYTIC = 2


class Alignment(IntEnum):
    """SINS radiographic spinal alignment."""

    NORMAL = 0
    DE_NOVO_DEFORMITY = 2  # kyphosis or scoliosis
    SUBLUXATION = 4  # or translation


class Collapse(IntEnum):
    """SINS vertebral body collapse."""

    NONE = 0
    BODY_INVOLVED = 1  # no collapse, more than half of the body involved
    UP_TO_HALF = 2  # the source says "< 50 %" and "> 50 %"; exactly 50 % is placed here by us
    OVER_HALF = 3


class Posterolateral(IntEnum):
    """SINS posterolateral involvement: facet, pedicle or costovertebral joint, fractured or replaced by tumour."""

    NONE = 0
    UNILATERAL = 1
    BILATERAL = 3


class Category(str, Enum):
    """What a total means."""

    STABLE = "stable"  # 0 to 6
    POTENTIALLY_UNSTABLE = "potentially_unstable"  # 7 to 12
    UNSTABLE = "unstable"  # 13 to 18


LEAST_TOTAL = {Category.STABLE: 0, Category.POTENTIALLY_UNSTABLE: 7, Category.UNSTABLE: 13}
CONSULTATION_FROM = 7
"""Fisher 2010: surgical consultation is suggested from this total on."""
HALF_PERCENT = 50.0
COMPONENTS = ("location", "pain", "bone_lesion", "alignment", "collapse", "posterolateral")
IMAGING_COMPONENTS = tuple(name for name in COMPONENTS if name != "pain")

INTEROBSERVER_KAPPA = {
    "location": 0.790,
    "pain": 0.841,
    "bone_lesion": 0.244,
    "alignment": 0.456,
    "collapse": 0.462,
    "posterolateral": 0.492,
}
"""How far readers agree (Fourney 2011), to be read beside every component."""


def _location_of_level() -> dict[Level, Location]:
    names = list(Level)
    spans = (
        ("C1", "C2", Location.JUNCTIONAL),
        ("C3", "C6", Location.MOBILE),
        ("C7", "T2", Location.JUNCTIONAL),
        ("T3", "T10", Location.SEMIRIGID),
        ("T11", "T12", Location.JUNCTIONAL),
        ("L1", "L1", Location.JUNCTIONAL),
        ("L2", "L4", Location.MOBILE),
        ("L5", "L5", Location.JUNCTIONAL),
        ("S1", "S1", Location.JUNCTIONAL),
        ("S2", "S5", Location.RIGID),
    )
    table = {}
    for first, last, location in spans:
        for level in names[names.index(Level(first)) : names.index(Level(last)) + 1]:
            table[level] = location
    return table


LOCATION_OF_LEVEL = _location_of_level()
"""Levels that the source defines; T13, L6 and the undivided sacrum are none of them."""


def category_of(total: int) -> Category:
    """The category of a total from 0 to 18."""
    if not 0 <= total <= 18:
        raise ValueError(f"a SINS total lies in 0 to 18, got {total}")
    return max((c for c in Category if total >= LEAST_TOTAL[c]), key=lambda c: LEAST_TOTAL[c])
