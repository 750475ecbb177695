"""`spinemets escc`: masks in, a grade or a reason out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from spinemets.anatomy import Level, parse_level
from spinemets.errors import SpinemetsError
from spinemets.escc_assessment import EsccMasks, assess_escc
from spinemets.formats.study import read_mask, read_study
from spinemets.volume import Volume


def run_escc(
    cord: Path,
    sac: Path,
    epidural: Path,
    *,
    t2: Path | None = None,
    canal: Path | None = None,
    level: str | None = None,
    bone_metastasis: str = "unknown",
    other_compression: str | None = None,
) -> dict[str, Any]:
    """The grade of the masks in files.

    Raises
    ------
    SpinemetsError
        For everything that the user can put right.
    """
    masks = EsccMasks(
        read_mask(cord),
        read_mask(sac),
        read_mask(epidural),
        None if t2 is None else _image(t2),
        None if canal is None else read_mask(canal),
    )
    return assess_escc(masks, level=_level(level), bone_metastasis=bone_metastasis, other_compression=other_compression)


def _image(path: Path) -> Volume:
    return read_study([f"t2_axial={path}"]).series[0].volume


def _level(text: str | None) -> Level | None:
    if text is None:
        return None
    try:
        return parse_level(text)
    except ValueError as error:
        raise SpinemetsError(f"--level: {error}") from None
