"""How an axial T2 is made, and what the scanner makes of a label map."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.transform import Rotation

from spinemets.geometry import Grid, resample
from spinemets.simulate.axial_tissues import FAT_SUPPRESSED, T2_SIGNAL, AxialTissue
from spinemets.simulate.subject import stream
from spinemets.simulate.tissues import Tissue
from spinemets.volume import Volume

Array = NDArray[np.float32]

VARIATION = 0.20
"""Spread of signals between patients and scanners (`clinical.md` §3.5)."""
TUMOURS = (AxialTissue.EPIDURAL_TUMOUR, AxialTissue.BONE_TUMOUR, AxialTissue.SOFT_TUMOUR)
PLANES = 3
"""A slice is the mean of so many planes."""
SCALE = 80.0
"""Stored value of the signal of muscle."""


@dataclass(frozen=True)
class AxialScan:
    """How a stack is made.

    Attributes
    ----------
    pixel_mm, slice_mm, gap : float
        Edge of a pixel, distance between slices, and the share of that distance that no slice covers.
    tilt_deg : (float, float)
        Of the stack against the canal, about the patient's right-left and front-back axis.
    noise : float
        Standard deviation of the noise as a share of the signal of CSF.
    bias, ghost, void : float
        Strength of the coil's sensitivity, of motion ghosts and of flow voids in the CSF.
    fat_suppressed, metal : bool
        Whether fat is suppressed, and whether there is metal behind the canal.
    echo : float
        Echo time relative to the usual one. Signals relative to CSF are raised to it, as those of exp(-TE / T2) are
        where proton densities are alike and CSF does not decay.
    below_mm : float or None
        How far below its middle the stack begins; None where it reaches as far down as up.
    """

    pixel_mm: float = 0.6
    slice_mm: float = 3.5
    gap: float = 0.1
    tilt_deg: tuple[float, float] = (0.0, 0.0)
    noise: float = 0.02
    bias: float = 0.15
    ghost: float = 0.0
    void: float = 0.2
    fat_suppressed: bool = False
    metal: bool = False
    echo: float = 1.0
    below_mm: float | None = None

    def __post_init__(self) -> None:
        if min(self.pixel_mm, self.slice_mm) <= 0:
            raise ValueError(f"pixels and slices must be larger than 0 mm, got {self.pixel_mm} and {self.slice_mm}")
        if self.echo <= 0:
            raise ValueError(f"an echo time must be longer than 0, got {self.echo} of the usual one")
        if self.below_mm is not None and self.below_mm < 0:
            raise ValueError(f"a stack begins at or below its middle, got {self.below_mm} mm below it")


def random_scan(seed: int) -> AxialScan:
    """A scan such as hospitals make."""
    rng = stream(seed, "axial scan")
    return AxialScan(
        pixel_mm=float(rng.uniform(0.4, 0.8)),
        slice_mm=float(rng.uniform(3.0, 4.0)),
        gap=float(rng.uniform(0.0, 0.25)),
        tilt_deg=(float(rng.uniform(-12, 12)), float(rng.uniform(-5, 5))),
        noise=float(rng.uniform(0.01, 0.035)),
        bias=float(rng.uniform(0.0, 0.3)),
        ghost=float(rng.uniform(0.02, 0.06) if rng.random() < 0.25 else 0.0),
        void=float(rng.uniform(0.1, 0.6) if rng.random() < 0.4 else 0.0),
        fat_suppressed=bool(rng.random() < 0.25),
        metal=bool(rng.random() < 0.04),
    )


def scan_grid(scan: AxialScan, half_mm: tuple[float, float, float], seed: int) -> Grid:
    """The stack in the frame of the piece, tilted about its middle."""
    rng = stream(seed, "axial stack")
    spacing = np.array([scan.pixel_mm, scan.pixel_mm, scan.slice_mm])
    shape = np.floor(2 * np.array(half_mm) / spacing).astype(int)
    turn = Rotation.from_euler("xyz", [*scan.tilt_deg, float(rng.normal(0.0, 3.0))], degrees=True).as_matrix()
    affine = np.eye(4)
    affine[:3, :3] = turn * spacing
    affine[:3, 3] = -affine[:3, :3] @ ((shape - 1) / 2) + affine[:3, :3] @ rng.uniform(-0.5, 0.5, 3)
    if scan.below_mm is not None:
        left_out = max(int(np.ceil((shape[2] - 1) / 2 - scan.below_mm / scan.slice_mm)), 0)
        affine[:3, 3] += affine[:3, 2] * left_out
        shape[2] -= left_out
    return Grid((int(shape[0]), int(shape[1]), int(shape[2])), affine)


def scanned(codes: NDArray[np.uint8], drawn: Grid, grid: Grid, scan: AxialScan, seed: int) -> NDArray[np.int16]:
    """Magnitude image of a label map on the grid of a stack."""
    rng = stream(seed, "axial image")
    signal = _signal(codes, scan, rng)
    source = Volume(signal, drawn.affine)
    image = np.mean([resample(source, _shifted(grid, n, scan), antialias=False) for n in range(PLANES)], axis=0)
    image = ndimage.gaussian_filter(image, (0.5, 0.5, 0.0))
    if scan.ghost:
        step = int(rng.uniform(0.15, 0.4) * grid.shape[1])
        image = image + scan.ghost * (np.roll(image, step, axis=1) + np.roll(image, -step, axis=1))
    if scan.metal:
        image = _with_metal(image, grid, rng)
    image = image * np.exp(scan.bias * _waves(image.shape, rng, 3))
    level = scan.noise * T2_SIGNAL[Tissue.CSF]
    real = image + level * rng.standard_normal(image.shape)
    return np.rint(SCALE * np.hypot(real, level * rng.standard_normal(image.shape))).astype(np.int16)


def _shifted(grid: Grid, number: int, scan: AxialScan) -> Grid:
    affine = grid.affine.copy()
    affine[:3, 3] += affine[:3, 2] * (1 - scan.gap) * ((number - (PLANES - 1) / 2) / PLANES)
    return Grid(grid.shape, affine)


def _signal(codes: NDArray[np.uint8], scan: AxialScan, rng: np.random.Generator) -> Array:
    """Signal of every point before the scanner: tissue, its inner structure, and CSF that flows."""
    means = T2_SIGNAL | (FAT_SUPPRESSED if scan.fat_suppressed else {})
    table = np.zeros(256, np.float32)
    for code, mean in means.items():
        table[code] = mean * np.clip(rng.normal(1.0, VARIATION / 2), 1 - VARIATION, 1 + VARIATION)
    tumour = float(rng.uniform(0.6, 3.8))
    for code in TUMOURS:
        table[code] = tumour * rng.uniform(0.92, 1.08)
    table[Tissue.POSTERIOR_ELEMENTS] = table[Tissue.VERTEBRAL_BODY] * rng.uniform(0.9, 1.1)
    table[AxialTissue.GREY_MATTER] = table[Tissue.CORD] * rng.uniform(1.05, 1.2)
    relative = np.maximum(table / np.float32(T2_SIGNAL[Tissue.CSF]), np.float32(1e-6))
    image = (table * relative ** np.float32(scan.echo - 1))[codes]
    grain = ndimage.gaussian_filter(rng.standard_normal(codes.shape, np.float32), (1.5, 1.5, 0.5), mode="wrap")
    image *= 1 + np.float32(0.07) * grain / grain.std()
    if scan.void:
        lost = scan.void / (1 + np.exp(-6 * (_waves(codes.shape, rng, 14) - 1.0)))
        fluid = (codes == Tissue.CSF) | (codes == AxialTissue.NERVE_ROOT)
        image[fluid] *= (1 - lost[fluid]).astype(np.float32)
    return image


def _waves(shape: tuple[int, ...], rng: np.random.Generator, points: int) -> Array:
    """Smooth noise of unit variance with so many control points along an edge."""
    coarse = rng.standard_normal([min(points, max(n // 2, 2)) for n in shape]).astype(np.float32)
    zoom = [n / c for n, c in zip(shape, coarse.shape, strict=True)]
    field = ndimage.zoom(coarse, zoom, order=1, mode="nearest", grid_mode=True)
    return field / max(float(field.std()), 1e-6)


def _with_metal(image: Array, grid: Grid, rng: np.random.Generator) -> Array:
    """Two screws: a void each with a bright rim, beside and behind the canal."""
    index = np.indices(image.shape, dtype=np.float32)
    middle = (np.array(grid.shape) - 1) / 2
    for side in (-1, 1):
        centre = middle + np.array([side * 16 / grid.spacing_mm[0], -14 / grid.spacing_mm[1], rng.uniform(-6, 6)])
        radii = np.array([7 / grid.spacing_mm[0], 9 / grid.spacing_mm[1], 2.0])
        far = np.sqrt(sum(((p - c) / r) ** 2 for p, c, r in zip(index, centre, radii, strict=True)))
        image = np.where(far < 1, 0.0, image) + 4.0 * np.exp(-(((far - 1.08) / 0.06) ** 2))
    return image
