"""One patient to learn from or to measure on, whatever data set it came from."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from spinemets.anatomy import LEVEL_OF_VERSE_ID, Level
from spinemets.errors import StudyError
from spinemets.simulate.tissues import OUTSIDE_FIELD, LabelledAnatomy
from spinemets.whole_files import save_arrays

CENTRE_ROWS = 29
"""Rows of the centre table: one for each VerSe id, 0 unused."""


class Crop(NamedTuple):
    """A cube cut from a case.

    Attributes
    ----------
    structure, vertebra : (S, S, S) ndarray of uint8
        As in `Case`.
    centres : (29, 3) ndarray of float32
        Body centroids in indices of the crop.
    image : (S, S, S) ndarray of float32 or None
        HU of a real CT.
    """

    structure: NDArray[np.uint8]
    vertebra: NDArray[np.uint8]
    centres: NDArray[np.float32]
    image: NDArray[np.float32] | None


@dataclass(frozen=True)
class Case:
    """Labels of one patient on an isotropic RAS+ grid, with an image if there is a real one.

    Attributes
    ----------
    name : str
        Of the patient; decides the split.
    structure : (I, J, K) ndarray of uint8
        `Subregion` where vertebral, `Tissue` elsewhere; `NOT_VERTEBRA` where a real image shows something
        that nobody labelled, `OUTSIDE_FIELD` beyond the field of view.
    vertebra : (I, J, K) ndarray of uint8
        VerSe ids.
    centres : (29, 3) ndarray of float32
        Voxel index of each vertebral body's centroid by VerSe id; NaN where there is none.
    spacing_mm : float
        Voxel edge.
    image : (I, J, K) ndarray or None
        A real CT, HU; None means that an image is rendered from `structure`.
    """

    name: str
    structure: NDArray[np.uint8]
    vertebra: NDArray[np.uint8]
    centres: NDArray[np.float32]
    spacing_mm: float
    image: NDArray[np.float32] | None = None

    @classmethod
    def of_anatomy(cls, anatomy: LabelledAnatomy) -> Case:
        """The case of a simulated anatomy; its image is still to be rendered."""
        structure = np.where(anatomy.subregion > 0, anatomy.subregion, anatomy.tissue).astype(np.uint8)
        centres = np.full((CENTRE_ROWS, 3), np.nan, np.float32)
        inverse = np.linalg.inv(anatomy.affine)
        for level, point in anatomy.centres_mm.items():
            centres[level.verse_id] = inverse[:3, :3] @ point + inverse[:3, 3]
        spacing = float(np.linalg.norm(anatomy.affine[:3, 0]))
        return cls(anatomy.name, structure, anatomy.vertebra, centres, spacing)

    @property
    def levels(self) -> list[Level]:
        """Levels with a vertebra in the array, from head to foot."""
        present = [LEVEL_OF_VERSE_ID[int(n)] for n in np.unique(self.vertebra) if n]
        return sorted(present, key=lambda level: level.order)

    def save(self, path: Path) -> None:
        """Write as compressed ``.npz``, whole or not at all."""
        arrays: dict[str, Any] = {"structure": self.structure, "vertebra": self.vertebra, "centres": self.centres}
        if self.image is not None:
            arrays["image"] = self.image
        save_arrays(path, name=self.name, spacing_mm=self.spacing_mm, **arrays)

    @classmethod
    def load(cls, path: Path) -> Case:
        """Read what `save` wrote."""
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as data:
                image = data.get("image")
                return cls(
                    str(data["name"]),
                    data["structure"],
                    data["vertebra"],
                    data["centres"],
                    float(data["spacing_mm"]),
                    image,
                )
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise StudyError(f"{path.name} is not a case cache file: {error}") from error

    def halved(self) -> Case:
        """Every second voxel along each axis: the same labels at twice the spacing, the image smoothed first."""
        image = self.image
        for axis in range(3 if image is not None else 0):
            image = ndimage.convolve1d(image, [0.25, 0.5, 0.25], axis=axis, mode="nearest")
        return Case(
            self.name,
            np.ascontiguousarray(self.structure[::2, ::2, ::2]),
            np.ascontiguousarray(self.vertebra[::2, ::2, ::2]),
            self.centres / np.float32(2),
            self.spacing_mm * 2,
            None if image is None else np.ascontiguousarray(image[::2, ::2, ::2]),
        )

    def crop(self, centre: NDArray[np.int64], size: int) -> Crop:
        """A cube of `size` voxels round `centre`.

        What lies beyond the array is `OUTSIDE_FIELD`, vertebra 0, and NaN in the image.
        """
        low = np.asarray(centre) - size // 2
        structure = np.full((size,) * 3, OUTSIDE_FIELD, np.uint8)
        vertebra = np.zeros((size,) * 3, np.uint8)
        image = None if self.image is None else np.full((size,) * 3, np.nan, np.float32)
        start = np.maximum(low, 0)
        stop = np.minimum(low + size, self.structure.shape)
        if (stop > start).all():
            source = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
            target = tuple(slice(a - c, b - c) for a, b, c in zip(start, stop, low, strict=True))
            structure[target] = self.structure[source]
            vertebra[target] = self.vertebra[source]
            if image is not None and self.image is not None:
                image[target] = self.image[source]
        return Crop(structure, vertebra, self.centres - low.astype(np.float32), image)
