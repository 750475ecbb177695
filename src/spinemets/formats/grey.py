"""From image values to grey pixels: windows and PNG."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinemets.volume import Series

Array = NDArray[Any]

CT_ROLES = ("ct", "prior_ct", "ct_myelogram")
CT_WIDTH_HU, CT_LEVEL_HU = 1800.0, 400.0
MR_PERCENTILES = (1.0, 99.5)
NEAR_MM = 60.0


@dataclass(frozen=True)
class Window:
    """Which values are drawn black and white."""

    black: float
    white: float
    text: str

    def grey(self, values: Array) -> Array:
        """uint8 of the same shape: 0 at `black` and under, 255 at `white` and over."""
        return (np.clip((values - self.black) / (self.white - self.black), 0, 1) * 255).astype(np.uint8)


def window_of(series: Series, near_mm: Array) -> Window:
    """Bone window for CT; for anything else, percentiles of the image within `NEAR_MM` of (N, 3) world points."""
    if series.role in CT_ROLES:
        half = CT_WIDTH_HU / 2
        text = f"W {CT_WIDTH_HU:g} L {CT_LEVEL_HU:g} HU"
        return Window(CT_LEVEL_HU - half, CT_LEVEL_HU + half, text)
    index = series.volume.index(near_mm)
    reach = np.ceil(NEAR_MM / series.volume.spacing_mm)
    start = np.clip(index.min(axis=0) - reach, 0, None).astype(int)
    stop = (index.max(axis=0) + reach).astype(int)
    i, j, k = (slice(a, b, 2 if b - a > 32 else 1) for a, b in zip(start, stop, strict=True))
    black, white = (float(value) for value in np.percentile(series.volume.array[i, j, k], MR_PERCENTILES))
    text = f"window {MR_PERCENTILES[0]:g}–{MR_PERCENTILES[1]:g} % of the signal"
    return Window(black, max(white, black + 1e-6), text)


def grey_png(grey: Array) -> bytes:
    """An 8-bit grey PNG of a (R, C) uint8 array."""
    rows, columns = grey.shape
    left = np.pad(grey, ((0, 0), (1, 0)))[:, :-1]
    filtered = np.column_stack([np.ones(rows, dtype=np.uint8), grey - left])  # filter 1: difference to the left
    header = struct.pack(">IIBBBBB", columns, rows, 8, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(filtered.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
