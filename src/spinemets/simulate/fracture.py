"""Collapse of a vertebral body by known fractions of its height: the truth is in the parameters.

The body is squeezed towards its lower endplate, along its own axis, by a share that varies smoothly over its
cross-section; the disc above fills what is left. The levels above stay where they are, so that every other truth of
the patient holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from spinemets.anatomy import Level, Subregion
from spinemets.geometry import Grid
from spinemets.simulate.curve import PlacedVertebra, place_spine, sway
from spinemets.simulate.subject import Subject
from spinemets.simulate.tissues import LabelledAnatomy, Tissue

COLUMN_SHARE = {"anterior": 0.35, "middle": 0.0, "posterior": -0.35}
"""Where a column lies, as a share of the depth in front of the middle: 15, 50 and 85 % of it from the front."""
LARGEST = 0.9
"""No part of a body loses more than this."""


@dataclass(frozen=True)
class Collapse:
    """How much of its height a body has lost.

    Attributes
    ----------
    anterior, middle, posterior : float
        Fractions, in [0, 0.9].
    tilt : float
        Further loss at the patient's right rim, gained back at the left one.
    """

    anterior: float = 0.0
    middle: float = 0.0
    posterior: float = 0.0
    tilt: float = 0.0

    def __post_init__(self) -> None:
        for name in COLUMN_SHARE:
            if not 0 <= getattr(self, name) <= LARGEST:
                raise ValueError(f"the {name} loss must lie in [0, {LARGEST}], got {getattr(self, name)}")

    def loss(self, right_share: NDArray[np.float64], front_share: NDArray[np.float64]) -> NDArray[np.float64]:
        """Loss at places given as shares of half the width and of the depth, from the middle of the body.

        The parabola through the three columns, constant beyond the outer two.
        """
        y = np.clip(front_share, -0.35, 0.35) / 0.35
        curve = self.middle + (self.anterior - self.posterior) / 2 * y
        curve = curve + ((self.anterior + self.posterior) / 2 - self.middle) * y * y
        return np.clip(curve + self.tilt * np.clip(right_share, -1, 1), 0.0, LARGEST)


def placed_spine(subject: Subject) -> dict[Level, PlacedVertebra]:
    """Where every vertebra of a simulated patient stands."""
    return sway(place_spine(subject))


def collapsed(anatomy: LabelledAnatomy, vertebra: PlacedVertebra, collapse: Collapse) -> LabelledAnatomy:
    """A patient with one body collapsed.

    Parameters
    ----------
    anatomy : LabelledAnatomy
        The patient, healthy there; the finer its grid, the more exact the collapse.
    vertebra : PlacedVertebra
        The vertebra as it stands in that patient.
    collapse : Collapse
        What it loses.

    Raises
    ------
    ValueError
        If the anatomy does not show that vertebra.
    """
    number = vertebra.level.verse_id
    own = (anatomy.vertebra == number) & (anatomy.subregion == Subregion.BODY)
    if not own.any():
        raise ValueError(f"the anatomy {anatomy.name} shows no body of {vertebra.level}")
    index = np.argwhere(own)
    low, high = index.min(axis=0), index.max(axis=0) + 1
    grid = Grid(anatomy.tissue.shape, anatomy.affine)
    place = index @ grid.affine[:3, :3].T + grid.affine[:3, 3]
    local = vertebra.local(place)
    half_width, depth = vertebra.size.width / 2, vertebra.size.depth
    shares = (local / [half_width, depth, 1.0]).astype(np.float64)
    keep = 1 - collapse.loss(shares[:, 0], shares[:, 1])
    floor = -vertebra.middle_height / 2
    healthy = local.copy()
    healthy[:, 2] = floor + (local[:, 2] - floor) / keep
    to_index = np.linalg.inv(grid.affine)
    source = np.round(vertebra.world(healthy) @ to_index[:3, :3].T + to_index[:3, 3]).astype(int)
    inside = ((source >= low) & (source < high)).all(axis=1)
    still = np.zeros(len(index), dtype=bool)
    still[inside] = own[tuple(source[inside].T)]
    still |= local[:, 2] < floor  # below the lower rim nothing moves
    lost = tuple(index[~still].T)
    tissue, ids, parts = anatomy.tissue.copy(), anatomy.vertebra.copy(), anatomy.subregion.copy()
    tissue[lost], ids[lost], parts[lost] = Tissue.DISC, 0, 0
    return replace(
        anatomy, tissue=tissue, vertebra=ids, subregion=parts, centres_mm=_centres(anatomy, vertebra, ids, parts)
    )


def _centres(
    anatomy: LabelledAnatomy, vertebra: PlacedVertebra, ids: NDArray[np.uint8], parts: NDArray[np.uint8]
) -> dict[Level, NDArray[np.float64]]:
    body = np.argwhere((ids == vertebra.level.verse_id) & (parts == Subregion.BODY))
    centre = body.mean(axis=0) @ anatomy.affine[:3, :3].T + anatomy.affine[:3, 3]
    centres: Mapping[Level, NDArray[np.float64]] = anatomy.centres_mm
    return {**centres, vertebra.level: centre}
