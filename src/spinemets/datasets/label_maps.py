"""Training cases from the public label maps that a shipped network may learn from.

Expected layout: ``<root>/*.nii.gz`` with VerSe ids, ``sample001_subreg.nii.gz`` beside
``sample001_vert.nii.gz``, and ``torso_labels.json`` with the class names of the
TotalSegmentator maps called ``torso_*``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nibabel
import numpy as np

from spinemets.datasets.case import Case
from spinemets.datasets.source_digest import source_digest
from spinemets.datasets.splits import TRAINING_LABEL_MAPS, require_trainable
from spinemets.simulate.label_maps import anatomy_from_labels
from spinemets.simulate.tissues import LabelledAnatomy
from spinemets.simulate.torso import tissue_and_vertebra
from spinemets.volume import Volume


def _labels(path: Path) -> Volume:
    image: Any = nibabel.load(path)
    return Volume(np.asanyarray(image.dataobj).astype(np.uint8), image.affine)


def load_anatomy(root: Path, name: str, *, seed: int = 0, spacing_mm: float = 1.5) -> LabelledAnatomy:
    """The simulated anatomy grown from the label map called `name` under `root`.

    Raises
    ------
    FileNotFoundError
        If ``<root>/<name>.nii.gz`` does not exist.
    """
    path = root / f"{name}.nii.gz"
    if not path.is_file():
        raise FileNotFoundError(f"no {name}.nii.gz in the label map folder {root.name}; see docs/training.md")
    labels = _labels(path)
    options: dict[str, Any] = {"seed": seed, "spacing_mm": spacing_mm, "name": name}
    if name.startswith("torso_"):
        names = {int(k): v for k, v in json.loads((root / "torso_labels.json").read_text()).items()}
        vertebrae, tissues = tissue_and_vertebra(labels, names)
        return anatomy_from_labels(vertebrae, tissues=tissues, **options)
    subregions = root / name.replace("_vert", "_subreg.nii.gz")
    if name.endswith("_vert") and subregions.is_file():
        return anatomy_from_labels(labels, subregions=_labels(subregions), **options)
    return anatomy_from_labels(labels, **options)


def training_cases(root: Path, cache: Path, *, variants: int = 2) -> Iterator[Path]:
    """Cache files of every training label map, made where they are missing.

    Names end with a digest of the code that makes them: after a change they are made anew, and those of before are
    left alone.

    Parameters
    ----------
    root : Path
        Folder of the label maps.
    cache : Path
        Where case files are kept.
    variants : int
        How many different surroundings are invented for each map.
    """
    cache.mkdir(parents=True, exist_ok=True)
    for name in TRAINING_LABEL_MAPS:
        require_trainable(name)
        for seed in range(variants):
            path = cache / f"{name}-{seed}-{source_digest(__name__)}.npz"
            if not path.is_file():
                Case.of_anatomy(load_anatomy(root, name, seed=seed)).save(path)
            yield path
