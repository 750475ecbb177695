"""What keys of the report are called on its page."""

from __future__ import annotations

WORDS = {
    "sins": "SINS",
    "escc": "ESCC",
    "sins_case": "SINS, what went in",
    "sins_level": "SINS",
    "escc_level": "ESCC",
    "heights_mm": "body heights, mm",
    "reference_mm": "expected heights, mm",
    "p_metastatic": "probability of metastasis",
    "genant": "Genant grade",
    "kyphosis_deg": "kyphosis over three levels",
    "scoliosis_deg": "scoliosis over three levels",
    "kyphosis_change_deg": "kyphosis beyond what is expected",
    "scoliosis_change_deg": "scoliosis beyond what is expected",
    "slip_above_mm": "slip of the level above",
    "slip_below_mm": "slip on the level below",
    "side_slip_above_mm": "sideways slip of the level above",
    "side_slip_below_mm": "sideways slip on the level below",
    "slip_above_fraction": "slip of the level above by the depth",
    "slip_below_fraction": "slip on the level below by the depth",
}
"""Names of keys that do not read well as they are."""
