"""Training cases from a folder of real CT with vertebra masks.

Expected layout: ``<root>/<case>/ct.nii.gz``, ``vertebrae.nii.gz`` (VerSe ids on the same grid) and,
where there is one, ``subregions.nii.gz``. Any data set fits after its files are linked by these names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel
import numpy as np

from spinemets.anatomy import Level
from spinemets.datasets.case import Case
from spinemets.datasets.source_digest import source_digest
from spinemets.datasets.splits import require_trainable
from spinemets.errors import StudyError
from spinemets.geometry import Grid, resample
from spinemets.simulate.label_maps import anatomy_from_labels
from spinemets.simulate.tissues import NOT_VERTEBRA, OUTSIDE_FIELD
from spinemets.volume import Volume, require_same_grid

AIR_HU = -1024.0
"""What lies beyond the image."""


def folder_cases(root: Path, cache: Path, *, spacing_mm: float = 1.5) -> Iterator[Path]:
    """Cache files of every case under `root`, in sorted order, made where they are missing, or of other code.

    Raises
    ------
    FileNotFoundError
        If there is no case.
    StudyError
        If a case is held out for measuring, or its mask does not fit its image.
    """
    images = sorted(root.glob("*/ct.nii.gz"))
    if not images:
        raise FileNotFoundError(f"no <case>/ct.nii.gz under {root.name}; see docs/training.md for the layout")
    cache.mkdir(parents=True, exist_ok=True)
    for image in images:
        name = image.parent.name
        require_trainable(name)
        path = cache / f"folder-{name}-{spacing_mm:g}-{source_digest(__name__)}.npz"
        if not path.is_file():
            load_case(image.parent, spacing_mm=spacing_mm).save(path)
        yield path


def load_case(folder: Path, *, spacing_mm: float = 1.5) -> Case:
    """The case in one folder, with its real image.

    Around the vertebrae nothing but "no vertebra" is known. Beyond the highest and the lowest one that
    is labelled, where a data set may leave cut vertebrae unlabelled, the field of view ends.

    Raises
    ------
    StudyError
        If the mask lies on another grid, the image holds no finite HU, or no canal can be drawn.
    """
    image, vertebrae = _read(folder / "ct.nii.gz"), _read(folder / "vertebrae.nii.gz")
    require_same_grid(image, vertebrae, mask_name=f"the vertebra mask of {folder.name}")
    if not np.isfinite(image.array).all():
        raise StudyError(f"the CT of {folder.name} holds values that are no numbers")
    parts = folder / "subregions.nii.gz"
    subregions = _read(parts) if parts.is_file() else None
    if subregions is not None:
        require_same_grid(image, subregions, mask_name=f"the subregion mask of {folder.name}")
    labels = vertebrae.with_array(vertebrae.array.astype(np.uint8))
    anatomy = anatomy_from_labels(
        labels,
        subregions=None if subregions is None else subregions.with_array(subregions.array.astype(np.uint8)),
        spacing_mm=spacing_mm,
        name=folder.name,
    )
    case = Case.of_anatomy(anatomy)
    structure = np.where(case.vertebra > 0, case.structure, NOT_VERTEBRA).astype(np.uint8)
    labelled = np.flatnonzero((case.vertebra > 0).any(axis=(0, 1)))
    has_sacrum = (case.vertebra == Level.SACRUM.verse_id).any()
    structure[:, :, labelled[-1] + 1 :] = OUTSIDE_FIELD
    if not has_sacrum:
        structure[:, :, : labelled[0]] = OUTSIDE_FIELD
    grid = Grid(anatomy.tissue.shape, anatomy.affine)
    return replace(case, structure=structure, image=resample(image, grid, fill=AIR_HU).astype(np.float32))


def _read(path: Path) -> Volume:
    if not path.is_file():
        raise StudyError(f"no {path.name} in {path.parent.name}")
    image: Any = nibabel.load(path)
    return Volume(np.asanyarray(image.dataobj), image.affine)
