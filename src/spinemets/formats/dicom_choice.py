"""Which of several stacks of one role is used, and the reason given for the others.

Of axial T2 every one of the newest examination. Of all else the first in this order: the newest
examination; an original rather than a reformat; thinner slices, all up to 1.25 mm being thin
enough; more of the patient's length, to 10 mm; a softer kernel, for the spread of HU; finer pixels.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from spinemets.formats.dicom_attributes import Attributes
from spinemets.formats.dicom_stack import Stack
from spinemets.geometry import corners_mm

SEVERAL_TIMES = ("t2_axial",)
"""Roles that a study may have more than one series of: each shows a part of the canal of its own."""

THIN_MM = 1.25
"""Slices up to this distance apart count as equally thin: a vertebral body is ten times as high."""

_GE_KERNELS = {"SOFT": 0.1, "STANDARD": 0.2, "DETAIL": 0.5, "CHEST": 0.4, "LUNG": 0.9, "BONE": 0.8, "BONEPLUS": 0.9}
_GE_SHARPEST = {"EDGE": 1.0, "ULTRA": 1.0}
_PHILIPS_KERNELS = {"A": 0.1, "B": 0.2, "C": 0.4, "D": 0.6, "E": 0.9, "L": 0.9, "YA": 0.6, "YB": 0.7, "YC": 0.8}
_NAMED_KERNELS = _GE_KERNELS | _GE_SHARPEST | _PHILIPS_KERNELS | {"YD": 0.9}
_UNKNOWN_SHARPNESS = 0.5


@dataclass(frozen=True)
class Candidate:
    """A stack with the role that it would have."""

    role: str
    stack: Stack
    name: str
    uid: str | None

    @property
    def attributes(self) -> Attributes:
        """Those of the stack."""
        return self.stack.attributes

    @property
    def examined_on(self) -> str:
        """Study date, YYYYMMDD, or ''; for comparing only, it is not shown."""
        return self.attributes.text("StudyDate")


def kernel_sharpness(kernel: str) -> float:
    """How sharp a reconstruction kernel is, 0 soft to 1 sharp; 0.5 for a name that is not known.

    Siemens counts from 10 to 90 (``B31f``, ``Br64``), Canon from FC01 (body) over FC30 (bone)
    to FC50 and more (lung), GE and Philips have names.
    """
    name = kernel.split("\\")[0].strip().upper()
    if name in _NAMED_KERNELS:
        return _NAMED_KERNELS[name]
    canon = re.fullmatch(r"FC(\d\d)\w*", name)
    if canon:
        return 0.2 if int(canon[1]) < 30 else 0.8 if int(canon[1]) < 50 else 0.9
    siemens = re.match(r"[A-Z]{1,2}(\d\d)", name)
    return int(siemens[1]) / 100 if siemens else _UNKNOWN_SHARPNESS


def _step_mm(candidate: Candidate) -> float:
    affine = candidate.stack.affine
    normal = np.cross(affine[:3, 0], affine[:3, 1])
    return float(abs(affine[:3, 2] @ normal) / np.linalg.norm(normal))


def _length_mm(candidate: Candidate) -> float:
    return float(np.ptp(corners_mm(candidate.stack.shape, candidate.stack.affine)[:, 2]))


def _is_reformat(candidate: Candidate) -> bool:
    return bool({"MPR", "REFORMATTED", "AVERAGE", "MPR THICK"} & set(candidate.attributes.image_type))


# What a preferred stack has, and a value that is lowest where there is most of it.
_CRITERIA: tuple[tuple[str, Callable[[Candidate], float]], ...] = (
    ("a newer examination", lambda c: -float(c.examined_on) if c.examined_on.isdigit() else -np.inf),
    ("not a reformat", lambda c: float(_is_reformat(c))),
    ("thinner slices", lambda c: max(round(_step_mm(c), 2), THIN_MM)),
    ("more coverage", lambda c: -round(_length_mm(c), -1)),
    ("a softer kernel", lambda c: kernel_sharpness(c.attributes.text("ConvolutionKernel"))),
    ("finer pixels", lambda c: round(float(np.linalg.norm(c.stack.affine[:3, 0])), 2)),
)


def by_preference(candidates: list[Candidate]) -> list[Candidate]:
    """Candidates of one role, the best first; in the order found where nothing tells them apart."""
    return sorted(candidates, key=lambda c: tuple(value(c) for _, value in _CRITERIA))


def stands_beside(best: Candidate, other: Candidate) -> bool:
    """Whether `other` is used as well as the best of its role: of one examination, and both or neither a reformat."""
    same = other.examined_on == best.examined_on and _is_reformat(other) == _is_reformat(best)
    return best.role in SEVERAL_TIMES and same


def why_preferred(best: Candidate, other: Candidate) -> str:
    """The reason to give for leaving `other` out."""
    for advantage, value in _CRITERIA:
        if value(best) < value(other):
            return f"another series of the same role was preferred: {best.role} with {advantage}".replace(
                "with not", "that is not"
            )
    return f"another series of the same role was preferred: {best.role} that was found first"


def with_prior_ct(candidates: list[Candidate]) -> list[Candidate]:
    """The same stacks; those of CT on the second newest date become ``prior_ct`` where dates differ."""
    dates = sorted({c.examined_on for c in candidates if c.role == "ct" and c.examined_on.isdigit()}, reverse=True)
    if len(dates) < 2:
        return candidates
    return [
        Candidate("prior_ct", c.stack, c.name, c.uid) if c.role == "ct" and c.examined_on == dates[1] else c
        for c in candidates
    ]
