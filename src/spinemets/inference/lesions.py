"""Metastases in the vertebrae of a CT or MR: a lesion network, run where vertebrae are, then the image's grid again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import Level
from spinemets.geometry import Grid, corners_mm, crop, resample, world_aligned_grid
from spinemets.inference.card import ModelCard
from spinemets.inference.certain_pieces import certain_pieces
from spinemets.inference.lesion_classes import LESION_CLASSES
from spinemets.inference.lesion_input import lesion_input
from spinemets.inference.locate import softmax
from spinemets.inference.shipped import ShippedModel
from spinemets.inference.sliding_window import Progress, mirrored, sliding_window
from spinemets.inference.upsample import to_image_grid
from spinemets.measure.lesion_pieces import CONNECTED, NEAR_MM, lesion_owners, widened
from spinemets.volume import Volume, require_same_grid

OVERLAP = 0.5
"""Of windows, as for the spine network."""


@dataclass(frozen=True)
class Thresholds:
    """From which probability on something is a lesion.

    Attributes
    ----------
    voxel : float
        Voxels that are lytic or blastic with at least this make up pieces.
    core, core_ml : float
        A piece is a lesion where voxels of it with at least this probability fill at least so much.
    """

    voxel: float
    core: float
    core_ml: float


CT_THRESHOLDS = Thresholds(voxel=0.2, core=0.8, core_ml=0.2)
"""Ours. On 15 validation patients with 19 lesions (ad hoc) it found 7 with 0.13 false ones a scan; one voxel of 0.95
found 6 with 0.27, one of 0.5 11 with 0.73: false pieces are certain in spots at most, true ones over a good
part. False ones weigh more: a metastasis that is none is scored, and tells for a metastatic fracture elsewhere."""
MR_THRESHOLDS = Thresholds(voxel=0.2, core=0.9, core_ml=0.1)
"""Ours. On 11 validation patients with 10 lesions (ad hoc), true masks, T1 with STIR, it found 7 with 0.36 false ones a
scan; a core of 0.8 7 with 0.45, one of 0.9 in 0.2 ml 6 with 0.27."""
REACH_MM = 6.0
"""Lesion is looked for this far beyond the vertebra mask, since outlines leave destroyed bone out (ours). Of 18
validation patients two with destroyed vertebrae gained 0.04 of Dice over 3 mm, the others nothing; 9 mm gave no more.
No false lesion came with it."""
LEAST_LESION_ML = 0.3
"""What is smaller within one vertebra is not reported: a voxel or two of the network's grid in every direction (ours;
no smaller lesion is simulated)."""
MARGIN_MM = 24.0
"""What the network sees beyond the vertebrae at least: soft tissue to compare with (ours)."""
UNTRAINED_LEVELS = frozenset({Level.C1, Level.C2, Level.SACRUM})
"""No simulated patient has a lesion there (`spinemets.simulate.diseased_patient`): the network says nothing of them."""


class LesionModel(ShippedModel):
    """The lesion network for CT, opened once and used for many images."""

    name = "lesion"
    thresholds: ClassVar[Thresholds] = CT_THRESHOLDS


class MrLesionModel(LesionModel):
    """The lesion network for MR, opened once and used for many images."""

    name = "lesion_mr"
    thresholds: ClassVar[Thresholds] = MR_THRESHOLDS


def find_lesions(
    images: Mapping[str, Volume], vertebrae: Volume, model: LesionModel, progress: Progress | None = None
) -> Volume:
    """Lesions of a CT, or of MR series in the same world, on the grid of the first.

    Parameters
    ----------
    images : mapping of str to Volume
        By role, such as ``ct``, or ``t1``, ``t2`` and ``stir``: HU, or signal of an MR, in any orientation. Roles that
        the network has no channel for are ignored, and MR may lack some of those that it has.
    vertebrae : Volume
        VerSe ids on the grid of the first; at least one voxel is labelled.
    model : LesionModel
        The opened network of the modality.
    progress : callable, optional
        Told the share that is done.

    Returns
    -------
    Volume
        `LesionLabel` values: in vertebrae and at most about `REACH_MM` beyond them, every piece at least
        `LEAST_LESION_ML` within its own vertebra, none at `UNTRAINED_LEVELS`.

    Raises
    ------
    GeometryMismatchError
        If the mask lies on another grid.
    ValueError
        If the mask is empty.
    """
    image = next(iter(images.values()))
    require_same_grid(image, vertebrae, mask_name="the vertebra mask")
    grid = _grid_round(vertebrae, model.card)
    inside = resample(vertebrae.with_array((vertebrae.array > 0).view(np.uint8)), grid) >= 0.5
    near = ndimage.distance_transform_edt(~inside, sampling=grid.spacing_mm) <= REACH_MM
    probability, labels = _run(images, inside, near, grid, model, progress)
    probability[~near] = 0
    share = lesion_share(probability, float(np.prod(grid.spacing_mm)) / 1000, model.thresholds)
    labels[share < 0.5] = 0
    (found,) = to_image_grid(image, grid, share[None], [labels])
    return image.with_array(_reported(image.with_array(found), vertebrae))


def _grid_round(vertebrae: Volume, card: ModelCard) -> Grid:
    """The network's grid round the vertebrae, at least as large as a window."""
    box = ndimage.find_objects((vertebrae.array > 0).view(np.uint8))
    if not box:
        raise ValueError("lesions are sought in vertebrae, and the vertebra mask is empty")
    part = crop(vertebrae, [axis.start for axis in box[0]], [axis.stop for axis in box[0]])
    corners = corners_mm(part.shape, part.affine)
    lower, upper = corners.min(axis=0) - MARGIN_MM, corners.max(axis=0) + MARGIN_MM
    short = np.maximum(np.array(card.patch_size) * card.spacing_mm - (upper - lower), 0.0)
    return world_aligned_grid(lower - short / 2, upper + short / 2, card.spacing_mm)


