"""The folder that an assessment is written to."""

from __future__ import annotations

import gzip
import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import nibabel
import numpy as np

from spinemets.anatomy import Level
from spinemets.canal_assessment import CanalResult
from spinemets.canal_levels import CanalLevels
from spinemets.dicom_results import write_canal_dicom, write_dicom
from spinemets.errors import SpinemetsError, StudyError
from spinemets.findings import NotAssessed, Reason
from spinemets.formats.canal_pictures import CanalStrip, draw_canal_strip
from spinemets.formats.drawn_slice import drawn_slices
from spinemets.formats.html import write_report_html
from spinemets.formats.picture import SeriesPictures
from spinemets.formats.pictures import draw_pictures
from spinemets.formats.report_json import write_report_json
from spinemets.formats.rulers import Ruler
from spinemets.measure.heights import COLUMNS
from spinemets.pipeline import Assessment
from spinemets.report import SCHEMA_ID
from spinemets.series_assessment import SeriesResult
from spinemets.volume import Volume
from spinemets.whole_files import write_bytes

NOTHING_OUTLINED = NotAssessed(Reason.MISSING_MASK, "nothing was outlined, so there is nothing to write as DICOM")


def write_results(assessment: Assessment, folder: Path, *, dicom: bool) -> list[Path]:
    """Write report, pictures, masks and, for DICOM input, ``seg.dcm`` and ``sr.dcm``: all of it, or nothing.

    Files of an earlier report in the folder that this one does not have are taken away, so that no old mask stands
    beside a new report; what was changed since, or is in no report, stays.

    ``canal.nii.gz`` belongs to the series of the first site of the report, with all sites of that series; where
    several axial series were read, ``canal_2.nii.gz`` to the next, and so on. DICOM objects of these are
    ``seg_canal.dcm`` and ``sr_canal.dcm``, or ``seg.dcm`` and ``sr.dcm`` where no series shows vertebrae. Where none
    can refer to a series, the report says so.

    Returns
    -------
    list of Path
        The files, ``report.html`` first.

    Raises
    ------
    SpinemetsError
        If the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SpinemetsError(f"cannot write to the output folder: {error.strerror}") from error
    with tempfile.TemporaryDirectory(dir=folder, prefix=".unfinished-") as name:
        written = _write_all(assessment, Path(name), dicom=dicom)
        for path in _of_earlier_report(folder):
            if path.name not in {new.name for new in written}:
                path.unlink()
        return [path.replace(folder / path.name) for path in written]


def _write_all(assessment: Assessment, folder: Path, *, dicom: bool) -> list[Path]:
    report = assessment.report
    written = []
    pictures: list[SeriesPictures] = []
    for result, suffix in zip(assessment.results, _suffixes(assessment.results), strict=True):
        written += _write_masks(result, folder, suffix)
        drawn = draw_pictures(result.series, result.vertebrae, result.spine, _rulers(result), result.lesions)
        if drawn is not None:
            pictures.append(drawn)
    read = [canal for canal in assessment.canals if isinstance(canal.section, tuple)]
    for number, canal in enumerate(read, start=1):
        written.append(folder / ("canal.nii.gz" if number == 1 else f"canal_{number}.nii.gz"))
        write_mask(written[-1], canal.labels)
    if dicom:
        objects, reasons = _write_dicom(assessment.results, read, folder)
        written += objects
        missing = tuple(("dicom_results", reason) for reason in reasons)
        report = replace(report, not_assessed=(*report.not_assessed, *missing))
    report = replace(report, provenance={**report.provenance, "files": {path.name: _sha256(path) for path in written}})
    write_report_json(folder / "report.json", report)
    strips = [one for canal in read for one in _canal_strips(canal, assessment.results)]
    write_report_html(folder / "report.html", report, pictures, strips)
    return [folder / "report.html", folder / "report.json", *written]


def _write_dicom(
    results: Sequence[SeriesResult], canals: Sequence[CanalResult], folder: Path
) -> tuple[list[Path], list[NotAssessed]]:
    """DICOM objects of every series, and why some have none. Beside vertebrae those of the canal have another name."""
    todo = [partial(write_dicom, one, folder, suffix) for one, suffix in zip(results, _suffixes(results), strict=True)]
    name = "_canal" if results else ""
    ends = [name, *(f"{name}_{number}" for number in range(2, len(canals) + 1))]
    todo += [partial(write_canal_dicom, one, folder, end) for one, end in zip(canals, ends, strict=False)]
    written: list[Path] = []
    reasons = [] if todo else [NOTHING_OUTLINED]
    for write in todo:
        try:
            written += write()
        except StudyError as error:
            reasons.append(NotAssessed(Reason.NO_REFERENCE, str(error)))
    return written, reasons


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _of_earlier_report(folder: Path) -> list[Path]:
    """Files that the report in a folder lists and that are still as they were written with it."""
    try:
        document = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        listed = document["provenance"]["files"] if document["schema"] == SCHEMA_ID else {}
        paths = {folder / name: digest for name, digest in listed.items() if Path(name).name == name}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return []
    own = [path for path in paths if path.is_file() and not path.is_symlink()]
    return [path for path in own if _sha256(path) == paths[path]]


def _suffixes(results: Sequence[SeriesResult]) -> list[str]:
    """What tells the files of several series apart: the role, and a number from the second of a role on."""
    if len(results) < 2:
        return [""] * len(results)
    roles = [result.series.role for result in results]
    earlier = [roles[:n].count(role) for n, role in enumerate(roles)]
    return [f"_{role}" + (f"_{count + 1}" if count else "") for role, count in zip(roles, earlier, strict=True)]


def _canal_strips(canal: CanalResult, results: Sequence[SeriesResult]) -> list[CanalStrip]:
    """Pictures of the worst slice of every graded site, with the names of the vertebrae in the same coordinates."""
    named = CanalLevels(canal.series, results).near
    by = [[one for one in named if one.series.name == site.get("level_by")] or named[:1] for site in canal.section]
    bodies = [{one.level: one.centroid_mm for result in own[:1] for one in result.spine.vertebrae} for own in by]
    return [
        draw_canal_strip(
            ", ".join([f"ESCC {site['grade'] or 'not graded'}", *filter(None, [site["level"]]), canal.series.name]),
            canal.masks.drawn,
            canal.axis,
            site["slice"],
            canal.masks.t2,
            drawn_slices(site, canal.drawings),
            own,
        )
        for site, own in zip(canal.section, bodies, strict=True)
        if site["slice"] is not None
    ]


def _rulers(result: SeriesResult) -> dict[Level, tuple[Ruler, ...]]:
    """Where the three heights of each body were measured."""
    return {
        level: tuple(
            Ruler(
                heights.ends_mm[name][0],
                heights.ends_mm[name][1],
                name,
                f"{name} {heights.columns[name].value:.1f} mm",
            )
            for name in COLUMNS
        )
        for level, heights in result.findings.heights.items()
    }


def _write_masks(result: SeriesResult, folder: Path, suffix: str) -> list[Path]:
    masks = {"vertebrae": result.vertebrae, "subregions": result.subregions, "lesions": result.lesions}
    written = []
    for name, mask in masks.items():
        if mask is not None:
            path = folder / f"{name}{suffix}.nii.gz"
            write_mask(path, mask)
            written.append(path)
    return written


def write_mask(path: Path, mask: Volume) -> None:
    """Write integer labels, 0 to 255, as compressed NIfTI, whole or not at all."""
    write_image(path, mask.with_array(mask.array.astype(np.uint8)))


def write_image(path: Path, volume: Volume) -> None:
    """Write a volume as compressed NIfTI with both transforms set, whole or not at all."""
    image = nibabel.Nifti1Image(volume.array, volume.affine)
    image.header.set_xyzt_units("mm")
    image.set_sform(volume.affine, code=1)
    image.set_qform(volume.affine, code=1)
    write_bytes(path, gzip.compress(image.to_bytes(), compresslevel=1, mtime=0))
