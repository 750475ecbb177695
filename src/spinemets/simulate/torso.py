"""TotalSegmentator label maps as tissues and vertebrae, bound by class name."""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from spinemets.anatomy import Level
from spinemets.simulate.tissues import Tissue
from spinemets.volume import Volume

TISSUE_PATTERNS: tuple[tuple[str, Tissue], ...] = (
    ("rib_", Tissue.RIB),
    ("hip_", Tissue.HIP),
    ("femur_", Tissue.FEMUR),
    ("scapula_", Tissue.SCAPULA),
    ("clavicula_", Tissue.CLAVICLE),
    ("humerus_", Tissue.HUMERUS),
    ("sternum", Tissue.STERNUM),
    ("costal_cartilages", Tissue.COSTAL_CARTILAGE),
    ("skull", Tissue.SKULL),
    ("spinal_cord", Tissue.CORD),
    ("lung_", Tissue.LUNG),
    ("trachea", Tissue.AIRWAY),
    ("heart", Tissue.HEART),
    ("atrial_appendage", Tissue.HEART),
    ("aorta|artery|trunk", Tissue.ARTERY),
    ("vein|vena", Tissue.VEIN),
    ("liver|gallbladder", Tissue.LIVER),
    ("spleen", Tissue.SPLEEN),
    ("kidney_cyst", Tissue.BLADDER),
    ("kidney", Tissue.KIDNEY),
    ("stomach|bowel|duodenum|colon", Tissue.BOWEL),
    ("urinary_bladder", Tissue.BLADDER),
    ("brain", Tissue.BRAIN),
    ("gluteus|autochthon|iliopsoas", Tissue.MUSCLE),
    ("pancreas|adrenal|thyroid|esophagus|prostate", Tissue.SOFT_ORGAN),
)
"""Regular expression found in a class name, and the tissue it is; the first that fits counts."""


def tissue_and_vertebra(labels: Volume, names: Mapping[int, str]) -> tuple[Volume, Volume]:
    """Vertebra ids and tissues of a TotalSegmentator label map.

    Parameters
    ----------
    labels : Volume
        Class numbers.
    names : mapping of int to str
        Name of each class number, as TotalSegmentator spells it; numbers differ between its versions.

    Returns
    -------
    vertebrae, tissues : Volume
        VerSe ids, and `Tissue` values, on the grid of `labels`.

    Raises
    ------
    ValueError
        If a number in the map has no name, or a name has no tissue.
    """
    table_vertebra = np.zeros(256, np.uint8)
    table_tissue = np.zeros(256, np.uint8)
    for number in (int(value) for value in np.unique(labels.array) if value):
        if number not in names:
            raise ValueError(f"class number {number} has no name in the table")
        level = _level_of(names[number])
        if level is None:
            table_tissue[number] = _tissue_of(names[number])
        else:
            table_vertebra[number] = level.verse_id
            table_tissue[number] = Tissue.SACRUM if level is Level.SACRUM else Tissue.VERTEBRAL_BODY
    return labels.with_array(table_vertebra[labels.array]), labels.with_array(table_tissue[labels.array])


def _level_of(name: str) -> Level | None:
    if name in ("sacrum", "vertebrae_S1"):
        return Level.SACRUM
    return Level(name.removeprefix("vertebrae_")) if name.startswith("vertebrae_") else None


def _tissue_of(name: str) -> Tissue:
    for pattern, tissue in TISSUE_PATTERNS:
        if re.search(pattern, name):
            return tissue
    raise ValueError(f"class '{name}' has no tissue in the table")
