"""Cord, thecal sac and epidural tumour on an axial T2: the canal network, slice by slice, and back to the image's grid.

The network sees slices as they are and pixels of its own size. The canal is sought once with coarse steps, then read
several times in one window round it, each time from an image that is a little different: the mean is the answer, and
how far the readings are apart is its uncertainty.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.errors import NoSpineFoundError, StudyError
from spinemets.geometry import Grid, resample
from spinemets.inference.canal_labels import canal_labels
from spinemets.inference.canal_preprocess import SignalRange
from spinemets.inference.locate import softmax
from spinemets.inference.shipped import ShippedModel
from spinemets.inference.sliding_window import Progress, sliding_window
from spinemets.orientation import closest_axes, to_ras
from spinemets.volume import Volume

NAME = "canal"
"""Folder of the model."""
SOUGHT_MM = 60.0
"""The canal is sought within this distance of the middle of the image, in the slice (ours)."""
LARGEST_SLICE_MM = 6.0
"""Slices farther apart show too little of the canal to follow it (ours); grading has a stricter limit of its own."""
LARGEST_TILT = np.cos(np.radians(45.0))


@dataclass(frozen=True)
class Reading:
    """How the image is changed before the network reads it.

    Attributes
    ----------
    mirrored : bool
        Left and right exchanged.
    gain : float
        Factor of the contrast.
    shift_mm : (float, float)
        By how much the pixels are moved.
    """

    mirrored: bool = False
    gain: float = 1.0
    shift_mm: tuple[float, float] = (0.0, 0.0)


READINGS = (
    Reading(),
    Reading(mirrored=True),
    Reading(gain=0.85, shift_mm=(0.25, 0.0)),
    Reading(mirrored=True, gain=1.15, shift_mm=(0.0, 0.25)),
    Reading(gain=1.15, shift_mm=(-0.25, -0.25)),
)
"""Test-time perturbations: half a pixel of the network and 15 % of contrast (ours)."""


class CanalModel(ShippedModel):
    """The canal network, opened once and used for many images."""

    name = NAME


@dataclass(frozen=True)
class CanalSegmentation:
    """What the network found.

    Attributes
    ----------
    labels : Volume
        `CanalLabel` values on the grid of the image.
    readings : tuple of Volume
        The same of every single reading; one more, with what is less sure as tumour too, where there is such.
    """

    labels: Volume
    readings: tuple[Volume, ...]


def require_axial(image: Volume) -> None:
    """Raise `StudyError` unless an image is a stack of slices across the body.

    Raises
    ------
    StudyError
        With ``not_axial`` or ``resolution`` and what was found.
    """
    axis = int(np.argmax(image.spacing_mm))
    directions = image.affine[:3, :3] / image.spacing_mm
    first, second = (directions[:, n] for n in range(3) if n != axis)
    normal = np.cross(first, second)
    if closest_axes(image.affine)[0][2] != axis or abs(float(normal[2])) < LARGEST_TILT * np.linalg.norm(normal):
        raise StudyError("not_axial: the slices of this series do not lie across the body")
    if image.spacing_mm[axis] > LARGEST_SLICE_MM:
        most = f"at most {LARGEST_SLICE_MM:g} mm can be followed"
        raise StudyError(f"resolution: slices {image.spacing_mm[axis]:.1f} mm apart; {most}")


def segment_canal(image: Volume, model: CanalModel, progress: Progress | None = None) -> CanalSegmentation:
    """Cord, sac and epidural tumour of an axial T2.

    Raises
    ------
    StudyError
        If the image is no axial stack.
    NoSpineFoundError
        If there is no thecal sac.
    """
    require_axial(image)
    upright = to_ras(image)
    middle = _canal_middle(upright, model)
    total: NDArray[np.float32] | None = None
    readings = []
    for number, reading in enumerate(READINGS):
        share = _read(upright, middle, model, reading)
        readings.append(_on_image(image, upright, canal_labels(share, upright)))
        total = share if total is None else total + share
        if progress is not None:
            progress((number + 1) / len(READINGS))
    assert total is not None
    labels = canal_labels(total / np.float32(len(READINGS)), upright)
    if not labels.any():
        raise NoSpineFoundError("no thecal sac was found in this series")
    with_doubtful = canal_labels(total / np.float32(len(READINGS)), upright, core_mm3=0.0)
    if (with_doubtful != labels).any():
        readings.append(_on_image(image, upright, with_doubtful))
    return CanalSegmentation(_on_image(image, upright, labels), tuple(readings))


def _window_grid(image: Volume, middle_mm: NDArray[np.float64], size: tuple[int, int], pixel_mm: float) -> Grid:
    """A grid of the image's own slices, with pixels of the network, about a point of the world."""
    affine = image.affine.copy()
    affine[:3, :2] = image.affine[:3, :2] / image.spacing_mm[:2] * pixel_mm
    start = image.index(middle_mm)
    start[2] = 0
    corner = np.array([(n - 1) / 2 for n in size])
    affine[:3, 3] = image.world(start) - affine[:3, :2] @ corner
    return Grid((size[0], size[1], image.shape[2]), affine)


