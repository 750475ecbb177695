"""How other tools number vertebrae in their masks.

Numbers are bound to class names, names to levels: a table is checked by reading it, and a
release that renumbers its classes needs a new table, not new code. Sources:
TotalSegmentator ``map_to_binary.py``, version 2, tasks ``total`` and ``vertebrae_mr``;
VerSe ids, github.com/anjany/verse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import LEVEL_OF_VERSE_ID, Level, parse_level
from spinemets.errors import StudyError

LARGEST_LABEL = 65535
"""A larger one is an image taken for a mask."""


@dataclass(frozen=True)
class LabelTable:
    """The vertebra labels of one kind of mask.

    Attributes
    ----------
    name : str
        What a user types.
    class_names : mapping of int to str
        Label to the tool's own class name, vertebrae and sacrum only.
    has_other_structures : bool
        Other labels are other organs and count as background; else they are an error.
    """

    name: str
    class_names: Mapping[int, str]
    has_other_structures: bool

    @property
    def levels(self) -> dict[int, Level]:
        """Label to level."""
        return {label: level_of_class(name) for label, name in self.class_names.items()}

    def to_verse(self, labels: NDArray[np.integer], *, mask_name: str = "mask") -> NDArray[np.uint8]:
        """VerSe ids of the same shape; what is no vertebra is 0.

        Raises
        ------
        StudyError
            If there is a label over `LARGEST_LABEL`, or one that this table does not
            know and other structures are not expected.
        """
        if labels.max(initial=0) > LARGEST_LABEL:
            raise StudyError(f"{mask_name} has a label {labels.max()}; labels end at {LARGEST_LABEL}")
        present = np.flatnonzero(np.bincount(labels.ravel(order="K")))
        levels = self.levels
        unknown = [int(label) for label in present if label and label not in levels]
        if unknown and not self.has_other_structures:
            shown = ", ".join(map(str, unknown[:8])) + (", …" if len(unknown) > 8 else "")
            raise StudyError(
                f"{mask_name} has labels {shown}, which are no {self.name} vertebra labels; "
                f"known kinds of labels: {', '.join(LABEL_TABLES)}"
            )
        lookup = np.zeros(int(present.max(initial=0)) + 1, dtype=np.uint8)
        for label, level in levels.items():
            if label < len(lookup):
                lookup[label] = level.verse_id
        return lookup[labels]


def level_of_class(name: str) -> Level:
    """The level that a class name such as ``vertebrae_T7``, ``T7`` or ``sacrum`` stands for.

    Examples
    --------
    >>> level_of_class("vertebrae_T7")
    <Level.T7: 'T7'>
    """
    return parse_level(name.removeprefix("vertebrae_"))


def _upwards(first_label: int, *names: str) -> dict[int, str]:
    """Class names numbered from `first_label`."""
    return {first_label + offset: f"vertebrae_{name}" for offset, name in enumerate(names)}


_LUMBAR_UP = tuple(f"L{n}" for n in range(5, 0, -1))
_THORACIC_UP = tuple(f"T{n}" for n in range(12, 0, -1))
_CERVICAL_UP = tuple(f"C{n}" for n in range(7, 0, -1))

VERSE = LabelTable("verse", {label: str(level) for label, level in LEVEL_OF_VERSE_ID.items()}, False)
TOTALSEGMENTATOR = LabelTable(
    "totalsegmentator",
    {25: "sacrum", **_upwards(26, "S1", *_LUMBAR_UP, *_THORACIC_UP, *_CERVICAL_UP)},
    has_other_structures=True,
)
TOTALSEGMENTATOR_MR = LabelTable(
    "totalsegmentator_mr",
    {1: "sacrum", **_upwards(2, *_LUMBAR_UP, *_THORACIC_UP, *_CERVICAL_UP)},
    has_other_structures=False,
)

LABEL_TABLES: dict[str, LabelTable] = {table.name: table for table in (VERSE, TOTALSEGMENTATOR, TOTALSEGMENTATOR_MR)}
"""Every table by the name that a user types."""


def label_table(name: str) -> LabelTable:
    """The table of that name; `StudyError` names those that exist."""
    try:
        return LABEL_TABLES[name]
    except KeyError:
        raise StudyError(f"no label table '{name}'; known are {', '.join(LABEL_TABLES)}") from None
