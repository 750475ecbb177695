"""Disease of all marrow: where it is dark on T1 at every level, none is known to be healthy."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from spinemets.anatomy import Level
from spinemets.findings import Finding, NotAssessed, Reason
from spinemets.fracture_assessment import said
from spinemets.marrow_evidence import MrEvidence
from spinemets.measure.signal import ratio
from spinemets.rules import marrow_signal
from spinemets.rules.presence import Presence

DIFFUSE, UNCHECKED = "diffuse_marrow_disease_suspected", "diffuse_marrow_disease_not_checked"
"""Flags: no level is known to be healthy; nobody could check."""
ALL_DARK = NotAssessed(
    Reason.NO_REFERENCE, "marrow is darker than disc and muscle on T1 at every level, so none is known to be healthy"
)
"""Stands for everything that is compared with healthy marrow or bone."""


def diffuse_disease(evidence: MrEvidence, levels: Collection[Level]) -> bool | NotAssessed:
    """Whether all of `levels` are dark on T1, or why that is not known."""
    return evidence.missing("t1") or marrow_signal.diffuse_disease(
        {level: _t1_ratios(evidence, level) for level in levels}
    )


def _t1_ratios(evidence: MrEvidence, level: Level) -> tuple[Finding, Finding]:
    body = evidence.signal("t1", level, "body")
    return (
        ratio(body, evidence.disc("t1", level), "body by disc"),
        ratio(body, evidence.muscle("t1", level), "body by muscle"),
    )


def diffuse_flags(diffuse: bool | NotAssessed) -> tuple[str, ...]:
    """`DIFFUSE`, `UNCHECKED`, or none."""
    if isinstance(diffuse, NotAssessed):
        return (UNCHECKED,)
    return (DIFFUSE,) if diffuse else ()


def diffuse_sign(diffuse: bool | NotAssessed) -> Any:
    """X20 as it stands in the report."""
    if isinstance(diffuse, NotAssessed):
        return diffuse
    method = f"X20, body darker than disc and muscle on T1 at all levels: {marrow_signal.SOURCE}"
    return said(Presence.PRESENT if diffuse else Presence.ABSENT, method)
