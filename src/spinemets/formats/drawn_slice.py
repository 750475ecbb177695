"""What is told of one axial slice of the canal beside and on its picture."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spinemets.measure.compression_drawing import SliceDrawing

SPACE = "\N{NO-BREAK SPACE}"


@dataclass(frozen=True)
class DrawnSlice:
    """What is told of one slice.

    Attributes
    ----------
    grade : str or None
        ESCC grade of the slice.
    gap_mm, dent_mm : float or None
        Between tumour and cord; how deep tumour lies in the sac as it would be.
    csf : float or None
        Share of the ring round the cord that is CSF.
    drawing : SliceDrawing or None
        Where they were measured; without it the gap alone is drawn.
    """

    grade: str | None = None
    gap_mm: float | None = None
    dent_mm: float | None = None
    csf: float | None = None
    drawing: SliceDrawing | None = None

    @property
    def text(self) -> str:
        """For the caption."""
        parts = [
            "" if self.gap_mm is None else f"gap{SPACE}{self.gap_mm:.1f}{SPACE}mm",
            "" if self.dent_mm is None or self.dent_mm <= 0 else f"dent{SPACE}{self.dent_mm:.1f}{SPACE}mm",
            "" if self.csf is None else f"CSF{SPACE}{100 * self.csf:.0f}{SPACE}%",
        ]
        if self.grade is None:
            return "no tumour measured"
        told = ", ".join(filter(None, parts))
        return f"grade {self.grade}: {told}" if told else f"grade {self.grade}"


def drawn_slices(site: Mapping[str, Any], drawings: Mapping[int, SliceDrawing]) -> dict[int, DrawnSlice]:
    """What is told of every slice of a site, by its index.

    Parameters
    ----------
    site : mapping
        The answer of ``spinemets escc``.
    drawings : mapping of int to SliceDrawing
        Where its slices were measured.
    """
    return {
        row["index"]: DrawnSlice(
            row["grade"],
            row["cord_gap_mm"],
            row["sac_indentation_mm"],
            row["csf_fraction"],
            drawings.get(row["index"]),
        )
        for row in site["slices"]
    }
