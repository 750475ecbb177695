"""A sagittal MR of a labelled anatomy, healthy or ill: what a scanner would have made of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import ndimage
from scipy.spatial.transform import Rotation

from spinemets.geometry import Grid, resample
from spinemets.simulate.bone_surface import eroded
from spinemets.simulate.disease import Disease
from spinemets.simulate.irregular import FLOAT
from spinemets.simulate.mr_disease import with_mr_disease
from spinemets.simulate.mr_functional import SEQUENCES, adc_map, marrow_signals, tissue_signals
from spinemets.simulate.mr_signals import BONES, TISSUES
from spinemets.simulate.subject import stream
from spinemets.simulate.tissue_values import CORTEX_MM
from spinemets.simulate.tissues import LabelledAnatomy, Tissue
from spinemets.volume import Volume

VARIATION = 0.1
"""Standard deviation of every signal between patients and scanners; at most twice that (`clinical.md` §3.5: 20 %)."""
PATCHY, TEXTURE = 0.08, 0.05
"""Standard deviation of marrow over a centimetre or two, and of all tissue from voxel to voxel (ours)."""
FRONT_MM, BACK_MM = 110.0, 80.0
"""The field of view ends so far in front of and behind the middle of the vertebrae (ours)."""
PIXEL_MM = (0.6, 1.0)
PLANES = 5
"""A slice is the mean of so many planes."""
SCALE = 100.0
"""Stored value of the signal of muscle."""
MARROW = ("fatty", "red", "worn disc", "disc", "cortex")
ADC, ADC_OF = "adc", ("dwi_b0", "dwi_high")
RENDERED = (*SEQUENCES, ADC)
"""What can be rendered, by the names of roles."""
TOGETHER = {"t1_gd": "t1", "out_phase": "in_phase", "dwi_high": ADC, "dwi_b0": ADC}
"""Images that are made on the stack of another."""
DIFFUSION_PIXEL_MM = (1.4, 2.0)
"""Of echo-planar images, which are coarser (ours)."""
LEAST_SIGNAL = 3.0
"""An ADC is computed where both images have so many standard deviations of their noise (ours)."""


@dataclass(frozen=True)
class MrAcquisition:
    """How a sagittal stack is made.

    Attributes
    ----------
    sequence : str
        One of `RENDERED`.
    pixel_mm, slice_mm, gap : float
        Edge of a pixel, distance of slices, and the share of it that no slice covers.
    slices : int
        How many, about the middle of the vertebrae.
    turn_deg : (float, float)
        Of the stack about the patient's front-back and long axis.
    noise : float
        Standard deviation of the noise as a share of the signal of muscle.
    coil : float
        Over the depth of the field of view the signal falls by exp(-coil) towards the front.
    """

    sequence: str = "t1"
    pixel_mm: float = 0.8
    slice_mm: float = 4.0
    gap: float = 0.1
    slices: int = 15
    turn_deg: tuple[float, float] = (0.0, 0.0)
    noise: float = 0.06
    coil: float = 0.5

    def __post_init__(self) -> None:
        if self.sequence not in RENDERED:
            raise ValueError(f"there is no sequence '{self.sequence}'; it must be one of {', '.join(RENDERED)}")
        if min(self.pixel_mm, self.slice_mm) <= 0 or self.slices < 1:
            raise ValueError(
                f"pixels, slices and their number must be larger than 0, got {self.pixel_mm:g} mm, "
                f"{self.slice_mm:g} mm and {self.slices}"
            )


def random_mr_acquisition(seed: int, sequence: str) -> MrAcquisition:
    """A stack such as hospitals make: slices of 3 to 5 mm over 64 to 80 mm; those of `TOGETHER` have one."""
    stack = TOGETHER.get(sequence, sequence)
    rng = stream(seed, f"sagittal {stack}")
    slice_mm = float(rng.uniform(3.0, 5.0))
    return MrAcquisition(
        sequence=sequence,
        pixel_mm=float(rng.uniform(*(DIFFUSION_PIXEL_MM if stack == ADC else PIXEL_MM))),
        slice_mm=slice_mm,
        gap=float(rng.uniform(0.0, 0.2)),
        slices=round(float(rng.uniform(64.0, 80.0)) / slice_mm),
        turn_deg=(float(rng.normal(0.0, 2.0)), float(rng.normal(0.0, 3.0))),
        noise=float(rng.uniform(0.03, 0.12)),
        coil=float(rng.uniform(0.0, 1.2)),
    )


def render_mr(
    anatomy: LabelledAnatomy, seed: int, acquisition: MrAcquisition, disease: Disease | None = None
) -> Volume:
    """Sagittal MR of an anatomy, int16, stored as scanners do: pixels to the back and down, slices to the right.

    An ADC map is computed from the two diffusion images as they would have been made, in 10⁻⁶ mm²/s.

    Parameters
    ----------
    anatomy : LabelledAnatomy
        The patient, with axes right, front and up; the finer its voxels, the truer the partial volumes.
    seed : int
        Of signals, texture and noise.
    acquisition : MrAcquisition
        How it is made.
    disease : Disease, optional
        What is wrong with the patient; `anatomy` must then be the disease's own.

    Raises
    ------
    ValueError
        If the anatomy is not that of the disease, or has no vertebra.
    """
    if disease is not None and disease.anatomy is not anatomy:
        raise ValueError(f"{anatomy.name} is not the anatomy of the disease; render disease.anatomy")
    if acquisition.sequence == ADC:
        two = [render_mr(anatomy, seed, replace(acquisition, sequence=one), disease) for one in ADC_OF]
        return two[0].with_array(adc_map(two[0].array, two[1].array, LEAST_SIGNAL * SCALE * acquisition.noise))
    rng = stream(seed, "mr patient")  # the same marrow, discs and disease in every sequence
    signal = tissue_signal(anatomy, acquisition.sequence, rng)
    if disease is not None:
        signal = with_mr_disease(signal, disease, acquisition.sequence, rng, seed)
    grid = sagittal_grid(anatomy, acquisition)
    scanner = stream(seed, f"mr scanner {acquisition.sequence}")
    return Volume(scanned(Volume(signal, anatomy.affine), grid, acquisition, scanner), grid.affine)


def sagittal_grid(anatomy: LabelledAnatomy, acquisition: MrAcquisition) -> Grid:
    """The stack: about the middle of the vertebrae from side to side, and as high as the anatomy.

    Raises
    ------
    ValueError
        If there is no vertebra to lay it through.
    """
    spine = np.argwhere(anatomy.vertebra > 0)
    if len(spine) == 0:
        raise ValueError(f"{anatomy.name} has no vertebra to lay a stack through")
    middle = anatomy.affine[:3, :3] @ ((spine.min(axis=0) + spine.max(axis=0)) / 2) + anatomy.affine[:3, 3]
    height = anatomy.tissue.shape[2] * float(np.linalg.norm(anatomy.affine[:3, 2]))
    middle[1] += (FRONT_MM - BACK_MM) / 2
    middle[2] = anatomy.affine[2, 3] + anatomy.affine[2, 2] * (anatomy.tissue.shape[2] - 1) / 2
    pixel = acquisition.pixel_mm
    shape = (round((FRONT_MM + BACK_MM) / pixel), int(height / pixel), acquisition.slices)
    axes = np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]])
    turn = Rotation.from_euler("yz", acquisition.turn_deg, degrees=True).as_matrix()
    affine = np.eye(4)
    affine[:3, :3] = turn @ axes * [pixel, pixel, acquisition.slice_mm]
    affine[:3, 3] = middle - affine[:3, :3] @ ((np.array(shape) - 1) / 2)
    return Grid(shape, affine)


def tissue_signal(anatomy: LabelledAnatomy, sequence: str, rng: np.random.Generator) -> FLOAT:
    """(I, J, K) signal of every voxel of a healthy anatomy before the scanner, muscle being about 1."""
    column = SEQUENCES.index(sequence)

    def varied(signal: float) -> float:
        return signal * float(np.clip(rng.normal(1.0, VARIATION), 1 - 2 * VARIATION, 1 + 2 * VARIATION))

    table = np.zeros(256, np.float32)
    for tissue in TISSUES:
        table[tissue] = varied(tissue_signals(tissue)[column])
    fat, worn = rng.uniform(0.1, 1.0), rng.uniform(0.0, 1.0)
    fatty, red, dry, moist, cortex = (marrow_signals(name)[column] for name in MARROW)
    marrow = varied(fat * fatty + (1 - fat) * red)
    for tissue in BONES:
        table[tissue] = marrow * rng.uniform(0.92, 1.08)
    table[Tissue.DISC] = varied(worn * dry + (1 - worn) * moist)
    image = table[anatomy.tissue]
    bone = np.isin(anatomy.tissue, [int(tissue) for tissue in BONES])
    image *= 1 + np.float32(TEXTURE) * rng.standard_normal(image.shape, np.float32)
    image[bone] *= 1 + np.float32(PATCHY) * waves(image.shape, anatomy.affine, rng)[bone]
    edge = float(np.linalg.norm(anatomy.affine[:3, 0]))
    shell = bone & ~eroded(bone)
    held = np.zeros(256, np.float32)
    for tissue, mm in CORTEX_MM.items():
        held[tissue] = min(mm / edge, 1.0)
    image[shell] += held[anatomy.tissue[shell]] * (np.float32(cortex) - image[shell])
    return np.maximum(image, 0.0)


def waves(shape: tuple[int, ...], affine: np.ndarray, rng: np.random.Generator, length_mm: float = 15.0) -> FLOAT:
    """Smooth noise of unit variance that varies over about `length_mm`."""
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    coarse = rng.standard_normal([max(int(n * s / length_mm), 2) for n, s in zip(shape, spacing, strict=True)])
    zoom = [n / c for n, c in zip(shape, coarse.shape, strict=True)]
    field = ndimage.zoom(coarse.astype(np.float32), zoom, order=1, mode="nearest", grid_mode=True)
    return np.asarray(field / max(float(field.std()), 1e-6), np.float32)


def scanned(signal: Volume, grid: Grid, acquisition: MrAcquisition, rng: np.random.Generator) -> np.ndarray:
    """(I, J, K) int16 magnitude image of a signal on the grid of a stack."""
    image = np.zeros(grid.shape, np.float32)
    for number in range(PLANES):
        affine = grid.affine.copy()
        affine[:3, 3] += affine[:3, 2] * (1 - acquisition.gap) * ((number + 0.5) / PLANES - 0.5)
        image += resample(signal, Grid(grid.shape, affine), antialias=False) / PLANES
    image = ndimage.gaussian_filter(image, (0.5, 0.5, 0.0))
    depth = np.linspace(1.0, 0.0, grid.shape[0], dtype=np.float32)[:, None, None]
    image *= np.exp(-acquisition.coil * depth)
    real = image + np.float32(acquisition.noise) * rng.standard_normal(image.shape, np.float32)
    imaginary = np.float32(acquisition.noise) * rng.standard_normal(image.shape, np.float32)
    return np.rint(SCALE * np.hypot(real, imaginary)).astype(np.int16)
