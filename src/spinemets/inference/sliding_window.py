"""A large image through a network in overlapping windows, with bounded memory."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinemets.inference.backends import Network

Progress = Callable[[float], None]
"""Called with the share that is done, 0 to 1."""


def mirrored(network: Network, flipped_channel: int | None = None) -> Network:
    """A network that also sees every window as in a mirror (axis I), and gives the mean of both answers.

    Only for networks that know no sides.

    Parameters
    ----------
    network : callable
        Takes batches of two.
    flipped_channel : int, optional
        Output channel that is a displacement along I, whose sign the mirror turns.
    """

    def run(image: NDArray[np.float32]) -> NDArray[np.float32]:
        both = network(np.concatenate([image, image[:, :, ::-1]]))
        half = len(image)
        mirror = both[half:, :, ::-1].copy()
        if flipped_channel is not None:
            mirror[:, flipped_channel] *= -1
        return (both[:half] + mirror) * np.float32(0.5)

    return run


def window_starts(size: int, window: int, overlap: float) -> list[int]:
    """First index of each window along an axis; the last one ends at the end.

    Raises
    ------
    ValueError
        If the axis is shorter than the window, or the overlap is not in [0, 1).
    """
    if not 0 <= overlap < 1:
        raise ValueError(f"overlap must be at least 0 and less than 1, got {overlap}")
    if size < window:
        raise ValueError(f"an axis of {size} voxels is shorter than the window of {window}; pad it first")
    step = max(int(window * (1 - overlap)), 1)
    count = int(np.ceil((size - window) / step)) + 1
    return [round(n * (size - window) / max(count - 1, 1)) for n in range(count)]


def blending_weight(window: tuple[int, int, int]) -> NDArray[np.float32]:
    """(I, J, K) weight of a window's voxels: high in the middle, small and positive at its edge."""
    weight = np.ones(window, np.float32)
    for axis, n in enumerate(window):
        ramp = 1 - np.abs((np.arange(n) + 0.5) / n * 2 - 1)
        shape = [1, 1, 1]
        shape[axis] = n
        weight = weight * np.clip(ramp * 2, 0.02, 1.0).reshape(shape).astype(np.float32)
    return weight


def pad_to(image: NDArray[np.float32], window: tuple[int, int, int], fill: float) -> NDArray[np.float32]:
    """The image made at least as large as the window, by `fill` behind its end."""
    extra = [(0, max(w - n, 0)) for n, w in zip(image.shape, window, strict=True)]
    return np.pad(image, extra, constant_values=fill) if any(b for _, b in extra) else image


def _windows(
    shape: tuple[int, ...], window: tuple[int, int, int], overlap: float, wanted: NDArray[np.bool_] | None
) -> Iterator[tuple[slice, slice, slice]]:
    if wanted is None:
        starts = [window_starts(n, w, overlap) for n, w in zip(shape, window, strict=True)]
        for corner in itertools.product(*starts):
            x, y, z = (slice(a, a + w) for a, w in zip(corner, window, strict=True))
            yield x, y, z
        return
    for k in _covering(wanted.any(axis=(0, 1)), window[2], overlap):
        slab = wanted[:, :, k]
        for i in _covering(slab.any(axis=(1, 2)), window[0], overlap):
            for j in _covering(slab[i].any(axis=(0, 2)), window[1], overlap):
                yield i, j, k


def _covering(wanted: Any, window: int, overlap: float) -> list[slice]:
    """Windows along one axis over all that is wanted: one round its middle, or several from end to end."""
    place = np.flatnonzero(wanted)
    if len(place) == 0:
        return []
    low, high = int(place[0]), int(place[-1]) + 1
    if high - low <= window:
        starts = [min(max((low + high - window) // 2, 0), len(wanted) - window)]
    else:
        starts = [low + start for start in window_starts(high - low, window, overlap)]
    return [slice(start, start + window) for start in starts]


def sliding_window(
    network: Network,
    image: NDArray[np.float32],
    window: tuple[int, int, int],
    *,
    channels: int,
    overlap: float = 0.4,
    fill: float = 0.0,
    wanted: NDArray[np.bool_] | None = None,
    progress: Progress | None = None,
    dtype: type[np.floating[Any]] = np.float32,
) -> NDArray[Any]:
    """Network output for every voxel, blended where windows overlap.

    Parameters
    ----------
    network : callable
        (1, N, I, J, K) to (1, C, I, J, K).
    image : (I, J, K) or (N, I, J, K) ndarray of float32
        Normalised input; one channel without an axis for it.
    window : (3,) tuple of int
        Window size; an image smaller than it is padded with `fill` and cut again.
    channels : int
        C.
    overlap : float
        Share of a window that its neighbour repeats, in [0, 1).
    fill : float
        Normalised value of what lies outside.
    wanted : (I, J, K) ndarray of bool, optional
        Windows lie where they are needed to see all of these, and nowhere else; what no window sees stays 0.
    progress : callable, optional
        Called after each window with the share done.
    dtype : numpy floating type
        Of the answer. Windows are blended as float32, a slab as deep as they are at a time, whatever it is.

    Returns
    -------
    (C, I, J, K) ndarray of `dtype`
        Blended output; 0 where no window was run.
    """
    every = image if image.ndim == 4 else image[None]
    padded = np.stack([pad_to(channel, window, fill) for channel in every])
    shape = padded.shape[1:]
    if wanted is not None:
        wanted = np.pad(wanted, [(0, p - n) for p, n in zip(shape, wanted.shape, strict=True)])
    places = sorted(_windows(shape, window, overlap, wanted), key=lambda place: place[2].start)
    slab = _Slab(np.zeros((channels, *shape), dtype), window)
    for number, place in enumerate(places, start=1):
        slab.move_to(place[2].start)
        slab.add(place, network(np.ascontiguousarray(padded[(slice(None), *place)])[None])[0])
        if progress is not None:
            progress(number / len(places))
    slab.move_to(shape[2])
    i, j, k = (slice(0, n) for n in every.shape[1:])
    return slab.result[:, i, j, k]


class _Slab:
    """Sums of windows that come in order of their start along K, and what of them is finished."""

    def __init__(self, result: NDArray[Any], window: tuple[int, int, int]) -> None:
        self.result, self._start, self._blend = result, 0, blending_weight(window)
        self._total = np.zeros((*result.shape[:3], window[2]), np.float32)
        self._weight = np.zeros((*result.shape[1:3], window[2]), np.float32)

    def add(self, place: tuple[slice, slice, slice], output: NDArray[np.float32]) -> None:
        """Blend in the answer to a window that starts where the slab does."""
        for total, channel in zip(self._total, output, strict=True):
            total[place[:2]] += channel * self._blend
        self._weight[place[:2]] += self._blend

    def move_to(self, start: int) -> None:
        """Finish what lies before `start`."""
        depth = self._weight.shape[2]
        done = min(start - self._start, depth)
        if done <= 0:
            return
        weight = np.maximum(self._weight[..., :done], 1e-6)
        for result, total in zip(self.result, self._total, strict=True):
            result[..., self._start : self._start + done] = total[..., :done] / weight
        for total in (*self._total, self._weight):
            total[..., : depth - done] = total[..., done:].copy()
            total[..., depth - done :] = 0
        self._start = start
