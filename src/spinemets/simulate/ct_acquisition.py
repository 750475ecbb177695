"""How a CT scan is made: voxels, kernel, dose and contrast medium."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from spinemets.geometry import Grid, corners_mm
from spinemets.simulate.ct_kernel import CtKernel
from spinemets.simulate.tissue_values import Phase
from spinemets.simulate.tissues import LabelledAnatomy


@dataclass(frozen=True)
class CtAcquisition:
    """How the scan was made.

    Attributes
    ----------
    spacing_mm : (3,) tuple of float
        Between voxels; the third is also the slice thickness, over which values are averaged.
    rotation_deg : (3,) tuple of float
        Turn of the stack of slices about world x, y and z.
    phase : Phase
        Intravenous contrast medium.
    sharpness : float
        0 a soft kernel, 1 a bone kernel that overshoots at edges.
    noise_hu : float
        Standard deviation of the noise in soft tissue, HU.
    age : float
        Of the patient, years: decides the density of the marrow.
    """

    spacing_mm: tuple[float, float, float] = (0.8, 0.8, 1.5)
    rotation_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)
    phase: Phase = Phase.NONE
    sharpness: float = 0.0
    noise_hu: float = 15.0
    age: float = 55.0

    def __post_init__(self) -> None:
        if min(self.spacing_mm) <= 0:
            raise ValueError(f"spacing_mm must be positive, got {self.spacing_mm}")
        if not 0.0 <= self.sharpness <= 1.0:
            raise ValueError(f"sharpness must be from 0 to 1, got {self.sharpness}")
        if self.noise_hu < 0:
            raise ValueError(f"noise_hu must not be negative, got {self.noise_hu}")

    @property
    def kernel(self) -> CtKernel:
        """What shows an edge."""
        return CtKernel.of_sharpness(self.sharpness)


def random_acquisition(seed: int, age: float | None = None) -> CtAcquisition:
    """A scan such as hospitals make; half of them with a small turn, two thirds with contrast medium."""
    rng = np.random.default_rng([seed, 0xC7])
    edge = float(rng.uniform(0.6, 0.98))
    sharpness = float(rng.uniform(0.6, 1.0) if rng.random() < 0.35 else rng.uniform(0.0, 0.3))
    turn = rng.normal(0.0, 3.0, 3) * (rng.random() < 0.5)
    return CtAcquisition(
        spacing_mm=(edge, edge, float(rng.choice([1.0, 1.25, 1.5, 2.0, 2.5, 3.0]))),
        rotation_deg=(float(turn[0]), float(turn[1]), float(turn[2])),
        phase=Phase(str(rng.choice([phase.value for phase in Phase]))),
        sharpness=sharpness,
        noise_hu=float(rng.uniform(8.0, 22.0) * (1.0 + 1.8 * sharpness)),
        age=float(rng.uniform(25.0, 90.0)) if age is None else age,
    )


def acquisition_grid(anatomy: LabelledAnatomy, acquisition: CtAcquisition) -> Grid:
    """The voxels of a scan: a stack, turned about the middle of the anatomy, that covers all of it.

    Raises
    ------
    ValueError
        If the slices would be turned by more than 45 degrees.
    """
    if max(abs(angle) for angle in acquisition.rotation_deg) > 45.0:
        raise ValueError(f"slices may be turned by at most 45 degrees, got {acquisition.rotation_deg}")
    rotation = np.eye(3)
    for axis, angle in enumerate(np.radians(acquisition.rotation_deg)):
        a, b = (axis + 1) % 3, (axis + 2) % 3
        turn = np.eye(3)
        turn[a, a] = turn[b, b] = np.cos(angle)
        turn[b, a], turn[a, b] = np.sin(angle), -np.sin(angle)
        rotation = turn @ rotation
    corners = corners_mm(anatomy.tissue.shape, anatomy.affine)
    middle = corners.mean(axis=0)
    extent = corners.max(axis=0) - corners.min(axis=0)
    spacing = np.array(acquisition.spacing_mm)
    shape = np.maximum(np.floor(extent / spacing), 1).astype(int)
    affine = np.eye(4)
    affine[:3, :3] = rotation * spacing
    affine[:3, 3] = middle - affine[:3, :3] @ ((shape - 1) / 2)
    return Grid((int(shape[0]), int(shape[1]), int(shape[2])), affine)
