"""How well two vertebra masks agree: overlap, matching and identification.

Definitions follow VerSe (Sekuboyina A et al. Med Image Anal 2021;73:102166) where it has
one. Masks are VerSe labels on one grid. A vertebra that was missed counts as 0 wherever a
number exists for it, and is named where none does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.optimize import linear_sum_assignment

from spinemets.anatomy import VERSE_ID
from spinemets.volume import Volume

LABELS = max(VERSE_ID.values()) + 1
"""VerSe ids lie below this; 0 is the background."""

ID_DISTANCE_MM = 20.0
"""A vertebra is identified at most this far from its own place; VerSe's code includes 20."""

MATCHED_DICE = 0.1
"""Vertebrae that overlap less than this are not the same bone (ours)."""

DETECTED_IOU = 0.5
"""A vertebra is detected where the intersection is more than this share of the union (Kirillov 2019)."""


@dataclass(frozen=True)
class Overlap:
    """How many voxels carry each pair of labels.

    Attributes
    ----------
    counts : (LABELS, LABELS) ndarray of int
        ``counts[r, p]``: voxels with label ``r`` in the reference and ``p`` in the prediction.
    """

    counts: NDArray[np.int64]

    @classmethod
    def of(cls, reference: NDArray[np.uint8], prediction: NDArray[np.uint8]) -> Overlap:
        """Count over two arrays of VerSe ids of one shape."""
        either = (reference | prediction) != 0
        pairs = reference[either].astype(np.intp) * LABELS + prediction[either]
        counts = np.bincount(pairs, minlength=LABELS * LABELS)
        counts[0] = either.size - len(pairs)
        return cls(counts.reshape(LABELS, LABELS))

    @property
    def reference_voxels(self) -> NDArray[np.int64]:
        """(LABELS,) size of each vertebra in the reference."""
        return self.counts.sum(axis=1)

    @property
    def predicted_voxels(self) -> NDArray[np.int64]:
        """(LABELS,) size of each vertebra in the prediction."""
        return self.counts.sum(axis=0)

    @property
    def reference_labels(self) -> list[int]:
        """Labels present in the reference."""
        return [int(label) for label in np.flatnonzero(self.reference_voxels) if label]

    @property
    def predicted_labels(self) -> list[int]:
        """Labels present in the prediction."""
        return [int(label) for label in np.flatnonzero(self.predicted_voxels) if label]

    @property
    def foreground_dice(self) -> float:
        """Dice of all vertebrae taken as one; 1 where both masks are empty."""
        both = self.counts[1:, 1:].sum()
        total = self.counts[1:].sum() + self.counts[:, 1:].sum()
        return float(2 * both / total) if total else 1.0

    def dice(self, reference_label: int, predicted_label: int) -> float:
        """Dice of one vertebra of each mask; 1 where both are empty, 0 where one is."""
        total = self.reference_voxels[reference_label] + self.predicted_voxels[predicted_label]
        return float(2 * self.counts[reference_label, predicted_label] / total) if total else 1.0

    def is_detected(self, reference_label: int, predicted_label: int) -> bool:
        """The intersection of the two is more than `DETECTED_IOU` of their union."""
        both = self.counts[reference_label, predicted_label]
        union = self.reference_voxels[reference_label] + self.predicted_voxels[predicted_label] - both
        return bool(both > DETECTED_IOU * union)

    def matches(self) -> dict[int, int]:
        """Reference label to predicted label of the same bone, whatever it is called.

        One to one, with the largest sum of Dice; pairs with a Dice under `MATCHED_DICE` are dropped.
        """
        rows, columns = self.reference_labels, self.predicted_labels
        dice = np.array([[self.dice(row, column) for column in columns] for row in rows]).reshape(
            len(rows), len(columns)
        )
        chosen = zip(*linear_sum_assignment(dice, maximize=True), strict=True)
        return {rows[r]: columns[p] for r, p in chosen if dice[r, p] >= MATCHED_DICE}


def centroids_mm(mask: Volume, labels: list[int]) -> dict[int, NDArray[np.float64]]:
    """World centroid of each of `labels`, mm; all must be present."""
    boxes = ndimage.find_objects(mask.array, max_label=LABELS)
    found = {}
    for label in labels:
        box = boxes[label - 1]
        start = [part.start for part in box]
        found[label] = mask.world(np.argwhere(mask.array[box] == label).mean(axis=0) + start)
    return found


def is_identified(
    label: int,
    predicted_mm: Mapping[int, NDArray[np.float64]],
    reference_mm: Mapping[int, NDArray[np.float64]],
) -> bool:
    """Whether the prediction has this vertebra where it belongs.

    Its predicted centroid must be nearest to its own reference centroid among all of the
    reference, and at most `ID_DISTANCE_MM` from it.
    """
    if label not in predicted_mm:
        return False
    distance_mm = {other: np.linalg.norm(predicted_mm[label] - centre) for other, centre in reference_mm.items()}
    return bool(
        min(distance_mm, key=lambda other: distance_mm[other]) == label and distance_mm[label] <= ID_DISTANCE_MM
    )


def beyond_labelled_field(
    reference_mm: Mapping[int, NDArray[np.float64]], predicted_mm: Mapping[int, NDArray[np.float64]]
) -> set[int]:
    """Predicted labels whose centroid lies past the first or the last vertebra of the reference.

    Past means further along the line from the second vertebra to the first, or from the
    last but one to the last; along the world's z axis where there is only one.

    Parameters
    ----------
    reference_mm : mapping
        Label to centroid, in cranio-caudal order.
    predicted_mm : mapping
        Label to centroid.
    """
    centres = list(reference_mm.values())
    if not centres:
        return set(predicted_mm)
    up = np.array([0.0, 0.0, 1.0])
    head = centres[0] - centres[1] if len(centres) > 1 else up
    foot = centres[-1] - centres[-2] if len(centres) > 1 else -up
    return {
        label
        for label, centre in predicted_mm.items()
        if (centre - centres[0]) @ head > 0 or (centre - centres[-1]) @ foot > 0
    }
