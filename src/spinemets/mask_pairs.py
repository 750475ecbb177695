"""Predicted masks and their references on disk: two files, or two folders whose files carry the same names."""

from __future__ import annotations

import logging
from pathlib import Path

from spinemets.errors import StudyError

log = logging.getLogger(__name__)

MASK_SUFFIXES = (".nii.gz", ".nii", ".mha", ".mhd", ".nrrd")


def mask_pairs(prediction: Path, reference: Path) -> dict[str, tuple[Path, Path]]:
    """Case name to its prediction and reference.

    Raises
    ------
    StudyError
        If one does not exist, they are not two files or two folders, or a reference has no prediction.
    """
    for path in (prediction, reference):
        if not path.exists():
            raise StudyError(f"{path.name} does not exist")
    if prediction.is_dir() != reference.is_dir():
        raise StudyError("give two mask files or two folders, not one of each")
    if not prediction.is_dir():
        return {_stem(reference): (prediction, reference)}
    predictions, references = _masks_in(prediction), _masks_in(reference)
    missing = sorted(references.keys() - predictions.keys())
    if missing:
        named = ", ".join(missing[:5])
        raise StudyError(f"{len(missing)} of {len(references)} references have no prediction of the same name: {named}")
    extra = predictions.keys() - references.keys()
    if extra:
        log.info("%d predictions have no reference and are left out", len(extra))
    return {name: (predictions[name], references[name]) for name in sorted(references)}


def _masks_in(folder: Path) -> dict[str, Path]:
    masks = {_stem(path): path for path in sorted(folder.iterdir()) if path.name.endswith(MASK_SUFFIXES)}
    if not masks:
        raise StudyError(f"no mask ({', '.join(MASK_SUFFIXES)}) in the folder {folder.name}")
    return masks


def _stem(path: Path) -> str:
    suffix = next((suffix for suffix in MASK_SUFFIXES if path.name.endswith(suffix)), path.suffix)
    return path.name.removesuffix(suffix)
