"""Attributes of one frame, wherever the file keeps them: on top, shared by all frames, or per frame."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import Any

from pydicom.dataset import Dataset
from pydicom.errors import BytesLengthException

UNREADABLE = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    NotImplementedError,
    OSError,
    EOFError,
    struct.error,
    BytesLengthException,
)
"""What pydicom raises on damaged attributes, on reading a file or on first use of a value."""

_PRIVATE_B_VALUES = (
    (0x0019, "SIEMENS MR HEADER", 0x0C),
    (0x0043, "GEMS_PARM_01", 0x39),
    (0x2001, "Philips Imaging DD 001", 0x03),
)
_GE_B_VALUE_OFFSET = 10**9  # GE adds a multiple of this to the b-value


class Attributes:
    """Look-up of a keyword in the functional groups of a frame first, then in the data set itself.

    An attribute that is empty, or that cannot be decoded, counts as missing.
    """

    def __init__(self, *layers: Dataset) -> None:
        self.layers = layers

    def get(self, *keywords: str) -> Any:
        """The value of the first keyword that has one, or None."""
        for keyword in keywords:
            for layer in self.layers:
                try:
                    value = layer.get(keyword)
                except UNREADABLE:
                    continue
                if value is not None and value != "" and not (hasattr(value, "__len__") and len(value) == 0):
                    return value
        return None

    def text(self, *keywords: str) -> str:
        """A value as stripped text, several joined by a backslash; '' if missing."""
        value = self.get(*keywords)
        if value is None:
            return ""
        return "\\".join(str(part).strip() for part in value) if _is_list(value) else str(value).strip()

    def number(self, *keywords: str) -> float | None:
        """A value as a number, the first of several; None if missing or not a number."""
        value = self.get(*keywords)
        return _number(value[0] if _is_list(value) and len(value) else value)

    def numbers(self, keyword: str, count: int) -> tuple[float, ...] | None:
        """Exactly `count` numbers, or None."""
        value = self.get(keyword)
        numbers = [_number(part) for part in value] if _is_list(value) else []
        kept = tuple(number for number in numbers if number is not None)
        return kept if len(kept) == count == len(numbers) else None

    def words(self, *keywords: str) -> tuple[str, ...]:
        """The values of every keyword together, in capitals; () if missing."""
        texts = (self.text(keyword) for keyword in keywords)
        return tuple(word.strip().upper() for text in texts for word in text.split("\\") if word.strip())

    @property
    def image_type(self) -> tuple[str, ...]:
        """Image Type and, of a multi-frame image, Frame Type and the component of the complex signal."""
        return self.words("FrameType") or self.words("ImageType")

    @property
    def description(self) -> str:
        """Series description and protocol in small letters, words set apart by one space."""
        text = " ".join(self.text(k) for k in ("SeriesDescription", "ProtocolName") if self.text(k))
        return re.sub(r"[\s_\-/.,;:()\[\]]+", " ", text.lower()).strip()

    @property
    def echo_time_ms(self) -> float | None:
        """Echo time, ms."""
        return self.number("EffectiveEchoTime", "EchoTime")

    @property
    def inversion_time_ms(self) -> float | None:
        """Inversion time, ms; None where the preparation is no inversion."""
        time_ms = self.number("InversionTimes", "InversionTime")
        return time_ms if time_ms else None

    @property
    def b_value(self) -> float | None:
        """Diffusion weighting, s/mm2: the standard attribute, else the maker's, else the name of the sequence."""
        stated = self.number("DiffusionBValue")
        if stated is not None:
            return stated
        for private in self._private_b_values():
            return private % _GE_B_VALUE_OFFSET
        named = re.search(r"\bb(\d{1,4})(t|#|\b)", self.text("SequenceName").lower().replace("_", " "))
        return float(named[1]) if named else None

    def _private_b_values(self) -> Iterator[float]:
        for group, creator, element in _PRIVATE_B_VALUES:
            for layer in self.layers:
                try:
                    value: Any = layer.private_block(group, creator)[element].value
                except UNREADABLE:
                    continue
                if isinstance(value, bytes):
                    value = value.decode("latin-1").strip("\0 ").split("\\")
                number = _number(value[0] if _is_list(value) and len(value) else value)
                if number is not None:
                    yield number


def _is_list(value: Any) -> bool:
    return (
        value is not None
        and not isinstance(value, str | bytes)
        and hasattr(value, "__iter__")
        and (type(value).__name__ != "PersonName")
    )


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if abs(number) < float("inf") else None


def frame_attributes(dataset: Dataset, frame: int) -> Attributes:
    """Attributes of frame `frame`, counted from 0, of an enhanced multi-frame data set."""
    per_frame = dataset.PerFrameFunctionalGroupsSequence[frame]
    shared = dataset.get("SharedFunctionalGroupsSequence") or []
    groups = [per_frame, *list(shared)[:1]]
    items = [e.value[0] for group in groups for e in group if e.VR == "SQ" and e.value]
    return Attributes(*items, dataset)
