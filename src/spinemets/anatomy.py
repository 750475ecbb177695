"""Levels, sides and the label numbers of our own files and of other people's.

Numbers of a data set are bound to names here and nowhere else: a vertebra is a
`Level`, never an integer. Sources: VerSe ids, github.com/anjany/verse; subregion ids,
SPINEPS and TPTBox; 51 and 52 are ours.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import Enum, IntEnum


class Side(str, Enum):
    """A side of the patient, never of the picture."""

    LEFT = "left"
    RIGHT = "right"


class Region(str, Enum):
    """A part of the spine within which levels are counted."""

    CERVICAL = "C"
    THORACIC = "T"
    LUMBAR = "L"
    SACRAL = "S"


class Level(str, Enum):
    """A vertebral level, in cranio-caudal order; T13 and L6 are the transitional ones.

    `SACRUM` is the undivided sacrum of a mask, S1 to S5 its segments in a case that
    somebody wrote down.
    """

    C1 = "C1"
    C2 = "C2"
    C3 = "C3"
    C4 = "C4"
    C5 = "C5"
    C6 = "C6"
    C7 = "C7"
    T1 = "T1"
    T2 = "T2"
    T3 = "T3"
    T4 = "T4"
    T5 = "T5"
    T6 = "T6"
    T7 = "T7"
    T8 = "T8"
    T9 = "T9"
    T10 = "T10"
    T11 = "T11"
    T12 = "T12"
    T13 = "T13"
    L1 = "L1"
    L2 = "L2"
    L3 = "L3"
    L4 = "L4"
    L5 = "L5"
    L6 = "L6"
    SACRUM = "sacrum"
    S1 = "S1"
    S2 = "S2"
    S3 = "S3"
    S4 = "S4"
    S5 = "S5"

    def __str__(self) -> str:
        return self.value

    @property
    def region(self) -> Region:
        """The part of the spine this level belongs to."""
        return Region.SACRAL if self is Level.SACRUM else Region(self.value[0])

    @property
    def order(self) -> int:
        """Position counted from C1 = 0 towards the feet."""
        return _ORDER[self]

    @property
    def verse_id(self) -> int:
        """The VerSe label; a segment of the sacrum has that of the sacrum, 26."""
        if self.region is Region.SACRAL:
            return VERSE_ID[Level.SACRUM]
        return VERSE_ID[self]


_ORDER: dict[Level, int] = {level: number for number, level in enumerate(Level)}

VERSE_ID: dict[Level, int] = {
    **{Level(f"C{n}"): n for n in range(1, 8)},
    **{Level(f"T{n}"): n + 7 for n in range(1, 13)},
    **{Level(f"L{n}"): n + 19 for n in range(1, 7)},
    Level.SACRUM: 26,
    Level.T13: 28,
}
"""Label of each level in a vertebra mask."""

LEVEL_OF_VERSE_ID: dict[int, Level] = {number: level for level, number in VERSE_ID.items()}

PRESACRAL_LEVELS: tuple[Level, ...] = tuple(level for level in Level if level.region is not Region.SACRAL)
"""C1 to L6, T13 included, from head to foot."""


class Subregion(IntEnum):
    """Labels of a subregion mask."""

    ARCH = 41
    SPINOUS_PROCESS = 42
    TRANSVERSE_PROCESS_LEFT = 43
    TRANSVERSE_PROCESS_RIGHT = 44
    SUPERIOR_ARTICULAR_LEFT = 45
    SUPERIOR_ARTICULAR_RIGHT = 46
    INFERIOR_ARTICULAR_LEFT = 47
    INFERIOR_ARTICULAR_RIGHT = 48
    BODY_BORDER = 49
    BODY = 50
    PEDICLE_LEFT = 51
    PEDICLE_RIGHT = 52


class CanalLabel(IntEnum):
    """Labels of a canal mask of an axial T2 series."""

    CORD = 1
    THECAL_SAC = 2
    EPIDURAL_TUMOUR = 3


class LesionLabel(IntEnum):
    """Labels of a lesion mask; a lesion with both is mixed."""

    LYTIC = 1
    BLASTIC = 2


def parse_level(text: str) -> Level:
    """`Level` written as ``T7``, ``t07`` or ``sacrum``.

    Raises
    ------
    ValueError
        If no such level exists.

    Examples
    --------
    >>> parse_level("t07")
    <Level.T7: 'T7'>
    """
    word = text.strip()
    if word.lower() == "sacrum":
        return Level.SACRUM
    name = word[:1].upper() + word[1:].lstrip("0")
    try:
        return Level(name)
    except ValueError:
        raise ValueError(f"'{text}' is not a vertebral level; write C1…C7, T1…T13, L1…L6, S1…S5 or sacrum") from None


def nearest_levels(level: Level, among: Collection[Level]) -> tuple[Level, ...]:
    """The next level above and the next one below that are among some, as far as there are any."""
    fit = sorted(among, key=lambda one: one.order)
    above = [one for one in fit if one.order < level.order][-1:]
    return (*above, *[one for one in fit if one.order > level.order][:1])
