"""DICOM files of one patient to series that are used and series that are left out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

import numpy as np

from spinemets.errors import StudyError
from spinemets.formats.dicom_acquisition import acquisition_of
from spinemets.formats.dicom_attributes import Attributes
from spinemets.formats.dicom_choice import Candidate, by_preference, stands_beside, why_preferred, with_prior_ct
from spinemets.formats.dicom_files import DicomFile, quiet_pydicom, read_headers, require_one_patient
from spinemets.formats.dicom_mr_roles import is_fat_suppressed
from spinemets.formats.dicom_pixels import volume_values
from spinemets.formats.dicom_roles import may_serve_as, role_of, unusable_because
from spinemets.formats.dicom_slices import Slice, frames_of, slice_of
from spinemets.formats.dicom_stack import parallel_groups, split_at_collisions, stack_of
from spinemets.formats.dicom_suv import NO_SUV, suv_factor
from spinemets.formats.values import require_finite
from spinemets.volume import LeftOut, Series, Study, Volume

_T = TypeVar("_T")


@dataclass(frozen=True)
class DicomInput:
    """Files to read together.

    Attributes
    ----------
    paths : tuple of Path
        Files; those that are not DICOM are passed over.
    role : str or None
        The role that whoever gave them says they have; None to find it from the attributes.
    """

    paths: tuple[Path, ...]
    role: str | None = None


def read_dicom(inputs: Iterable[DicomInput]) -> Study:
    """The best stack of each role, every axial T2 of one examination, and why all others are left out.

    A damaged stack is left out like one that is not understood; where it was the preferred
    one of its role, the next takes its place.

    Raises
    ------
    StudyError
        If there are two patients, or a file ends before its pixels begin.
    """
    with quiet_pydicom():
        sources = [(read_headers(source.paths), source.role) for source in inputs]
        require_one_patient([file for files, _ in sources for file in files])
        return _study(sources)


def _study(sources: list[tuple[list[DicomFile], str | None]]) -> Study:
    series: list[Series] = []
    left_out: list[LeftOut] = []
    for files, role in sources:
        candidates: list[Candidate] = []
        for group in _by_series(files):
            found, rejected = _candidates(group, role)
            candidates += found
            left_out += rejected
        used, rejected = _chosen(candidates if role else with_prior_ct(candidates))
        series += used
        left_out += rejected
    return Study(tuple(series), tuple(left_out), is_dicom=True)


def _by_series(files: list[DicomFile]) -> list[list[DicomFile]]:
    """Files by series, in the order of series numbers."""
    groups: dict[tuple[str, ...], list[DicomFile]] = {}
    for file in files:
        groups.setdefault(file.series_key, []).append(file)
    return sorted(groups.values(), key=lambda group: group[0].attributes.number("SeriesNumber") or 0)


def _name(attributes: Attributes) -> str:
    described = attributes.text("SeriesDescription")
    return described or f"{attributes.text('Modality') or 'unnamed'} series {attributes.text('SeriesNumber')}".strip()


def _candidates(files: list[DicomFile], role: str | None) -> tuple[list[Candidate], list[LeftOut]]:
    """The usable stacks of one series, and why others of it are of no use."""
    top = files[0].attributes
    name, uid = _name(top), top.text("SeriesInstanceUID") or None
    damaged = sum(file.truncated for file in files)
    if damaged:
        reason = f"{damaged} of {len(files)} files {'are' if damaged > 1 else 'is'} truncated; copy the study again"
        return [], [LeftOut(name, reason, uid)]
    reasons: dict[str, None] = {}
    slices: dict[str, list[Slice]] = {}
    for image in _attempts((partial(_slices, file) for file in files), reasons):
        slices.setdefault(image.attributes.text("FrameOfReferenceUID"), []).append(image)
    attempts = (
        partial(_candidate, part, group, role, name, uid)
        for group in slices.values()
        for parallel in parallel_groups(group)
        for part in split_at_collisions(parallel)
    )
    return list(_attempts(attempts, reasons)), [LeftOut(name, reason, uid) for reason in reasons]


def _attempts(attempts: Iterable[Callable[[], Iterable[_T]]], reasons: dict[str, None]) -> Iterator[_T]:
    """Yield what each attempt gives; the sentences of those that fail are added to `reasons`, each once."""
    for attempt in attempts:
        try:
            yield from attempt()
        except StudyError as error:
            reasons.setdefault(str(error))


def _slices(file: DicomFile) -> Iterator[Slice]:
    """Yield the slices of one file; raise `StudyError` at one of no use."""
    if "PerFrameFunctionalGroupsSequence" not in file.header:
        _require_usable(file.attributes)
    for frame, attributes in enumerate(frames_of(file)):
        _require_usable(attributes)
        yield slice_of(file.path, frame, attributes)


def _require_usable(attributes: Attributes) -> None:
    reason = unusable_because(attributes)
    if reason:
        raise StudyError(reason)


def _candidate(
    part: list[Slice], group: list[Slice], role: str | None, name: str, uid: str | None
) -> Iterator[Candidate]:
    """Yield the stack of `part`; raise `StudyError` if it is unsound, not understood, or not of `role`."""
    stack = stack_of(part)
    echoes = {s.attributes.echo_time_ms for s in group}
    found = role_of(stack.attributes, stack.affine, tuple(sorted(time for time in echoes if time is not None)))
    if role is not None and not may_serve_as(role, stack.attributes, found):
        raise StudyError(
            f"it was named {role}, but its attributes make it {found or stack.attributes.text('Modality')}"
        )
    if role is None and found is None:
        raise StudyError("its contrast is not understood; name the role of its folder to use it, e.g. t2=folder")
    yield Candidate(role or str(found), stack, name, uid)


def _chosen(candidates: list[Candidate]) -> tuple[list[Series], list[LeftOut]]:
    series: list[Series] = []
    left_out: list[LeftOut] = []
    for role in dict.fromkeys(candidate.role for candidate in candidates):
        ordered = by_preference([candidate for candidate in candidates if candidate.role == role])
        best: Candidate | None = None
        for candidate in ordered:
            if best is not None and not stands_beside(best, candidate):
                left_out.append(LeftOut(candidate.name, why_preferred(best, candidate), candidate.uid))
                continue
            try:
                series.append(_series(candidate))
                best = best or candidate
            except StudyError as error:
                left_out.append(LeftOut(candidate.name, str(error), candidate.uid))
    return series, left_out


def _series(candidate: Candidate) -> Series:
    stack, attributes = candidate.stack, candidate.attributes
    modality = attributes.text("Modality").upper()
    array, flags = volume_values(stack.slices, modality)
    require_finite(array, "the series")
    if attributes.text("LossyImageCompression") == "01":
        flags = (*flags, "lossy_compression")
    if modality == "MR" and is_fat_suppressed(attributes):
        flags = (*flags, "fat_suppressed")
    if candidate.role == "pet":
        factor = suv_factor(attributes)
        array, flags = (array, (*flags, NO_SUV)) if factor is None else (array.astype(np.float32) * factor, flags)
    return Series(
        role=candidate.role,
        volume=Volume(array, stack.affine, attributes.text("FrameOfReferenceUID") or None),
        name=candidate.name,
        uid=candidate.uid,
        instances=tuple(dict.fromkeys(s.path for s in stack.slices)),
        acquisition=acquisition_of(attributes),
        flags=(*stack.flags, *flags),
    )