def _run(
    images: Mapping[str, Volume],
    inside: NDArray[np.bool_],
    near: NDArray[np.bool_],
    grid: Grid,
    model: LesionModel,
    progress: Progress | None,
) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Probability that a voxel is lesion, and which `LesionLabel` it would have."""
    logits = sliding_window(
        mirrored(model.network),
        lesion_input(images, inside, grid, model.card),
        model.card.patch_size,
        channels=len(LESION_CLASSES),
        overlap=OVERLAP,
        wanted=near,
        progress=progress,
    )
    probability = softmax(logits)
    labels = (1 + probability[1:].argmax(axis=0)).astype(np.uint8)
    return 1 - probability[0], labels


def lesion_share(
    probability: NDArray[np.float32], voxel_ml: float, thresholds: Thresholds = CT_THRESHOLDS
) -> NDArray[np.float32]:
    """How far each voxel of the network's grid is lesion: from 0.5 on it is.

    Parameters
    ----------
    probability : (D, H, W) array
        Of lytic and blastic together.
    voxel_ml : float
        Volume of a voxel.
    thresholds : Thresholds
        Of the network.
    """
    marked = probability >= thresholds.voxel
    least = max(thresholds.core_ml / voxel_ml, 1)
    weak = marked & ~certain_pieces(marked, probability, core=thresholds.core, least_voxels=least)
    certain = np.where(weak, 0.0, probability)
    return np.interp(certain, [0.0, thresholds.voxel, 1.0], [0.0, 0.5, 1.0]).astype(np.float32)


def _reported(lesions: Volume, vertebrae: Volume) -> NDArray[np.uint8]:
    """What is large enough in a vertebra that the network was trained for; the pieces are those of the report."""
    kept = np.zeros(lesions.shape, np.uint8)
    box = ndimage.find_objects((lesions.array > 0).view(np.uint8))
    if not box:
        return kept
    near = widened(box[0], vertebrae, NEAR_MM)
    start, stop = [axis.start for axis in near], [axis.stop for axis in near]
    labels, bones = crop(lesions, start, stop), crop(vertebrae, start, stop)
    owner = lesion_owners(labels, bones.with_array(bones.array.astype(np.uint8)))
    untrained = [level.verse_id for level in UNTRAINED_LEVELS]
    least = LEAST_LESION_ML * 1000 / lesions.voxel_volume_mm3
    for number, place in enumerate(ndimage.find_objects(owner), start=1):
        if place is None or number in untrained:
            continue
        pieces, _ = ndimage.label(owner[place] == number, structure=CONNECTED)
        large = np.bincount(pieces.ravel()) >= least
        large[0] = False
        part = kept[near][place]
        np.copyto(part, labels.array[place], where=large[pieces])
    return kept
