"""What is seen of a body: of one that the image cuts the endplate away from the cut, on which a neighbour may slip."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinemets.measure.axes import VertebraAxes
from spinemets.measure.body_surface import BodySurface
from spinemets.measure.endplates import Endplate, endplate
from spinemets.measure.heights import BodyHeights
from spinemets.volume import Volume

CLEAR_MM = 4.0
"""An endplate is whole where no cut comes nearer to its plane: more than the depth at which its outline is taken
(`endplates.DEPTH_MM`), and a voxel (ours)."""


@dataclass(frozen=True, eq=False)
class SeenBody:
    """What is seen of a body that the image may cut, and what its mask resolves.

    Attributes
    ----------
    axes : VertebraAxes
        Its axes.
    upper, lower : Endplate or None
        Its endplates; None for one that the image cuts.
    depth_mm, width_mm : float
        Of what is seen of it.
    voxel_mm : float
        Largest extent of a voxel.
    across_mm : float, optional
        Its largest extent along the right and front axes of the body; `voxel_mm` where it is left out.
    """

    axes: VertebraAxes
    upper: Endplate | None
    lower: Endplate | None
    depth_mm: float
    width_mm: float
    voxel_mm: float
    across_mm: float | None = None


def whole_endplate(
    surface: BodySurface, heights: BodyHeights, cut_mm: NDArray[np.float64], *, upper: bool
) -> Endplate | None:
    """An endplate of a body that the image cuts, or None where the cut reaches it or too little of it was found.

    Parameters
    ----------
    surface, heights : BodySurface, BodyHeights
        Of what is seen of the body.
    cut_mm : (N, 3) ndarray
        Where the image cuts it, world mm.
    upper : bool
        Which endplate.
    """
    found = endplate(surface, heights, upper=upper)
    if found is None:
        return None
    inside = (cut_mm - found.centre_mm) @ found.normal * (-1 if upper else 1)
    return found if (inside >= CLEAR_MM).all() else None


def cut_mm(body: Volume, image: Volume) -> NDArray[np.float64]:
    """(N, 3) voxels of a mask in the outermost layer of the image that it was cropped from, world mm."""
    places = body.world(np.argwhere(body.array > 0))
    index = np.rint(image.index(places))
    return places[((index <= 0) | (index >= np.array(image.shape) - 1)).any(axis=1)]
