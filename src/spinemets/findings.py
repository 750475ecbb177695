"""What was measured, and why something was not.

A finding is a `Measured` number with its interval, or `NotAssessed` with the reason, or
`NotApplicable`. Nothing that was not seen is ever zero, normal or stable.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any

from spinemets.anatomy import Level

CODE_PATTERN = re.compile(r"[a-z][a-z0-9_]*")


class Reason(str, Enum):
    """Why something could not be assessed."""

    MISSING_SEQUENCE = "missing_sequence"
    MISSING_MASK = "missing_mask"
    OUT_OF_FIELD = "out_of_field"
    TOO_SMALL = "too_small"
    METAL = "metal"
    CEMENT = "cement"
    TREATED = "treated"
    MOTION = "motion"
    RESOLUTION = "resolution"
    LEVEL_AMBIGUOUS = "level_ambiguous"
    NO_REFERENCE = "no_reference"
    NOT_TRAINED_FOR = "not_trained_for"
    NO_MODEL = "no_model"
    NOT_STATED = "not_stated"

    def __str__(self) -> str:
        return self.value


@dataclass(frozen=True)
class NotAssessed:
    """Something that was looked for in vain, or not looked for; it says nothing about the patient.

    Attributes
    ----------
    code : Reason
        Why; a string is taken if it is the value of a `Reason`.
    detail : str
        One sentence for the reader of the report.
    """

    code: Reason
    detail: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "code", Reason(self.code))
        if not self.detail.strip():
            raise ValueError(f"not assessed because of '{self.code}' needs a detail for the reader")

    def to_json_dict(self) -> dict[str, Any]:
        """``{not_assessable: code, detail}``."""
        return {"not_assessable": self.code.value, "detail": self.detail}


@dataclass(frozen=True)
class NotApplicable:
    """A question that does not arise here, such as cord compression below the conus.

    Attributes
    ----------
    code : str
        Why, in snake_case.
    """

    code: str

    def __post_init__(self) -> None:
        if not CODE_PATTERN.fullmatch(self.code):
            raise ValueError(f"'{self.code}' is not a code; write it in snake_case")

    def to_json_dict(self) -> dict[str, Any]:
        """``{not_applicable: code}``."""
        return {"not_applicable": str(self.code)}


@dataclass(frozen=True)
class Measured:
    """A number with its unit, its interval and how it was got.

    Attributes
    ----------
    value, low, high : float
        The measurement and the ends of its interval; ``low`` at most `value`, `value` at most ``high``.
    unit : str
        UCUM unit, ``1`` for a fraction or a grade.
    method : str
        How it was measured, for the reader of the report.
    """

    value: float
    unit: str
    low: float
    high: float
    method: str

    def __post_init__(self) -> None:
        if not all(math.isfinite(number) for number in (self.value, self.low, self.high)):
            raise ValueError(f"a measurement must be finite, got {self.value} in [{self.low}, {self.high}]")
        if not self.low <= self.value <= self.high:
            raise ValueError(f"{self.value} lies outside its own interval [{self.low}, {self.high}]")
        if not self.unit or not self.method:
            raise ValueError("a measurement needs a unit and a method")

    @classmethod
    def fraction(cls, value: float, error: float, method: str) -> Measured:
        """A share in [0, 1] with an interval of `error` to either side, all cut off at 0 and 1."""
        low, value, high = (min(max(float(x), 0.0), 1.0) for x in (value - error, value, value + error))
        return cls(value, "1", low, high, method)

    def to_json_dict(self) -> dict[str, Any]:
        """``{value, unit, low, high, method}``."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


Finding = Measured | NotAssessed | NotApplicable
"""One answer."""

Section = Any
"""A part of the report: a `Finding`, or mappings and tuples of findings and plain values."""


def _no_model(what: str) -> NotAssessed:
    return NotAssessed(Reason.NO_MODEL, f"this version has no model or rule for {what}")


_NO_HEIGHTS = _no_model("body heights")
_NO_GRADE = _no_model("the grade of a fracture")
_NO_LESIONS = NotAssessed(
    Reason.NO_MODEL,
    "no network finds lesions on such images; it takes a CT or a sagittal STIR that shows the vertebrae, "
    "or give a mask with --lesions",
)
_NO_POSTERIOR_WALL = _no_model("the posterior wall")
_NO_ALIGNMENT = _no_model("alignment")
_NO_SIGNS = _no_model("signs of the cause of a fracture")
_NO_FRACTURE = _no_model("fractures and their cause")
_NO_SINS = NotAssessed(
    Reason.NO_MODEL,
    "SINS is scored for lesions, and no network finds them on such images; give a mask with --lesions",
)
ESCC_NOT_ASSESSED = NotAssessed(
    Reason.MISSING_SEQUENCE, "epidural compression is graded on an axial T2, and the study has none"
)
"""What stands for ESCC until something grades it."""


@dataclass(frozen=True)
class VertebraFindings:
    """What was found at one level; each part is not assessed until something fills it.

    Attributes
    ----------
    level : Level
        The vertebra.
    heights_mm, reference_mm : Section
        ``anterior``, ``middle`` and ``posterior`` body height, and the same expected without fracture.
    height_loss : Section
        ``anterior``, ``middle``, ``posterior`` and ``max``, fractions in [0, 1].
    genant : Section
        Semiquantitative fracture grade, 0 to 3.
    lesions : Section
        Tuple of lesions. An empty tuple states that they were looked for and there are none.
    posterior_wall, alignment, signs, fracture : Section
        Mappings from the name of a sign or answer to its finding.
    sins_case, sins : Section
        Input and answer of the SINS rule.
    """

    level: Level
    heights_mm: Section = _NO_HEIGHTS
    reference_mm: Section = _NO_HEIGHTS
    height_loss: Section = _NO_HEIGHTS
    genant: Section = _NO_GRADE
    lesions: Section = _NO_LESIONS
    posterior_wall: Section = _NO_POSTERIOR_WALL
    alignment: Section = _NO_ALIGNMENT
    signs: Section = _NO_SIGNS
    fracture: Section = _NO_FRACTURE
    sins_case: Section = _NO_SINS
    sins: Section = _NO_SINS
