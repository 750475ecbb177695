"""How well two lesion masks of one patient agree, lesion by lesion.

A lesion is a connected piece of a mask, whatever its labels; those under `LEAST_ML` are neither asked for nor counted.
It is found under one of two criteria, both of which are reported (`clinical.md` §4.3): it is overlapped at all, or it
and a predicted lesion share at least `LEAST_IOU` of their union, one to one. What meets no lesion of the reference,
of whatever size, under the same criterion is a false positive.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

from spinemets.anatomy import LesionLabel
from spinemets.geometry import crop
from spinemets.measure.lesion_pieces import CONNECTED, LesionType, type_of
from spinemets.volume import Volume, require_same_grid

LEAST_ML = 0.3
"""The smallest lesion that networks are asked for (ours)."""
LEAST_IOU = 0.1
"""Of a lesion and its counterpart, intersection by union (`clinical.md` §4.3, [D])."""
CRITERIA = ("overlap", "iou")


@dataclass(frozen=True)
class LesionMatch:
    """One lesion of the reference and what the prediction has of it.

    Attributes
    ----------
    type : LesionType
        In the reference.
    volume_ml : float
        In the reference.
    found_by_overlap, found_by_iou : bool
        Under each criterion.
    dice : float
        With all predicted lesions that overlap it, taken as one; 0 where there is none.
    iou : float
        With the predicted lesion that it is matched to, or else the largest there is.
    predicted_type : LesionType or None
        Of the predicted voxels of all lesions that overlap it; None where there is none.
    """

    type: LesionType
    volume_ml: float
    found_by_overlap: bool
    found_by_iou: bool
    dice: float
    iou: float
    predicted_type: LesionType | None

    def to_json_dict(self) -> dict[str, Any]:
        """All of it as JSON has it; None where nothing was predicted."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value.value if isinstance(value, LesionType) else value for name, value in values.items()}


@dataclass(frozen=True)
class LesionCase:
    """Two lesion masks of one patient.

    Attributes
    ----------
    name : str
        Of the case.
    lesions : tuple of LesionMatch
        Those of the reference, the largest first.
    false_positives : mapping of str to int
        By criterion.
    false_ml : tuple of float
        Volumes of predicted lesions that overlap none of the reference, the largest first.
    voxels : mapping of str to (int, int, int)
        ``lesion``, ``lytic`` and ``blastic``: voxels in both masks, in the reference, in the prediction.
    """

    name: str
    lesions: tuple[LesionMatch, ...]
    false_positives: Mapping[str, int]
    false_ml: tuple[float, ...]
    voxels: Mapping[str, tuple[int, int, int]]

    def dice(self, what: str = "lesion") -> float:
        """Of ``lesion``, ``lytic`` or ``blastic`` voxels: 1 where both masks are empty, 0 where one is."""
        both, reference, prediction = self.voxels[what]
        return 2 * both / (reference + prediction) if reference + prediction else 1.0

    @property
    def is_diseased(self) -> bool:
        """Whether the reference has a lesion voxel."""
        return self.voxels["lesion"][1] > 0

    def to_json_dict(self) -> dict[str, Any]:
        """The case as JSON has it."""
        return {
            "name": self.name,
            "dice": {what: self.dice(what) for what in self.voxels},
            "lesions": [lesion.to_json_dict() for lesion in self.lesions],
            "false_positives": dict(self.false_positives),
            "false_ml": list(self.false_ml),
        }


def compare_lesions(name: str, reference: Volume, prediction: Volume) -> LesionCase:
    """Agreement of two masks of `LesionLabel` on one grid.

    Raises
    ------
    GeometryMismatchError
        If the masks lie on two grids.
    ValueError
        If a label is no `LesionLabel`.
    """
    require_same_grid(reference, prediction, mask_name=f"prediction {name}")
    for role, mask in (("reference", reference), ("prediction", prediction)):
        strange = sorted(set(np.unique(mask.array).tolist()) - {0, *LesionLabel})
        if strange:
            raise ValueError(f"{role} {name} has label {strange[0]:g}; a lesion mask has 1 for lytic and 2 for blastic")
    reference, prediction = _cropped(reference, prediction)
    return _Pair(reference, prediction).case(name)


