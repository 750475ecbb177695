"""Pixels of a stack, decoded and in physical units."""

from __future__ import annotations

import itertools
import zlib
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import dcmread
from pydicom.pixels.utils import iter_pixels
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian

from spinemets.errors import StudyError
from spinemets.formats.dicom_attributes import UNREADABLE, Attributes
from spinemets.formats.dicom_slices import Slice
from spinemets.formats.memory import require_fits_memory
from spinemets.formats.values import narrowed

CT_LOWEST_HU = -1024
"""What padding becomes in CT: the value of air in a 12-bit image."""


def stored_pixels(slices: Sequence[Slice]) -> Iterator[NDArray[Any]]:
    """Yield the (rows, columns) stored values of each slice, in the order given.

    Slices of one file that follow one another are read in one go.

    Raises
    ------
    StudyError
        If the pixel data end too early, are damaged, or are in an encoding that is not decoded.
    """
    for path, group in itertools.groupby(slices, key=lambda s: s.path):
        wanted = list(group)
        try:
            dataset: Any = dcmread(path, force=True)
            if "TransferSyntaxUID" not in dataset.file_meta:
                implicit = dataset.original_encoding[0]
                dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
            frames = list(iter_pixels(dataset, indices=[s.frame for s in wanted]))
        except (*UNREADABLE, RuntimeError, IndexError, zlib.error) as error:
            raise StudyError(
                f"the pixels of {'a slice' if len(wanted) == 1 else 'a multi-frame image'} are truncated, damaged "
                f"or encoded in a way that cannot be read ({type(error).__name__}); send the series again"
            ) from error
        yield from frames


def volume_values(slices: Sequence[Slice], modality: str) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Values of a stack in the units that its rescale slope and intercept give, and flags.

    Padding becomes `CT_LOWEST_HU` in CT and the lowest value of the stack elsewhere.
    MONOCHROME1, white at the low end, says how to display; HU are HU all the same, but
    the signal of an MR image is turned round so that bright is high.

    Returns
    -------
    array : (I, J, K) ndarray
        Column, row, slice; int16 where the values are whole and fit.
    flags : tuple of str
        ``monochrome1_inverted``.

    Raises
    ------
    StudyError
        If the stack is larger than the memory, or a slice cannot be decoded or is not grey.
    """
    columns, rows = slices[0].shape
    require_fits_memory((columns, rows, len(slices)), 8, "the series")
    maps = [_linear_map(s.attributes) for s in slices]
    whole = all(slope.is_integer() and intercept.is_integer() for slope, intercept in maps)
    values = np.empty((len(slices), rows, columns), dtype=np.int32 if whole else np.float32)
    padded: list[tuple[int, NDArray[np.bool_]]] = []
    for k, (s, stored) in enumerate(zip(slices, stored_pixels(slices), strict=True)):
        if stored.shape != (rows, columns):
            raise StudyError(f"a slice decodes to {stored.shape}, {(rows, columns)} grey pixels are needed")
        padding = padding_mask(stored, s.attributes)
        if padding.any():
            padded.append((k, padding))
        if modality != "CT" and _is_inverted(s.attributes):
            stored = _highest_stored(s.attributes) - stored.astype(np.int64)
        slope, intercept = maps[k]
        values[k] = stored * slope + intercept
    _fill(values, padded, modality)
    inverted = modality != "CT" and _is_inverted(slices[0].attributes)
    flags = ("monochrome1_inverted",) if inverted else ()
    return narrowed(values).transpose(2, 1, 0), flags


def _linear_map(attributes: Attributes) -> tuple[float, float]:
    slope, intercept = attributes.number("RescaleSlope"), attributes.number("RescaleIntercept")
    return 1.0 if slope is None else slope, 0.0 if intercept is None else intercept


def padding_mask(stored: NDArray[Any], attributes: Attributes) -> NDArray[np.bool_]:
    """Where `stored` is Pixel Padding Value, or between it and Pixel Padding Range Limit."""
    first = attributes.number("PixelPaddingValue")
    if first is None:
        return np.zeros(stored.shape, dtype=bool)
    last = attributes.number("PixelPaddingRangeLimit")
    ends = [_signed(value, attributes) for value in (first, first if last is None else last)]
    return (stored >= min(ends)) & (stored <= max(ends))


def _signed(value: float, attributes: Attributes) -> float:
    """`value` read as the pixels are: writers give a negative padding as an unsigned number."""
    bits = attributes.number("BitsAllocated") or 16
    signed = attributes.number("PixelRepresentation") == 1
    if signed and value >= 2 ** (bits - 1):
        return value - 2**bits
    return value


def _fill(values: NDArray[Any], padded: list[tuple[int, NDArray[np.bool_]]], modality: str) -> None:
    """Replace padding in place by the lowest legal value."""
    if not padded:
        return
    lowest: float = CT_LOWEST_HU
    if modality != "CT":
        tissue = np.ones(values.shape, dtype=bool)
        for k, padding in padded:
            tissue[k] = ~padding
        lowest = values.min(where=tissue, initial=values.max())
    for k, padding in padded:
        values[k][padding] = lowest


def _is_inverted(attributes: Attributes) -> bool:
    return attributes.text("PhotometricInterpretation") == "MONOCHROME1"


def _highest_stored(attributes: Attributes) -> int:
    bits = int(attributes.number("BitsStored") or 16)
    signed = attributes.number("PixelRepresentation") == 1
    return 2 ** (bits - 1) - 1 if signed else 2**bits - 1
