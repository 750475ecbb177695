"""Slices to stacks: which belong together, in which order, and whether any is missing.

Order comes from positions in the patient alone.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinemets.errors import StudyError
from spinemets.formats.affines import lps_to_ras, require_plausible_affine
from spinemets.formats.dicom_attributes import Attributes
from spinemets.formats.dicom_pixels import stored_pixels
from spinemets.formats.dicom_slices import Slice

MIN_SLICES = 3
"""Fewer are a picture, not a volume."""

STEP_TOLERANCE = 0.01
STEP_TOLERANCE_MM = 0.1
"""Steps between slices may differ from their median by the larger of 1 % and 0.1 mm."""

SAME_POSITION_MM = 0.01
"""Slices at most this far apart lie at one position."""

TILT_MM = 0.02
"""In-plane shift from slice to slice beyond which the stack is sheared: rounding stays below."""


@dataclass(frozen=True)
class Stack:
    """Parallel slices at regular steps, sorted along their normal.

    Attributes
    ----------
    slices : tuple of Slice
        In the order of voxel axis K.
    affine : (4, 4) ndarray
        From (column, row, slice) to world RAS+ mm; sheared where the gantry was tilted.
    flags : tuple of str
        ``gantry_tilt``, ``duplicate_slices_dropped``.
    """

    slices: tuple[Slice, ...]
    affine: NDArray[np.float64]
    flags: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of voxels along I, J, K."""
        return (*self.slices[0].shape, len(self.slices))

    @property
    def attributes(self) -> Attributes:
        """Those of the slice in the middle."""
        return self.slices[len(self.slices) // 2].attributes


def parallel_groups(slices: Iterable[Slice]) -> list[list[Slice]]:
    """Slices by orientation, matrix and pixel spacing, as localisers mix them."""
    groups: list[list[Slice]] = []
    for candidate in slices:
        group = next((g for g in groups if candidate.is_parallel_to(g[0])), None)
        if group is None:
            groups.append([candidate])
        else:
            group.append(candidate)
    return groups


# What tells images at one position apart, tried in this order.
_TELLING: tuple[Callable[[Attributes], object], ...] = (
    lambda a: a.image_type,
    lambda a: a.words("ComplexImageComponent"),
    lambda a: a.b_value,
    lambda a: a.echo_time_ms,
    lambda a: a.number("EchoNumbers"),
    lambda a: a.inversion_time_ms,
    lambda a: a.number("TemporalPositionIdentifier", "TemporalPositionIndex"),
    lambda a: a.text("ConvolutionKernel"),
    lambda a: a.number("KVP"),
    lambda a: a.text("StackID"),
    lambda a: a.number("AcquisitionNumber", "FrameAcquisitionNumber"),
    lambda a: a.number("TriggerTime", "NominalCardiacTriggerDelayTime"),
)


def split_at_collisions(slices: list[Slice]) -> list[list[Slice]]:
    """The slices, in parts where several lie at one position and an attribute tells them apart.

    An attribute is used only if it makes fewer slices collide and every part has at least `MIN_SLICES`.
    """
    worst = _most_at_one_position(slices)
    if worst == 1:
        return [slices]
    for telling in _TELLING:
        parts: dict[object, list[Slice]] = {}
        for candidate in slices:
            parts.setdefault(telling(candidate.attributes), []).append(candidate)
        if len(parts) > 1 and all(
            len(part) >= MIN_SLICES and _most_at_one_position(part) < worst for part in parts.values()
        ):
            return [piece for part in parts.values() for piece in split_at_collisions(part)]
    return [slices]


def _along_normal(slices: list[Slice]) -> NDArray[np.float64]:
    return np.array([s.position_mm for s in slices]) @ slices[0].normal


def _most_at_one_position(slices: list[Slice]) -> int:
    along = np.sort(_along_normal(slices))
    position = np.concatenate([[0], np.cumsum(np.diff(along) > SAME_POSITION_MM)])
    return max(Counter(position.tolist()).values())


def stack_of(slices: list[Slice]) -> Stack:
    """The stack that parallel slices make.

    Raises
    ------
    StudyError
        If there are fewer than `MIN_SLICES`, one is missing, steps are irregular, the spacing is not
        believable, or different images lie at one position.
    """
    along = _along_normal(slices)
    ordered = [slices[n] for n in np.argsort(along, kind="stable")]
    kept = _without_duplicates(ordered)
    if len(kept) < MIN_SLICES:
        raise StudyError(f"{len(kept)} slice{'s' * (len(kept) > 1)} in this orientation; at least {MIN_SLICES} needed")
    _require_regular(_along_normal(kept))
    flags = () if len(kept) == len(slices) else ("duplicate_slices_dropped",)
    return Stack(tuple(kept), *_affine_and_flags(kept, flags))


def _without_duplicates(ordered: list[Slice]) -> list[Slice]:
    kept = ordered[:1]
    for candidate in ordered[1:]:
        if _along_normal([candidate])[0] - _along_normal(kept[-1:])[0] > SAME_POSITION_MM:
            kept.append(candidate)
        elif _content(candidate) != _content(kept[-1]):
            raise StudyError("different images lie at one position and no attribute tells them apart; send one series")
    return kept


def _content(candidate: Slice) -> tuple[object, ...]:
    pixels = next(stored_pixels([candidate]))
    shift = candidate.attributes.number("RescaleSlope"), candidate.attributes.number("RescaleIntercept")
    place = tuple(np.round(candidate.position_mm / SAME_POSITION_MM).astype(int).tolist())
    return hashlib.sha256(pixels.tobytes()).digest(), shift, place


def _require_regular(along_mm: NDArray[np.float64]) -> None:
    """Raise `StudyError` if a slice is missing between others, or the steps differ."""
    steps = np.diff(along_mm)
    usual = float(np.median(steps))
    tolerance = max(STEP_TOLERANCE * usual, STEP_TOLERANCE_MM)
    even = usual * np.arange(len(along_mm))
    drift = (along_mm - along_mm[0] - even) - np.linspace(0, along_mm[-1] - along_mm[0] - even[-1], len(along_mm))
    wide = float(steps.max())
    if wide > 1.5 * usual:
        missing = int(sum(np.rint(step / usual) - 1 for step in steps if step > 1.5 * usual))
        raise StudyError(
            f"{missing} slice{'s are' if missing > 1 else ' is'} missing: slices lie {usual:.4g} mm apart and in one "
            f"place {wide:.4g} mm; send the whole series"
        )
    if np.abs(steps - usual).max() > tolerance or np.abs(drift).max() > max(tolerance, 0.1 * usual):
        raise StudyError(
            f"slices lie {steps.min():.4g} to {wide:.4g} mm apart; steps may differ by at most {tolerance:.2g} mm"
        )


def _affine_and_flags(kept: list[Slice], flags: tuple[str, ...]) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    first = kept[0]
    positions = np.array([s.position_mm for s in kept])
    step = (positions[-1] - positions[0]) / (len(kept) - 1)
    off_line = np.linalg.norm(positions - positions[0] - np.outer(np.arange(len(kept)), step), axis=1).max()
    limit = max(STEP_TOLERANCE * float(np.linalg.norm(step)), STEP_TOLERANCE_MM) * 2
    if off_line > max(limit, 0.1 * float(np.linalg.norm(step))):
        raise StudyError(
            f"slices lie up to {off_line:.3g} mm beside a straight line; at most {limit:.2g} mm is accepted"
        )
    if np.linalg.norm(step - (step @ first.normal) * first.normal) > TILT_MM:
        flags = (*flags, "gantry_tilt")
    affine = np.eye(4)
    affine[:3, 0] = first.along_row * first.pixel_spacing_mm[0]
    affine[:3, 1] = first.along_column * first.pixel_spacing_mm[1]
    affine[:3, 2] = step
    affine[:3, 3] = positions[0]
    require_plausible_affine(affine, "the series")
    return lps_to_ras(affine), flags
