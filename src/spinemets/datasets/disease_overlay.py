"""What disease changes in a case, voxel by voxel, so that many diseases share one healthy case."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spinemets.datasets.case import Case
from spinemets.errors import StudyError
from spinemets.simulate.disease import Deposit, Disease
from spinemets.whole_files import save_arrays

FULL = 255
"""Value of `DiseaseOverlay.keep` where all of the tissue below is left."""


@dataclass(frozen=True, eq=False)
class DiseaseOverlay:
    """The voxels of a case that disease changes, N of them.

    All deposits together turn the CT number of the tissue below, h, into
    ``keep / 255 * h + add + rise``, the last after contrast medium only: each deposit is such a map, and so
    are any number of them one after another.

    Attributes
    ----------
    kind : str
        Of the disease.
    case_sum : int
        `case_checksum` of the healthy case it was drawn into.
    index : (N, 3) ndarray of int16
        Where, in voxels of the case.
    structure, vertebra : (N,) ndarray of uint8
        As in `Case`, collapse and erosion included.
    lesion : (N,) ndarray of uint8
        `LesionLabel` in bone, 0 elsewhere.
    keep : (N,) ndarray of uint8
        Part of the tissue below that is left, in 255ths.
    add : (N,) ndarray of int16
        HU.
    rise : (N,) ndarray of uint8
        Further HU after contrast medium.
    """

    kind: str
    case_sum: int
    index: NDArray[np.int16]
    structure: NDArray[np.uint8]
    vertebra: NDArray[np.uint8]
    lesion: NDArray[np.uint8]
    keep: NDArray[np.uint8]
    add: NDArray[np.int16]
    rise: NDArray[np.uint8]

    @classmethod
    def of_disease(cls, disease: Disease, kind: str, case: Case, start: NDArray[np.int64]) -> DiseaseOverlay:
        """The overlay of a disease drawn into a box of a case that begins at the voxel `start`."""
        ill = Case.of_anatomy(disease.anatomy)
        box = tuple(slice(a, a + n) for a, n in zip(start, ill.structure.shape, strict=True))
        keep, add, rise = composite(disease.deposits, ill.structure.shape)
        lesion = disease.lesions if disease.lesions.size else np.zeros_like(ill.structure)
        changed = (keep < FULL) | (add != 0) | (rise > 0) | (lesion > 0)
        changed |= (ill.structure != case.structure[box]) | (ill.vertebra != case.vertebra[box])
        index = np.argwhere(changed) + start
        arrays = (array[changed] for array in (ill.structure, ill.vertebra, lesion, keep, add, rise))
        return cls(kind, case_checksum(case), index.astype(np.int16), *arrays)

    def save(self, path: Path) -> None:
        """Write as compressed ``.npz``, whole or not at all."""
        save_arrays(path, **{one.name: getattr(self, one.name) for one in fields(self)})

    @classmethod
    def load(cls, path: Path) -> DiseaseOverlay:
        """Read what `save` wrote.

        Raises
        ------
        StudyError
            If the file is none.
        """
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as data:
                arrays = {one.name: data[one.name] for one in fields(cls)[2:]}
                return cls(str(data["kind"]), int(data["case_sum"]), **arrays)
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
            raise StudyError(f"{path.name} is not a disease cache file: {error}") from error

    def require_case(self, case: Case) -> None:
        """Raise `StudyError` unless it was drawn into this very case."""
        if self.case_sum != case_checksum(case):
            raise StudyError(
                f"the {self.kind} disease was drawn into another {case.name} than the one cached now; "
                f"delete the files of {case.name} in the cache whose names hold '-ill-'"
            )

    def within(self, low: NDArray[np.int64], size: int) -> tuple[NDArray[np.bool_], tuple[NDArray[np.int64], ...]]:
        """Which of the voxels lie in the cube of `size` at `low`, and their indices in it."""
        local = self.index.astype(np.int64) - low
        inside: NDArray[np.bool_] = np.all((local >= 0) & (local < size), axis=1)
        return inside, tuple(local[inside].T)


def case_checksum(case: Case) -> int:
    """A number that tells one case from another: of its structures and vertebrae."""
    return zlib.crc32(case.vertebra.tobytes(), zlib.crc32(case.structure.tobytes()))


def composite(
    deposits: tuple[Deposit, ...], shape: tuple[int, ...]
) -> tuple[NDArray[np.uint8], NDArray[np.int16], NDArray[np.uint8]]:
    """All deposits as one map of the CT number below: `keep`, `add` and `rise` of a `DiseaseOverlay`, dense.

    Raises
    ------
    ValueError
        If contrast medium lowers the CT number of a deposit.
    """
    keep, add, rise = (np.full(shape, value, np.float32) for value in (1.0, 0.0, 0.0))
    for one in deposits:
        if one.enhancement_hu < 0:
            raise ValueError(f"a deposit must not lose CT number after contrast medium, got {one.enhancement_hu:g} HU")
        left = np.float32(1.0) if one.adds else 1.0 - one.share
        keep[one.box] *= left
        add[one.box] = add[one.box] * left + one.share * np.asarray(one.hu, np.float32)
        rise[one.box] = rise[one.box] * left + one.share * np.float32(one.enhancement_hu)
    return (
        np.rint(keep * FULL).astype(np.uint8),
        np.rint(add).astype(np.int16),
        np.rint(rise).clip(0, 255).astype(np.uint8),
    )
