"""From what the networks answer to one vertebra beside another, and to what is none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spinemets.errors import NoSpineFoundError
from spinemets.geometry import Grid, points_beyond
from spinemets.inference.fine_pass import NEAR_SPINE_MM, FinePass, beside_mm
from spinemets.inference.instances import Instances, find_instances
from spinemets.inference.locate import heights_mm, softmax
from spinemets.inference.no_vertebra import (
    highest_is_doubtful,
    without_remote,
    without_skull,
    without_surplus,
)
from spinemets.inference.parts import CLASS
from spinemets.inference.sacral_segments import without_sacral_segments
from spinemets.inference.sacrum import told_from_sacrum
from spinemets.inference.spine_classes import SPINE_CLASSES, VERTEBRA_CLASSES
from spinemets.inference.spine_pieces import SpinePieces, main_piece, pieces_of_spine
from spinemets.volume import Volume

MIN_VERTEBRA_ML = 4.0
"""Less than this is not the vertebra of an adult, nor enough of one to name it (ours; C5 has 8 ml)."""


@dataclass(frozen=True)
class Separated:
    """Vertebrae and their surroundings on the grid of the spine network.

    Attributes
    ----------
    shares : (3, I, J, K) ndarray of float32
        Of vertebra, sacrum and canal in each voxel.
    classes : (I, J, K) ndarray of uint8
        Indices of `SPINE_CLASSES`.
    instances : Instances
        The vertebrae, not yet named.
    sacrum : (I, J, K) ndarray of bool
        Where it is.
    surplus : bool
        More pieces were found than anybody has vertebrae; the slightest were left out.
    doubtful : bool
        The highest vertebra may be a piece of the skull.
    left_out : bool
        Above or below all that was found is more bone that may be a part of the spine.
    """

    shares: NDArray[np.float32]
    classes: NDArray[np.uint8]
    instances: Instances
    sacrum: NDArray[np.bool_]
    surplus: bool
    doubtful: bool
    left_out: bool


def separate(image: Volume, seen: FinePass, *, on_mr: bool = False) -> Separated:
    """Vertebrae and sacrum from logits and votes of the spine network.

    Parameters
    ----------
    image : Volume
        What was segmented.
    seen : FinePass
        Logits of `SPINE_CLASSES`, then votes.
    on_mr : bool
        The image is an MR, on which segments of the sacrum look like vertebrae.

    Raises
    ------
    NoSpineFoundError
        If nothing of it is a vertebra.
    """
    grid = seen.grid
    spacing = float(grid.spacing_mm[0])
    classes, shares, far = _near_spine(seen)
    bone = _bone(classes, spacing)
    vertebra = bone.spine
    instances = find_instances(vertebra, classes == CLASS["body"], seen.output[len(SPINE_CLASSES) :], spacing)
    if len(instances.centres) == 0:
        raise NoSpineFoundError("no spine found: the bone that was located has no vertebra that can be told apart")
    outside = _beyond(image, grid)
    instances, skull = without_skull(instances, outside)
    instances, remote = without_remote(instances, classes == CLASS["canal"], spacing)
    if len(instances.centres) == 0:
        raise NoSpineFoundError("no spine found: nothing that looks like a vertebra lies beside the canal")
    enclosed = (instances.labels > 0) & ~vertebra
    classes[enclosed] = CLASS["body"]
    sacrum = classes == CLASS["sacrum"]
    sacrum = main_piece(sacrum, spacing, bridge_mm=4.0) if sacrum.any() else sacrum
    segments = np.zeros_like(sacrum)
    if on_mr:
        instances, segments = without_sacral_segments(instances, classes == CLASS["body"], outside)
    instances, sacrum, remnant = told_from_sacrum(instances, sacrum | segments, spacing)
    remnant |= segments & sacrum
    instances, surplus = without_surplus(instances)  # last: pieces of the sacrum are no reason to leave C1 out
    none = skull | remote | surplus | (segments & ~sacrum)
    classes[none] = CLASS["other_bone"]
    classes[(classes == CLASS["sacrum"]) & ~sacrum] = CLASS["other_bone"]
    classes[remnant] = CLASS["sacrum"]
    shares[:, far | enclosed | none] = 0
    shares[0, enclosed] = 1
    shares[:, remnant] = np.array([0, 1, 0])[:, None]
    doubtful = highest_is_doubtful(instances, outside)
    left_out = _left_out(bone, seen, (instances.labels > 0) | sacrum)
    return Separated(shares, classes, instances, sacrum, bool(surplus.any()), doubtful, left_out)


def _near_spine(seen: FinePass) -> tuple[NDArray[np.uint8], NDArray[np.float32], NDArray[np.bool_]]:
    """Classes and shares, no part of the spine far from where the spine was located, and where that is."""
    classes, shares = _classes_and_shares(seen.output)
    far = beside_mm(seen.located, seen.grid) > NEAR_SPINE_MM
    wanted = np.isin(classes, (*VERTEBRA_CLASSES, CLASS["sacrum"], CLASS["canal"]))
    classes[wanted & far] = 0
    return classes, shares, far


def _bone(classes: NDArray[np.uint8], spacing_mm: float) -> SpinePieces:
    """Where vertebrae are, along one course; other pieces lose their class.

    Raises
    ------
    NoSpineFoundError
        If that is too little for a vertebra.
    """
    found = np.isin(classes, VERTEBRA_CLASSES)
    pieces = pieces_of_spine(found, spacing_mm, classes == CLASS["sacrum"])
    classes[found & ~pieces.spine] = 0
    ml = pieces.spine.sum() * spacing_mm**3 / 1000
    if ml < MIN_VERTEBRA_ML:
        raise NoSpineFoundError(
            f"no spine found: {ml:.1f} ml of bone look like vertebrae, at least {MIN_VERTEBRA_ML:g} ml are needed"
        )
    return pieces


def _left_out(bone: SpinePieces, seen: FinePass, found: NDArray[np.bool_]) -> bool:
    """Whether what may be spine as well, by either network, has its middle above or below all that was found."""
    slices = np.flatnonzero(found.any(axis=(0, 1)))
    low, high = heights_mm(seen.grid, (float(slices[0]), float(slices[-1])))
    pieces = [*(heights_mm(seen.grid, piece) for piece in bone.left_out), *seen.located.left_out_mm]
    return any(not low <= (bottom + top) / 2 <= high for bottom, top in pieces)


def _classes_and_shares(output: NDArray[np.float16]) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """(I, J, K) likeliest class, and (3, I, J, K) shares of vertebra, sacrum and canal; a sheet at a time."""
    classes = np.zeros(output.shape[1:], np.uint8)
    shares = np.zeros((3, *output.shape[1:]), np.float32)
    for sheet in range(output.shape[1]):
        probability = softmax(output[: len(SPINE_CLASSES), sheet].astype(np.float32))
        classes[sheet] = probability.argmax(axis=0)
        shares[0, sheet] = probability[list(VERTEBRA_CLASSES)].sum(axis=0)
        shares[1:, sheet] = probability[[CLASS["sacrum"], CLASS["canal"]]]
    return classes, shares


def _beyond(image: Volume, grid: Grid) -> NDArray[np.bool_]:
    """Voxels of the grid that lie outside the image."""
    result = np.zeros(grid.shape, dtype=bool)
    for beyond in points_beyond(image, grid):
        result |= beyond
    return result
