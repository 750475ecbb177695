"""What disease adds to a patient: deposits of matter on its grid, labels, and the truth about both."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import Level
from spinemets.simulate.tissues import LabelledAnatomy

Box = tuple[slice, slice, slice]


@dataclass(frozen=True, eq=False)
class Deposit:
    """Matter that replaces, or is added to, what an anatomy holds.

    Attributes
    ----------
    box : tuple of slice
        Where on the grid of the anatomy.
    share : (I, J, K) ndarray of float32
        Part of each voxel of the box that it fills, in [0, 1]; smooth at edges, as partial volume is.
    hu : (I, J, K) ndarray of float32 or float
        CT number of the matter without contrast medium.
    enhancement_hu : float
        Rise of the CT number after contrast medium.
    adds : bool
        True to add `hu` to what is there instead of replacing it.
    """

    box: Box
    share: NDArray[np.float32]
    hu: NDArray[np.float32] | float
    enhancement_hu: float = 0.0
    adds: bool = False

    def __post_init__(self) -> None:
        low, high = float(self.share.min(initial=0.0)), float(self.share.max(initial=0.0))
        if low < 0.0 or high > 1.0:
            raise ValueError(f"a share must lie in [0, 1], got {low:g} to {high:g}")


@dataclass(frozen=True)
class LesionTruth:
    """A metastasis as it was made.

    Attributes
    ----------
    level : Level
        The vertebra.
    type, pattern : str
        ``lytic``, ``blastic`` or ``mixed``; ``geographic``, ``moth_eaten``, ``permeative``, ``nodular``, ``diffuse``,
        ``ivory`` or ``mixed``.
    place : str
        The part in which it began, named as in ``report.json``.
    volume_ml : float
        In bone, counted on the grid of the anatomy.
    body_fraction : float
        Share of the vertebral body.
    regions : dict
        Share of every part that it touches, by the names of ``report.json``.
    cortex_broken : bool
        Whether the cortex over it is gone.
    epidural_ml, paravertebral_ml : float
        Soft tissue outside the bone.
    """

    level: Level
    type: str
    pattern: str
    place: str
    volume_ml: float
    body_fraction: float
    regions: dict[str, float]
    cortex_broken: bool
    epidural_ml: float = 0.0
    paravertebral_ml: float = 0.0


@dataclass(frozen=True)
class FractureTruth:
    """A collapsed vertebra as it was made.

    Attributes
    ----------
    level : Level
        The vertebra.
    cause : str
        ``osteoporotic`` or ``metastatic``.
    losses : dict
        Fractions of the height, by column.
    tilt : float
        Further loss at the patient's right rim.
    signs : dict
        Those of Table 1 on CT.
    wall_mm : float
        How far the posterior wall stands out: a bulge behind the line between its rims, a retropulsed corner behind
        where it was. To half a voxel of the anatomy; 0 where it does neither.
    """

    level: Level
    cause: str
    losses: dict[str, float]
    tilt: float
    signs: dict[str, bool]
    wall_mm: float = 0.0


@dataclass(frozen=True)
class LookAlikeTruth:
    """A benign finding that is no metastasis: what it is, where, and its size."""

    level: Level
    kind: str
    volume_ml: float


@dataclass(frozen=True, eq=False)
class Disease:
    """All that is wrong with a patient.

    Attributes
    ----------
    anatomy : LabelledAnatomy
        The patient with collapsed bodies and other changes of shape.
    deposits : tuple of Deposit
        In the order in which they are laid down.
    lesions : (I, J, K) ndarray of uint8
        `LesionLabel` in bone, on the grid of the anatomy.
    soft_tissue : (I, J, K) ndarray of uint8
        Tumour outside the bone: 1 paravertebral, 2 epidural.
    lesion_truth, fractures, look_alikes : tuple
        One record for each.
    least_age : float
        The bone is at least as thin as at this age, years.
    """

    anatomy: LabelledAnatomy
    deposits: tuple[Deposit, ...] = ()
    lesions: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 0, 0), np.uint8))
    soft_tissue: NDArray[np.uint8] = field(default_factory=lambda: np.zeros((0, 0, 0), np.uint8))
    lesion_truth: tuple[LesionTruth, ...] = ()
    fractures: tuple[FractureTruth, ...] = ()
    look_alikes: tuple[LookAlikeTruth, ...] = ()
    least_age: float = 0.0

    def record(self) -> dict[str, Any]:
        """Every truth as plain mappings, for ``provenance`` of a report."""
        named = {"lesions": self.lesion_truth, "fractures": self.fractures, "look_alikes": self.look_alikes}
        return {name: [dict(vars(one)) for one in records] for name, records in named.items()}
