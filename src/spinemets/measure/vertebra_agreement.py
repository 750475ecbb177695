"""The agreement of two vertebra masks of one patient, vertebra by vertebra."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import LEVEL_OF_VERSE_ID, Level
from spinemets.geometry import crop
from spinemets.measure.agreement import LABELS, Overlap, beyond_labelled_field, centroids_mm, is_identified
from spinemets.measure.surface_distance import SurfaceDistances, surface_distances
from spinemets.volume import Volume, require_same_grid


@dataclass(frozen=True)
class VertebraAgreement:
    """One vertebra of the reference and what the prediction has of it; None where there is nothing to measure.

    Attributes
    ----------
    level : Level
        In the reference.
    reference_ml, predicted_ml : float
        Volume under this level in each mask.
    dice : float
        By label; 0 where it was missed.
    hd95_mm, assd_mm, centroid_distance_mm : float or None
        By label.
    identified : bool
        As `spinemets.measure.agreement.is_identified`.
    matched_level : Level or None
        What the prediction calls the same bone.
    matched_dice : float
        With that bone; 0 where there is none.
    matched_hd95_mm, matched_assd_mm : float or None
        With that bone.
    detected : bool
        As `Overlap.is_detected`, with that bone.
    """

    level: Level
    reference_ml: float
    predicted_ml: float
    dice: float
    hd95_mm: float | None
    assd_mm: float | None
    centroid_distance_mm: float | None
    identified: bool
    matched_level: Level | None
    matched_dice: float
    matched_hd95_mm: float | None
    matched_assd_mm: float | None
    detected: bool

    def to_json_dict(self) -> dict[str, Any]:
        """What is known; what is not defined is left out."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: _plain(value) for name, value in values.items() if value is not None}


@dataclass(frozen=True)
class CaseAgreement:
    """Two masks of one patient.

    Attributes
    ----------
    name : str
        Of the case.
    foreground_dice : float
        Dice of all vertebrae taken as one.
    vertebrae : tuple of VertebraAgreement
        One for each vertebra of the reference, from head to foot.
    predicted_levels : tuple of Level
        In the prediction, without the ignored ones.
    ignored_levels : tuple of Level
        Predicted beyond the field that the reference labels.
    """

    name: str
    foreground_dice: float
    vertebrae: tuple[VertebraAgreement, ...]
    predicted_levels: tuple[Level, ...]
    ignored_levels: tuple[Level, ...]

    @property
    def metrics(self) -> dict[str, float]:
        """Every metric that is defined for this case, by the names of `spinemets.evaluation.DEFINITIONS`."""
        rows, predicted = self.vertebrae, len(self.predicted_levels)
        matched = [row for row in rows if row.matched_level is not None]
        detected = sum(row.detected for row in rows)
        identified = sum(row.identified for row in rows)
        values = {
            "foreground_dice": self.foreground_dice,
            "dice": _mean(row.dice for row in rows),
            "instance_dice": _mean(row.matched_dice for row in rows),
            "id_rate": _mean(row.identified for row in rows),
            "id_precision": identified / predicted if predicted else None,
            "d_mean_mm": _mean(row.centroid_distance_mm for row in rows),
            "hd95_mm": _mean(row.hd95_mm for row in rows),
            "assd_mm": _mean(row.assd_mm for row in rows),
            "instance_hd95_mm": _mean(row.matched_hd95_mm for row in rows),
            "instance_assd_mm": _mean(row.matched_assd_mm for row in rows),
            "level_accuracy": _mean(row.matched_level is row.level for row in matched),
            "detection_recall": _mean(row.detected for row in rows),
            "detection_precision": detected / predicted if predicted else None,
            "coverage": _mean(row.predicted_ml > 0 for row in rows),
        }
        return {name: value for name, value in values.items() if value is not None}

    def to_json_dict(self) -> dict[str, Any]:
        """The case as JSON has it."""
        return {
            "name": self.name,
            "metrics": self.metrics,
            "predicted_levels": [level.value for level in self.predicted_levels],
            "ignored_levels": [level.value for level in self.ignored_levels],
            "vertebrae": [row.to_json_dict() for row in self.vertebrae],
        }


