"""What was found on a DICOM series as its segmentation and structured report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from spinemets.canal_assessment import CanalResult
from spinemets.findings import Finding
from spinemets.lesion_search import LESIONS_BY_NETWORK
from spinemets.measure.lesion_pieces import LesionPiece, lesion_pieces
from spinemets.series_assessment import BY_NETWORK, SeriesResult

if TYPE_CHECKING:
    from spinemets.formats.dicom_findings import Finding as Group
    from spinemets.formats.dicom_segments import Segment

REMARKS = (
    "Heights, signs, fractures, SINS and ESCC stand in report.json; none of them is in this document yet.",
    "Lesions are listed where a mask of them was given or a network looked for them; that none is listed does not mean "
    "that there is none.",
)
REMARK_ON_CANAL = (
    "Signs of the tumour and what other series show stand in report.json; none of them is in this document."
)


def write_dicom(result: SeriesResult, folder: Path, suffix: str) -> list[Path]:
    """Write ``seg.dcm`` and ``sr.dcm`` of a series that came from DICOM; their paths.

    Parameters
    ----------
    result : SeriesResult
        What was found; its series has instances.
    folder : Path
        An existing folder.
    suffix : str
        Stands before ``.dcm``, e.g. ``_ct``.

    Raises
    ------
    StudyError
        If the series cannot be referred to.
    """
    from spinemets.formats.dicom_findings import spine_finding
    from spinemets.formats.dicom_seg import write_seg
    from spinemets.formats.dicom_sr import write_sr
    from spinemets.formats.dicom_stamp import Stamp

    stamp = Stamp()
    seg, sr = folder / f"seg{suffix}.dcm", folder / f"sr{suffix}.dcm"
    pieces = [] if result.lesions is None else list(_numbered(lesion_pieces(result.lesions, result.vertebrae)))
    numbers = write_seg(seg, result.series, _segments(result, pieces), stamp)
    groups = [spine_finding(level_ambiguous=result.spine.level_ambiguous), *_vertebrae(result, numbers)]
    groups += [_lesion(number, piece, result, numbers) for number, piece in pieces]
    write_sr(sr, result.series, groups, seg_path=seg, remarks=REMARKS, stamp=stamp)
    return [seg, sr]


def write_canal_dicom(canal: CanalResult, folder: Path, suffix: str) -> list[Path]:
    """Write ``seg.dcm`` and ``sr.dcm`` of the canal on an axial series that came from DICOM; their paths.

    Parameters
    ----------
    canal : CanalResult
        What was read; its section is a tuple of sites.
    folder : Path
        An existing folder.
    suffix : str
        Stands before ``.dcm``, e.g. ``_canal``.

    Raises
    ------
    StudyError
        If the series cannot be referred to.
    """
    from spinemets.formats.dicom_escc import escc_findings, structure_finding
    from spinemets.formats.dicom_seg import write_seg
    from spinemets.formats.dicom_segments import canal_segments
    from spinemets.formats.dicom_sr import write_sr
    from spinemets.formats.dicom_stamp import Stamp
    from spinemets.formats.report_words import WORDS

    stamp = Stamp()
    seg, sr = folder / f"seg{suffix}.dcm", folder / f"sr{suffix}.dcm"
    segments = [replace(one, given=not canal.cards) for one in canal_segments(canal.labels)]
    numbers = write_seg(seg, canal.series, segments, stamp)
    voxel_mm3 = canal.labels.voxel_volume_mm3
    groups = [structure_finding(one, numbers[one.label], voxel_mm3) for one in segments]
    remarks = [REMARK_ON_CANAL]
    for number, site in enumerate(canal.section, start=1):
        label = "ESCC" if len(canal.section) == 1 else f"ESCC site {number}"
        groups += escc_findings(site, _middles_mm(canal), label)
        said = [words for words in (site["reason"], site.get("level_unknown")) if words]
        remarks += [f"{label}: {words}" for words in (*said, *(WORDS.get(flag, flag) for flag in site["flags"]))]
    write_sr(sr, canal.series, groups, seg_path=seg, remarks=remarks, stamp=stamp)
    return [seg, sr]


def _middles_mm(canal: CanalResult) -> dict[int, tuple[float, float, float]]:
    """The middle of the sac in every slice that shows it, world millimetres, RAS."""
    sac = canal.masks.sac
    index = np.argwhere(sac.array > 0)
    along = index[:, canal.axis]
    middles = {int(number): sac.world(index[along == number].mean(axis=0)) for number in np.unique(along)}
    return {number: (float(x), float(y), float(z)) for number, (x, y, z) in middles.items()}


def _numbered(pieces: Iterator[LesionPiece]) -> Iterator[tuple[int, LesionPiece]]:
    """Lesions with their number within their vertebra, from 1, as they stand in the report."""
    last = None
    number = 0
    for piece in pieces:
        number = number + 1 if piece.level is last else 1
        last = piece.level
        yield number, piece


def _segments(result: SeriesResult, pieces: list[tuple[int, LesionPiece]]) -> Iterator[Segment]:
    from spinemets.formats.dicom_segments import lesion_segment, vertebra_segments

    flags = result.findings.flags
    for segment in vertebra_segments(result.vertebrae, result.subregions):
        yield replace(segment, given=BY_NETWORK not in flags)
    for number, piece in pieces:
        lesion = lesion_segment(number, piece.type.value, piece.level, piece.mask, piece.start)
        yield replace(lesion, given=LESIONS_BY_NETWORK not in flags)


def _vertebrae(result: SeriesResult, numbers: Mapping[str, int]) -> Iterator[Group]:
    from spinemets.formats.dicom_findings import VertebraFound, vertebra_finding

    for vertebra in result.spine.vertebrae:
        x, y, z = (float(mm) for mm in vertebra.centroid_mm)
        found = VertebraFound(
            vertebra.level,
            (x, y, z),
            probability=vertebra.probability,
            runner_up=vertebra.runner_up[0] if vertebra.runner_up else None,
            partly_visible=vertebra.partly_visible,
            volume_ml=vertebra.volume_ml,
            segment_number=numbers.get(f"{vertebra.level} vertebra", numbers.get(str(vertebra.level))),
        )
        yield vertebra_finding(found)


def _lesion(number: int, piece: LesionPiece, result: SeriesResult, numbers: Mapping[str, int]) -> Group:
    from spinemets.formats.dicom_findings import LesionFound, lesion_finding

    found = LesionFound(number, piece.type.value, piece.level, _volume_ml(number, piece, result))
    return lesion_finding(found, numbers[found.label])


def _volume_ml(number: int, piece: LesionPiece, result: SeriesResult) -> Finding:
    """What the report says of the volume of a lesion, which it lists in the same order."""
    (own,) = (one for one in result.findings.vertebrae if one.level is piece.level)
    return own.lesions[number - 1]["volume_ml"] if isinstance(own.lesions, tuple) else own.lesions
