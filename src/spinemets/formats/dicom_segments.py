"""What a DICOM segmentation of ours holds: masks with a label and codes.

Labels are part of our contract: ``T7 vertebra``, ``T7 body``, ``sacrum``,
``lesion 1 lytic T7``, ``spinal cord``, ``thecal sac``, ``epidural tumour``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import LEVEL_OF_VERSE_ID, CanalLabel, Level, Subregion
from spinemets.errors import StudyError
from spinemets.formats import dicom_codes as codes
from spinemets.volume import Volume, require_same_grid


@dataclass(frozen=True)
class Segment:
    """One structure on the grid of a series.

    Attributes
    ----------
    label : str
        Segment Label, at most 64 characters; also its tracking identifier.
    mask : (I, J, K) ndarray of bool or integers
        Not zero inside; a box of the grid, which may be all of it.
    category, kind : Coded
        Segmented property category and type.
    start : (3,) tuple of int
        Voxel of the series at which the box begins.
    site : Coded, optional
        Anatomic region.
    tracking_uid : str, optional
        By default one that the stamp, the series and the label decide.
    given : bool
        A user gave the mask, so that no algorithm of ours is named for it.
    """

    label: str
    mask: NDArray[Any]
    category: codes.Coded
    kind: codes.Coded
    start: tuple[int, int, int] = (0, 0, 0)
    site: codes.Coded | None = None
    tracking_uid: str | None = None
    given: bool = False

    def __post_init__(self) -> None:
        if not 1 <= len(self.label) <= 64:
            raise ValueError(f"a segment label has 1 to 64 characters, got '{self.label}'")
        if self.mask.ndim != 3 or not self.mask.any():
            raise ValueError(f"segment '{self.label}' needs a 3-D mask with a voxel in it, got shape {self.mask.shape}")


def vertebra_segments(vertebrae: Volume, subregions: Volume | None = None) -> Iterator[Segment]:
    """Every vertebra and, where subregions are given, its body; one box at a time, from head to foot.

    Parameters
    ----------
    vertebrae : Volume
        VerSe ids; 26 is the whole sacrum, which has no body of its own here.
    subregions : Volume, optional
        Labels of `Subregion` on the same grid.

    Raises
    ------
    StudyError
        If a label is not a VerSe id of a vertebra.
    GeometryMismatchError
        If the grids differ.
    """
    if subregions is not None:
        require_same_grid(vertebrae, subregions, mask_name="subregion mask")
    boxes = _boxes(vertebrae, LEVEL_OF_VERSE_ID, "vertebra")
    for number in sorted(boxes, key=lambda n: LEVEL_OF_VERSE_ID[n].order):
        box, level = boxes[number], LEVEL_OF_VERSE_ID[number]
        mask = vertebrae.array[box] == number
        label = str(level) if level is Level.SACRUM else f"{level} vertebra"
        yield Segment(label, mask, codes.ANATOMICAL_STRUCTURE, codes.level_code(level), _start(box))
        if subregions is not None and level is not Level.SACRUM:
            body = mask & np.isin(subregions.array[box], (Subregion.BODY, Subregion.BODY_BORDER))
            if body.any():
                yield _body(level, body, _start(box))


def _body(level: Level, mask: NDArray[np.bool_], start: tuple[int, int, int]) -> Segment:
    label, site = f"{level} body", codes.level_code(level)
    return Segment(label, mask, codes.ANATOMICAL_STRUCTURE, codes.VERTEBRAL_BODY, start, site)


_CANAL = {
    CanalLabel.CORD: ("spinal cord", codes.ANATOMICAL_STRUCTURE, codes.SPINAL_CORD),
    CanalLabel.THECAL_SAC: ("thecal sac", codes.ANATOMICAL_STRUCTURE, codes.THECAL_SAC),
    CanalLabel.EPIDURAL_TUMOUR: ("epidural tumour", codes.ABNORMAL_STRUCTURE, codes.NEOPLASM),
}


def canal_segments(canal: Volume) -> Iterator[Segment]:
    """Cord, thecal sac without the cord, and epidural tumour, as far as present.

    Raises
    ------
    StudyError
        If a label is not one of `CanalLabel`.
    """
    for number, box in _boxes(canal, list(CanalLabel), "canal").items():
        label, category, kind = _CANAL[CanalLabel(number)]
        yield Segment(label, canal.array[box] == number, category, kind, _start(box), codes.VERTEBRAL_CANAL)


def lesion_segment(
    number: int, kind: str, level: Level, mask: NDArray[Any], start: tuple[int, int, int] = (0, 0, 0)
) -> Segment:
    """One lesion of a vertebra; `kind` is lytic, blastic or mixed, as in its label ``lesion 1 lytic T7``.

    It is coded as a lesion: that it is a metastasis is not for a mask to say.
    """
    label, site = f"lesion {number} {kind} {level}", codes.level_code(level)
    return Segment(label, mask, codes.ABNORMAL_STRUCTURE, codes.LESION, start, site)


def _boxes(mask: Volume, known: Collection[int], name: str) -> dict[int, tuple[slice, ...]]:
    """Bounding box of every label that is there, refusing labels that are not `known`."""
    boxes = {number: box for number, box in enumerate(ndimage.find_objects(mask.array), 1) if box is not None}
    unknown = sorted(set(boxes) - set(known))
    if unknown:
        expected = ", ".join(str(int(label)) for label in sorted(known))
        raise StudyError(f"label {unknown[0]} of the {name} mask is unknown; it must be one of {expected}")
    return boxes


def _start(box: tuple[slice, ...]) -> tuple[int, int, int]:
    return box[0].start, box[1].start, box[2].start
