"""What is said of a patient, as pure data, and its JSON document.

The shape of the document is fixed by ``schemas/report-1.json``. Sections that nothing
has filled say so; they are never left out and never look like a normal finding.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from importlib.metadata import version
from typing import Any

import numpy as np

from spinemets.anatomy import Level
from spinemets.findings import (
    ESCC_NOT_ASSESSED,
    Measured,
    NotApplicable,
    NotAssessed,
    Reason,
    Section,
    VertebraFindings,
)
from spinemets.rules.treatment import Statement
from spinemets.spine import Spine, Vertebra
from spinemets.volume import LeftOut, Series

SCHEMA_ID = "urn:spinemets:schema:report-1"
"""Identifies the shape of the document; a change that breaks readers gets the next number."""

RESEARCH_USE_ONLY = (
    "Research use only. Not a medical device. Not for diagnosis or treatment decisions. "
    "Requires review by a qualified radiologist/spine surgeon."
)

VERTEBRA_SECTIONS = (
    "heights_mm",
    "reference_mm",
    "height_loss",
    "genant",
    "lesions",
    "posterior_wall",
    "alignment",
    "signs",
    "fracture",
    "sins_case",
    "sins",
)
"""Names of the parts of `VertebraFindings`, in the order of the document."""

_NO_GOVERNING = NotAssessed(Reason.NO_MODEL, "nothing was scored, so no level governs")


@dataclass(frozen=True)
class InputSeries:
    """An image series as the report names it.

    Attributes
    ----------
    name : str
        File name or series description; carries no patient identifier.
    used : bool
        Whether anything was measured on it.
    role : str or None
        One of `spinemets.volume.ROLES`; None for a series that was left out.
    reason : str or None
        Why it was left out; None for a series that is used.
    uid : str or None
        DICOM Series Instance UID.
    shape : tuple of int or None
        Voxels along I, J, K.
    spacing_mm : tuple of float or None
        Distance between voxel centres along I, J, K, mm.
    acquisition : mapping
        Attributes worth showing.
    flags : tuple of str
        What was put right or is doubtful.
    """

    name: str
    used: bool
    role: str | None = None
    reason: str | None = None
    uid: str | None = None
    shape: tuple[int, ...] | None = None
    spacing_mm: tuple[float, ...] | None = None
    acquisition: Mapping[str, Any] = field(default_factory=dict)
    flags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.used and self.role is None:
            raise ValueError(f"series '{self.name}' is used and so must have a role")
        if not self.used and not self.reason:
            raise ValueError(f"series '{self.name}' is left out and so must have a reason")

    @classmethod
    def of(cls, series: Series | LeftOut) -> InputSeries:
        """What the report keeps of a series: everything but its voxels and its files."""
        if isinstance(series, LeftOut):
            return cls(series.name, used=False, reason=series.reason, uid=series.uid)
        return cls(
            series.name,
            used=True,
            role=series.role,
            uid=series.uid,
            shape=series.volume.shape,
            spacing_mm=tuple(round(float(mm), 4) for mm in series.volume.spacing_mm),
            acquisition=dict(series.acquisition),
            flags=series.flags,
        )

    def to_json_dict(self) -> dict[str, Any]:
        """The attributes that are known; what is not known is left out."""
        known = {name: value for name, value in vars(self).items() if value not in (None, (), {})}
        return {name: plain(value) for name, value in known.items()}


@dataclass(frozen=True)
class Report:
    """Everything that is said of a patient.

    Attributes
    ----------
    inputs : tuple of InputSeries
        The series that are used and those that were left out.
    spine : Spine
        The vertebrae and their levels.
    vertebrae : tuple of VertebraFindings
        One for each vertebra of `spine`, in its order; empty stands for "nothing assessed at any".
    escc : Section
        Tuple of graded sites in the shape of the ESCC answer.
    governing : mapping
        ``sins_level`` and ``escc_level``.
    review_statements : tuple of Statement
        What the review states on treatment, where all that it rests on is established.
    not_assessed : tuple of (str, NotAssessed)
        What could not be told of the whole study, beside the sections that say so themselves.
    provenance : mapping
        Model names and hashes, thresholds, options, run time: whatever it takes to repeat the result.
    """

    inputs: tuple[InputSeries, ...]
    spine: Spine
    vertebrae: tuple[VertebraFindings, ...] = ()
    escc: Section = ESCC_NOT_ASSESSED
    governing: Mapping[str, Any] = field(
        default_factory=lambda: {"sins_level": _NO_GOVERNING, "escc_level": _NO_GOVERNING}
    )
    review_statements: tuple[Statement, ...] = ()
    not_assessed: tuple[tuple[str, NotAssessed], ...] = ()
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.vertebrae:
            object.__setattr__(self, "vertebrae", tuple(VertebraFindings(level) for level in self.spine.levels))
        levels = tuple(findings.level for findings in self.vertebrae)
        if levels != self.spine.levels:
            raise ValueError(f"findings are for {_names(levels)}, the spine has {_names(self.spine.levels)}")

    def to_json_dict(self) -> dict[str, Any]:
        """The document, of plain dicts, lists, strings and numbers; not yet checked against the schema."""
        return {
            "schema": SCHEMA_ID,
            "software": {"name": "spinemets", "version": version("spinemets")},
            "research_use_only": RESEARCH_USE_ONLY,
            "inputs": [series.to_json_dict() for series in self.inputs],
            "spine": {
                "level_ambiguous": bool(self.spine.level_ambiguous),
                "levels": [_level_json(vertebra) for vertebra in self.spine.vertebrae],
            },
            "vertebrae": [_findings_json(findings) for findings in self.vertebrae],
            "escc": plain(self.escc),
            "governing": plain(self.governing),
            "review_statements": [plain(vars(statement)) for statement in self.review_statements],
            "not_assessed": self._not_assessed_json(),
            "provenance": {"spine_flags": list(self.spine.flags), **plain(self.provenance)},
        }

    def _not_assessed_json(self) -> list[dict[str, Any]]:
        """Every reason once: of the study, then of each section with the levels it holds for."""
        entries = [{"item": item, **reason.to_json_dict()} for item, reason in self.not_assessed]
        for section in VERTEBRA_SECTIONS:
            levels: dict[NotAssessed, list[str]] = {}
            for findings in self.vertebrae:
                for reason in dict.fromkeys(_reasons(getattr(findings, section))):
                    levels.setdefault(reason, []).append(str(findings.level))
            entries += [{"item": section, "levels": names, **reason.to_json_dict()} for reason, names in levels.items()]
        entries += [{"item": "escc", **reason.to_json_dict()} for reason in dict.fromkeys(_reasons(self.escc))]
        return entries


def plain(value: Any) -> Any:
    """`value` as JSON has it: mappings, sequences, enums, numpy numbers and findings made plain."""
    if isinstance(value, Measured | NotAssessed | NotApplicable):
        return value.to_json_dict()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(plain(key)): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return value.tolist()
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


def _reasons(section: Section) -> list[NotAssessed]:
    if isinstance(section, NotAssessed):
        return [section]
    items = section.values() if isinstance(section, Mapping) else section if isinstance(section, tuple | list) else ()
    return [reason for item in items for reason in _reasons(item)]


def _level_json(vertebra: Vertebra) -> dict[str, Any]:
    return {
        "level": vertebra.level.value,
        "verse_id": vertebra.level.verse_id,
        "probability": round(float(vertebra.probability), 4),
        "alternatives": [
            {"level": level.value, "probability": round(float(probability), 4)}
            for level, probability in vertebra.alternatives
        ],
        "partly_visible": bool(vertebra.partly_visible),
        "centroid_mm": [round(float(mm), 2) for mm in vertebra.centroid_mm],
    }


def _findings_json(findings: VertebraFindings) -> dict[str, Any]:
    sections = {name: plain(getattr(findings, name)) for name in VERTEBRA_SECTIONS}
    return {"level": findings.level.value, **sections}


def _names(levels: tuple[Level, ...]) -> str:
    return ", ".join(map(str, levels)) or "no level"