class _Pair:
    """Two masks, their lesions, and how many voxels each two lesions share."""

    def __init__(self, reference: Volume, prediction: Volume) -> None:
        self.labels, self.predicted_labels = reference.array.astype(np.uint8), prediction.array.astype(np.uint8)
        self.ml = reference.voxel_volume_mm3 / 1000
        self.owner, count = ndimage.label(self.labels > 0, structure=CONNECTED)
        self.predicted, predicted_count = ndimage.label(self.predicted_labels > 0, structure=CONNECTED)
        pairs = np.bincount(
            (self.owner.astype(np.int64) * (predicted_count + 1) + self.predicted).ravel(),
            minlength=(count + 1) * (predicted_count + 1),
        ).reshape(count + 1, predicted_count + 1)
        self.sizes, self.predicted_sizes = pairs.sum(axis=1)[1:], pairs.sum(axis=0)[1:]
        self.shared = pairs[1:, 1:]
        self.iou = self.shared / np.maximum(self.sizes[:, None] + self.predicted_sizes - self.shared, 1)
        rows, columns = linear_sum_assignment(self.iou, maximize=True)
        self.matched = {int(r): int(c) for r, c in zip(rows, columns, strict=True) if self.iou[r, c] >= LEAST_IOU}

    def case(self, name: str) -> LesionCase:
        """Everything of it."""
        large = [row for row in np.argsort(-self.sizes, kind="stable") if self.sizes[row] * self.ml >= LEAST_ML]
        counted = [c for c in range(len(self.predicted_sizes)) if self.predicted_sizes[c] * self.ml >= LEAST_ML]
        apart = [column for column in counted if not self.shared[:, column].any()]
        unmatched = [column for column in counted if column not in self.matched.values()]
        return LesionCase(
            name,
            tuple(self.match(int(row)) for row in large),
            {"overlap": len(apart), "iou": len(unmatched)},
            tuple(sorted((float(self.predicted_sizes[column] * self.ml) for column in apart), reverse=True)),
            {what: self.voxels(labels) for what, labels in _LABELS.items()},
        )

    def match(self, row: int) -> LesionMatch:
        """One lesion of the reference."""
        others = np.flatnonzero(self.shared[row])
        own = self.owner == row + 1
        together = np.isin(self.predicted, others + 1)
        both, total = int(self.shared[row].sum()), int(self.sizes[row] + self.predicted_sizes[others].sum())
        partner = self.matched.get(row)
        return LesionMatch(
            type_of(self.labels[own]),
            float(self.sizes[row] * self.ml),
            bool(len(others)),
            partner is not None,
            2 * both / total,
            float(self.iou[row, partner] if partner is not None else self.iou[row].max(initial=0.0)),
            type_of(self.predicted_labels[together]) if len(others) else None,
        )

    def voxels(self, labels: Sequence[int]) -> tuple[int, int, int]:
        """In both masks, in the reference, in the prediction."""
        ours, theirs = (np.isin(array, labels) for array in (self.labels, self.predicted_labels))
        return int((ours & theirs).sum()), int(ours.sum()), int(theirs.sum())


_LABELS = {
    "lesion": (LesionLabel.LYTIC, LesionLabel.BLASTIC),
    "lytic": (LesionLabel.LYTIC,),
    "blastic": (LesionLabel.BLASTIC,),
}


def _cropped(reference: Volume, prediction: Volume) -> tuple[Volume, Volume]:
    """Both masks round all that is in either; one voxel where there is nothing."""
    box = ndimage.find_objects(((reference.array > 0) | (prediction.array > 0)).astype(np.uint8))
    start = [axis.start for axis in box[0]] if box else [0, 0, 0]
    stop = [axis.stop for axis in box[0]] if box else [1, 1, 1]
    return crop(reference, start, stop), crop(prediction, start, stop)


def cohens_kappa(counts: NDArray[np.int64]) -> float | None:
    """Unweighted kappa of a square table of two readers; None where chance alone would agree always.

    Cohen J. Educ Psychol Meas 1960;20:37-46.

    Examples
    --------
    >>> cohens_kappa(np.array([[20, 5], [10, 15]]))
    0.4
    """
    total = counts.sum()
    if total == 0:
        return None
    observed = float(np.trace(counts)) / total
    expected = float(counts.sum(axis=0) @ counts.sum(axis=1)) / float(total) ** 2
    return None if expected >= 1 else float(round((observed - expected) / (1 - expected), 12))
