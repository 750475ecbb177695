"""`spinemets escc`: masks in, a grade or a reason out, with pictures where they are asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from spinemets.anatomy import Level, parse_level
from spinemets.errors import SpinemetsError
from spinemets.escc_assessment import assess_escc, escc_drawings
from spinemets.escc_masks import EsccMasks
from spinemets.formats.canal_pictures import CanalStrip, draw_canal_strip
from spinemets.formats.drawn_slice import drawn_slices
from spinemets.formats.escc_page import escc_page
from spinemets.formats.study import read_mask, read_study
from spinemets.measure.canal_slices import stack_axis
from spinemets.volume import Volume
from spinemets.whole_files import write_text


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
    out: Path | None = None,
) -> dict[str, Any]:
    """The grade of the masks in files, written with pictures to a folder where one is given.

    Parameters
    ----------
    cord, sac, epidural : Path
        Masks on one grid.
    t2, canal : Path, optional
        Axial T2, and the bony canal, on the same grid.
    level : str, optional
        Of the site.
    bone_metastasis : str
        Whether one is established: ``yes``, ``no`` or ``unknown``.
    other_compression : str, optional
        What else presses on the cord.
    out : Path, optional
        Folder for ``escc.json`` and ``escc.html``.

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
    where = _level(level)
    answer = assess_escc(masks, level=where, bone_metastasis=bone_metastasis, other_compression=other_compression)
    if out is not None:
        _write(out, answer, _strips(masks, answer, where))
    return answer


def _strips(masks: EsccMasks, answer: dict[str, Any], level: Level | None) -> list[CanalStrip]:
    """Pictures of the slice that decides, where one does."""
    if answer["slice"] is None:
        return []
    axis = stack_axis(masks.cord if masks.cord.array.any() else masks.sac)
    told = drawn_slices(answer, escc_drawings(masks, level))
    title = f"ESCC {answer['grade'] or 'not graded'}"
    return [draw_canal_strip(title, masks.drawn, axis, answer["slice"], masks.t2, told)]


def _write(folder: Path, answer: dict[str, Any], strips: list[CanalStrip]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_text(folder / "escc.html", escc_page(answer, strips))
        write_text(folder / "escc.json", json.dumps(answer, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    except OSError as error:
        raise SpinemetsError(f"cannot write to the output folder: {error.strerror}") from error


def _image(path: Path) -> Volume:
    return read_study([f"t2_axial={path}"]).series[0].volume


def _level(text: str | None) -> Level | None:
    if text is None:
        return None
    try:
        return parse_level(text)
    except ValueError as error:
        raise SpinemetsError(f"--level: {error}") from None