def compare_vertebrae(
    name: str, reference: Volume, prediction: Volume, *, partial_reference: bool = False
) -> CaseAgreement:
    """Agreement of two masks of VerSe ids (uint8) on one grid.

    Parameters
    ----------
    name : str
        Of the case.
    reference, prediction : Volume
        VerSe ids.
    partial_reference : bool
        Ignore what is predicted past the first and the last vertebra of the reference and matches nothing.
    """
    require_same_grid(reference, prediction, mask_name=f"prediction {name}")
    reference, prediction = _labelled_part(reference, prediction)
    overlap = Overlap.of(reference.array, prediction.array)
    reference_mm = centroids_mm(reference, _from_head(overlap.reference_labels))
    ignored: set[int] = set()
    if partial_reference:
        predicted_mm = centroids_mm(prediction, overlap.predicted_labels)
        ignored = beyond_labelled_field(reference_mm, predicted_mm) - set(overlap.matches().values())
        prediction = prediction.with_array(np.where(np.isin(prediction.array, list(ignored)), 0, prediction.array))
        overlap = Overlap.of(reference.array, prediction.array)
    pair = _Pair(reference, prediction, overlap)
    return CaseAgreement(
        name,
        overlap.foreground_dice,
        tuple(pair.vertebra(label) for label in reference_mm),
        tuple(LEVEL_OF_VERSE_ID[label] for label in _from_head(overlap.predicted_labels)),
        tuple(LEVEL_OF_VERSE_ID[label] for label in _from_head(ignored)),
    )


class _Pair:
    """Two masks, and what every vertebra needs to know of both."""

    def __init__(self, reference: Volume, prediction: Volume, overlap: Overlap) -> None:
        self.reference, self.prediction, self.overlap = reference, prediction, overlap
        self.reference_mm = centroids_mm(reference, overlap.reference_labels)
        self.predicted_mm = centroids_mm(prediction, overlap.predicted_labels)
        self.matches = overlap.matches()
        self.reference_boxes = ndimage.find_objects(reference.array, max_label=LABELS)
        self.predicted_boxes = ndimage.find_objects(prediction.array, max_label=LABELS)

    def vertebra(self, label: int) -> VertebraAgreement:
        """The agreement at one label of the reference."""
        matched = self.matches.get(label)
        own = self.distances(label, label) if label in self.predicted_mm else None
        same = own if matched == label else self.distances(label, matched) if matched else None
        ml = self.reference.voxel_volume_mm3 / 1000
        return VertebraAgreement(
            level=LEVEL_OF_VERSE_ID[label],
            reference_ml=float(self.overlap.reference_voxels[label] * ml),
            predicted_ml=float(self.overlap.predicted_voxels[label] * ml),
            dice=self.overlap.dice(label, label),
            hd95_mm=own.hd95_mm if own else None,
            assd_mm=own.assd_mm if own else None,
            centroid_distance_mm=self.centroid_distance_mm(label),
            identified=is_identified(label, self.predicted_mm, self.reference_mm),
            matched_level=LEVEL_OF_VERSE_ID[matched] if matched else None,
            matched_dice=self.overlap.dice(label, matched) if matched else 0.0,
            matched_hd95_mm=same.hd95_mm if same else None,
            matched_assd_mm=same.assd_mm if same else None,
            detected=matched is not None and self.overlap.is_detected(label, matched),
        )

    def centroid_distance_mm(self, label: int) -> float | None:
        """Between the centroids of one label in both masks, or None."""
        if label not in self.predicted_mm:
            return None
        return float(np.linalg.norm(self.predicted_mm[label] - self.reference_mm[label]))

    def distances(self, reference_label: int, predicted_label: int) -> SurfaceDistances:
        """Between the surfaces of a vertebra of each mask."""
        boxes = self.reference_boxes[reference_label - 1], self.predicted_boxes[predicted_label - 1]
        i, j, k = (slice(min(a.start, b.start), max(a.stop, b.stop)) for a, b in zip(*boxes, strict=True))
        return surface_distances(
            self.reference.array[i, j, k] == reference_label,
            self.prediction.array[i, j, k] == predicted_label,
            self.reference.affine,
        )


def _labelled_part(reference: Volume, prediction: Volume) -> tuple[Volume, Volume]:
    """Both masks cropped to the box that holds every vertebra of either; one voxel where there is none."""
    either = (reference.array | prediction.array) != 0
    profiles = (either.any(axis=(1, 2)), either.any(axis=(0, 2)), either.any(axis=(0, 1)))
    ends = [(np.flatnonzero(profile)[[0, -1]] if profile.any() else np.zeros(2, dtype=int)) for profile in profiles]
    start, stop = [int(first) for first, _ in ends], [int(last) + 1 for _, last in ends]
    return crop(reference, start, stop), crop(prediction, start, stop)


def _from_head(labels: Iterable[int]) -> list[int]:
    return sorted(labels, key=lambda label: LEVEL_OF_VERSE_ID[label].order)


def _mean(values: Iterable[float | None]) -> float | None:
    """Mean of those that are not None, or None."""
    known: NDArray[np.float64] = np.array([value for value in values if value is not None], dtype=np.float64)
    return float(known.mean()) if known.size else None


def _plain(value: Any) -> Any:
    return value.value if isinstance(value, Enum) else value
