"""Training cases from the public label maps that a shipped network may learn from.

Expected layout: ``<root>/*.nii.gz`` with VerSe ids, ``sample001_subreg.nii.gz`` beside
``sample001_vert.nii.gz``, ``torso_labels.json`` with the class names of the TotalSegmentator maps
called ``torso_*``, and ``lumbar_mr_subreg.nii.gz`` beside ``lumbar_mr_instances.nii.gz``.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import nibabel
import numpy as np

from spinemets.anatomy import Level, Subregion
from spinemets.datasets.case import Case
from spinemets.datasets.source_digest import source_digest
from spinemets.datasets.splits import TRAINING_LABEL_MAPS, require_trainable
from spinemets.simulate.label_maps import anatomy_from_labels
from spinemets.simulate.tissues import LabelledAnatomy, Tissue
from spinemets.simulate.torso import tissue_and_vertebra
from spinemets.volume import Volume

LUMBAR_MR = "lumbar_mr_instances"
MR_LABEL_MAPS = (LUMBAR_MR,)
"""Those drawn on MR, for the networks of MR: a lumbar spine with its discs, in sagittal slices of 3.3 mm."""
LUMBAR_MR_LEVELS = (Level.T11, Level.T12, Level.L1, Level.L2, Level.L3, Level.L4, Level.L5)
"""What the numbers 2 to 8 of that map stand for, counted from the sacrum; 100 more is the disc below, 200 more the
lower endplate."""
ENDPLATE, DISC = 62, 100
"""Numbers of its subregions that VerSe has not; 60 and 61 are the contents of the canal."""


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
    if name == LUMBAR_MR:
        return anatomy_from_labels(**_lumbar_mr(root, labels), organs_known=False, **options)
    subregions = root / name.replace("_vert", "_subreg.nii.gz")
    if name.endswith("_vert") and subregions.is_file():
        return anatomy_from_labels(labels, subregions=_labels(subregions), **options)
    return anatomy_from_labels(labels, **options)


def _lumbar_mr(root: Path, instances: Volume) -> dict[str, Any]:
    """Vertebrae with their endplates, subregions, and what else the map shows."""
    parts = _labels(root / "lumbar_mr_subreg.nii.gz").array
    vertebra = np.zeros_like(instances.array)
    for number, level in enumerate(LUMBAR_MR_LEVELS, start=2):
        vertebra[np.isin(instances.array, (number, 200 + number))] = level.verse_id
    vertebra[instances.array == Level.SACRUM.verse_id] = Level.SACRUM.verse_id
    subregion = np.where(np.isin(parts, (Subregion.BODY_BORDER, ENDPLATE)), Subregion.BODY, parts).astype(np.uint8)
    subregion[(subregion < Subregion.ARCH) | (subregion > Subregion.BODY)] = 0
    tissue = np.select([parts == DISC, np.isin(parts, (60, 61))], [Tissue.DISC, Tissue.CSF], 0).astype(np.uint8)
    named = zip(("vertebrae", "subregions", "tissues"), (vertebra, subregion, tissue), strict=True)
    return {name: instances.with_array(array) for name, array in named}


def training_cases(
    root: Path, cache: Path, *, variants: int = 2, maps: Sequence[str] = TRAINING_LABEL_MAPS
) -> Iterator[Path]:
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
    maps : sequence of str
        Their names.
    """
    cache.mkdir(parents=True, exist_ok=True)
    for name in maps:
        require_trainable(name)
        for seed in range(variants):
            path = cache / f"{name}-{seed}-{source_digest(__name__)}.npz"
            if not path.is_file():
                Case.of_anatomy(load_anatomy(root, name, seed=seed)).save(path)
            yield path
