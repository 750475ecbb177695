"""What was measured in a slice with tumour, each with its interval: edges off by half a pixel, and the reference.

A loss is compared with slices that the same hand outlined, so that a part of what an edge is off by is off there too.
Half a pixel of one edge, half a pixel of another, and what sac and cord may naturally change on the way from the
reference are independent: half widths add up as squares do.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinemets.findings import Finding, Measured, NotApplicable
from spinemets.measure.canal_taper import ReferenceSpan
from spinemets.measure.cord_compression import SliceCompression

NO_CORD = NotApplicable("no_cord_in_slice")
DIGITS = 3
METHODS = {
    "epidural_area_mm2": "area of the tumour in the canal",
    "epidural_thickness_mm": "diameter of the largest circle in the tumour",
    "sac_indentation_mm": "how deep the tumour reaches into the sac as slices without tumour have it",
    "sac_area_mm2": "area of all inside the dura",
    "sac_area_loss": "1 - area of the sac / area that slices without tumour have",
    "cord_gap_mm": "least distance between the edges of tumour and cord",
    "cord_area_mm2": "area of the cord",
    "cord_ap_mm": "anteroposterior diameter of the cord: 4 standard deviations of its area",
    "cord_rl_mm": "transverse diameter of the cord: 4 standard deviations of its area",
    "mscc_ap": "1 - anteroposterior diameter of the cord / that of slices without tumour (Miyanji 2007)",
    "mscc_rl": "1 - transverse diameter of the cord / that of slices without tumour",
    "cord_area_loss": "1 - area of the cord / area that slices without tumour have",
    "cord_shift_mm": "how far the centre of the cord moved away from the tumour",
    "csf_fraction": "share of the millimetre round the cord that is CSF",
}
"""How each is measured; the names are those of `SliceCompression`."""
IN_SLICE = (
    "epidural_area_mm2",
    "sac_indentation_mm",
    "cord_gap_mm",
    "cord_shift_mm",
    "sac_area_loss",
    "mscc_ap",
    "cord_area_loss",
    "csf_fraction",
)
"""Those that an answer also tells as plain numbers."""
SIGNED = frozenset({"sac_indentation_mm", "sac_area_loss", "mscc_ap", "mscc_rl", "cord_area_loss", "cord_shift_mm"})
"""Those that may lie on the other side of none: a cord thicker than its reference, tumour that stays off the sac."""
UNITS = {"mm2": "mm2", "mm": "mm"}
"""By the last word of a name; fractions have none."""


@dataclass(frozen=True)
class _Errors:
    """Half widths of the intervals of one slice."""

    one: SliceCompression
    span: ReferenceSpan
    half_mm: float
    left: float

    @property
    def cord_mm(self) -> float:
        """Mean diameter of the cord."""
        return max(2 * float(np.sqrt(self.one.cord_area_mm2 / np.pi)), 1.0)

    @property
    def sac_mm(self) -> float:
        """The same of the sac."""
        return max(2 * float(np.sqrt(self.one.sac_area_mm2 / np.pi)), 1.0)

    def of(self, name: str) -> tuple[float, float]:
        """Below and above."""
        edges = self._edges(name)
        below, above = self._way(name)
        return float(np.hypot(edges, below)), float(np.hypot(edges, above))

    def _edges(self, name: str) -> float:
        """What edges that are half a pixel off add.

        Two edges are apart by a distance, and so is a dent from the wall it is measured from. A loss of a diameter is
        as wide as one of area, since its two edges are off each by itself (ours, set on 25 simulated tumours of the
        validation seeds so that nine in ten intervals hold the truth).
        """
        one, half = self.one, self.half_mm
        wall = min(one.epidural_area_mm2 / max(one.epidural_thickness_mm * np.pi * self.sac_mm, 1e-6), 1.0)
        return {
            "epidural_area_mm2": 2 * half * one.epidural_area_mm2 / max(one.epidural_thickness_mm, 0.5),
            "epidural_thickness_mm": 2 * half,
            "sac_indentation_mm": float(np.sqrt(2)) * half,
            "sac_area_mm2": np.pi * self.sac_mm * half,
            "sac_area_loss": float(np.hypot(self.left, wall)) * 4 * half / self.sac_mm,
            "cord_gap_mm": float(np.sqrt(2)) * half,
            "cord_area_mm2": np.pi * self.cord_mm * half,
            "cord_ap_mm": 2 * half,
            "cord_rl_mm": 2 * half,
            "mscc_ap": self.left * 4 * half / self.cord_mm,
            "mscc_rl": self.left * 4 * half / self.cord_mm,
            "cord_area_loss": self.left * 4 * half / self.cord_mm,
            "cord_shift_mm": half,
        }[name]

    def _way(self, name: str) -> tuple[float, float]:
        """What the way from the reference adds, below and above."""
        one, span = self.one, self.span
        if name in ("mscc_ap", "mscc_rl"):
            loss = getattr(one, name)
            return _against(loss, span.cord[0] ** 0.5), _against(loss, span.cord[1] ** 0.5)
        if name == "cord_area_loss":
            return _against(one.cord_area_loss or 0.0, span.cord[0]), _against(one.cord_area_loss or 0.0, span.cord[1])
        if name == "sac_area_loss":
            return _against(one.sac_area_loss, span.sac[0]), _against(one.sac_area_loss, span.sac[1])
        if name == "sac_indentation_mm":
            whole_mm = self.sac_mm / max(1 - one.sac_area_loss, 0.05) ** 0.5
            low, high = (abs(factor**0.5 - 1) * whole_mm / 2 for factor in span.sac)
            return float(np.hypot(low, span.centre_mm)), float(np.hypot(high, span.centre_mm))
        return (span.centre_mm, span.centre_mm) if name == "cord_shift_mm" else (0.0, 0.0)


def _against(loss: float, factor: float) -> float:
    """How much another loss is against a reference that is larger by a factor."""
    return abs((1 - loss) * (1 - 1 / factor))


def compression_findings(
    one: SliceCompression, span: ReferenceSpan, *, pixel_mm: float, reference_left: float
) -> dict[str, Finding]:
    """Every measure of a slice with unit, interval and method; not applicable where it needs a cord and there is none.

    Parameters
    ----------
    one : SliceCompression
        What was measured.
    span : ReferenceSpan
        How far sac and cord may naturally differ from their reference.
    pixel_mm : float
        Edge of a pixel of the image.
    reference_left : float
        Share of what an edge is off by that is left in a comparison with slices of the same hand.
    """
    errors = _Errors(one, span, pixel_mm / 2, reference_left)
    return {name: _finding(one, name, errors) for name in METHODS}


def _finding(one: SliceCompression, name: str, errors: _Errors) -> Finding:
    value = getattr(one, name)
    if value is None or (name == "cord_area_mm2" and value == 0):
        return NO_CORD
    if name == "csf_fraction":
        low, high = float(one.csf_low or 0.0), float(one.csf_high or 0.0)
    else:
        below, above = errors.of(name)
        low, high = value - below, value + above
        low = low if name in SIGNED else max(low, 0.0)
    low, middle, high = (round(float(number), DIGITS) + 0.0 for number in (low, value, high))  # no -0
    return Measured(middle, UNITS.get(name.rpartition("_")[2], "1"), low, high, METHODS[name])