def _canal_middle(image: Volume, model: CanalModel) -> NDArray[np.float64]:
    """(3,) world position of the middle of what looks like cord and CSF in the middle slices."""
    card = model.card
    centre = image.world((np.array(image.shape) - 1) / 2)
    first = max((image.shape[2] - card.patch_size[2]) // 2, 0)
    extent = np.minimum(np.array(image.shape[:2]) * image.spacing_mm[:2], 2 * SOUGHT_MM)
    size = tuple(int(n) for n in np.maximum(np.round(extent / card.spacing_mm), card.patch_size[:2]))
    grid = _window_grid(image, centre, (size[0], size[1]), card.spacing_mm)
    signal = resample(image, grid)[..., first : first + card.patch_size[2]]
    logits = _run(signal, model, overlap=0.15)
    found = softmax(logits)[[1, 2]].sum(axis=0).sum(axis=2)
    found = ndimage.gaussian_filter(found, 4.0 / card.spacing_mm)
    i, j = np.unravel_index(int(found.argmax()), found.shape)
    return grid.affine[:3, :3] @ np.array([i, j, first + signal.shape[2] / 2]) + grid.affine[:3, 3]


def _run(signal: NDArray[np.float32], model: CanalModel, *, overlap: float, gain: float = 1.0) -> NDArray[np.float32]:
    card = model.card
    scale = SignalRange(**card.details["input"]["signal_range"])
    low, high = scale.of(signal)
    seen = scale.scaled(signal, low, low + (high - low) / gain).astype(np.float32)
    return sliding_window(model.network, seen, card.patch_size, channels=len(card.classes), overlap=overlap, fill=-1.0)


def _read(image: Volume, middle_mm: NDArray[np.float64], model: CanalModel, reading: Reading) -> NDArray[np.float32]:
    """(4, I, J, K) share of the rest, cord, CSF and tumour on the grid of the image."""
    card = model.card
    grid = _window_grid(image, middle_mm, card.patch_size[:2], card.spacing_mm)
    grid.affine[:3, 3] += grid.affine[:3, :2] @ (np.array(reading.shift_mm) / card.spacing_mm)
    signal = resample(image, grid)
    logits = _run(signal[::-1] if reading.mirrored else signal, model, overlap=0.5, gain=reading.gain)
    share = softmax(logits[:, ::-1] if reading.mirrored else logits)
    places = Grid.of(image)
    parts = [resample(Volume(share[n], grid.affine), places, antialias=True) for n in (1, 2, 3)]
    return np.stack([1 - np.sum(parts, axis=0), *parts]).astype(np.float32)


def _on_image(image: Volume, upright: Volume, labels: NDArray[np.uint8]) -> Volume:
    """Labels of the image turned upright on the image as it is stored."""
    axes, signs = closest_axes(image.affine)
    turned = labels[tuple(slice(None, None, sign) for sign in signs)]
    return image.with_array(np.ascontiguousarray(turned.transpose(np.argsort(axes))))
