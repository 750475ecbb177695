"""`spinemets features`: the table of fractures from reports, for learning their cause."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from spinemets.errors import SpinemetsError

LABEL_COLUMNS = ("study", "level", "cause")


def features(
    inputs: Annotated[
        list[Path],
        typer.Argument(
            metavar="STUDY_OR_REPORT...", help="report.json, a folder with one, or a folder of such folders."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The table, CSV.")],
    labels: Annotated[
        Path | None,
        typer.Option(help="CSV with study, level, cause (osteoporotic, metastatic or both); may have patient."),
    ] = None,
) -> None:
    """Write one row for each fractured vertebra of reports: every sign and measurement, each with 'was it assessed'.

    A study is called by the folder of its report.json. The table is what 'train.py task=fracture data.table=' reads.
    Rows of one study are never divided between learning and measuring: where a patient has several studies, name the
    patient in a column of the labels, and rows bear that name in the column study.

    Example: spinemets features out/ --labels causes.csv --out fractures.csv
    """
    typer.echo(run_features(inputs, out, labels))


def run_features(inputs: Sequence[Path], out: Path, labels: Path | None) -> str:
    """Write the table; what was written, in one sentence.

    Raises
    ------
    SpinemetsError
        If there is no report, two have one name, a file cannot be read, or a label fits no fracture.
    """
    from spinemets.formats.fracture_table import row_of, write_table
    from spinemets.fracture_features import is_fractured

    lines = [] if labels is None else _label_lines(labels)
    causes, patients = _causes(lines), _patients(lines)
    rows, undecided, studies = [], 0, set()
    for path in _reports(inputs):
        study = path.resolve().parent.name
        if study in studies:
            raise SpinemetsError(f"two reports lie in folders called '{study}'; a study needs a name of its own")
        studies.add(study)
        for vertebra in _vertebrae(path):
            fractured = is_fractured(vertebra)
            undecided += fractured is None
            if fractured:
                cause = causes.pop((study, vertebra["level"]), None)
                rows.append(row_of(patients.get(study, study), vertebra, cause))
    if causes:
        study, level = next(iter(causes))
        raise SpinemetsError(f"{len(causes)} labels fit no measured fracture, the first is {study} {level}")
    write_table(out, rows)
    told = sum(row.cause is not None for row in rows)
    fractures = "1 fracture" if len(rows) == 1 else f"{len(rows)} fractures"
    return f"{out}: {fractures} of {len(studies)} studies, {told} with a cause; {undecided} vertebrae could not be told"


def _reports(inputs: Sequence[Path]) -> Iterator[Path]:
    for path in inputs:
        if path.is_file():
            yield path
            continue
        found = sorted(path.rglob("report.json")) if path.is_dir() else []
        if not found:
            raise SpinemetsError(f"no report.json in {path.name}; 'spinemets assess' writes one")
        yield from found


def _vertebrae(path: Path) -> list[dict[str, Any]]:
    from spinemets.formats.report_json import ReportSchemaError, check_report_document

    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        check_report_document(document)
    except (OSError, ValueError, ReportSchemaError) as error:
        raise SpinemetsError(f"{path.parent.name}/{path.name} is no report: {error}") from error
    return document["vertebrae"]


def _label_lines(path: Path) -> list[tuple[str, dict[str, str]]]:
    """Lines of the labels, each with its place for the reader of an error."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, restval="")
            lines, header = list(reader), reader.fieldnames or []
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise SpinemetsError(f"labels {path.name} cannot be read: {error}") from error
    if not set(LABEL_COLUMNS) <= set(header):
        raise SpinemetsError(f"labels {path.name} need the columns {', '.join(LABEL_COLUMNS)}, got {', '.join(header)}")
    return [(f"labels {path.name}, line {number}", line) for number, line in enumerate(lines, start=2)]


def _causes(lines: Sequence[tuple[str, dict[str, str]]]) -> dict[tuple[str, str], str]:
    """Cause by study and level."""
    from spinemets.formats.fracture_table import CAUSES

    found: dict[tuple[str, str], str] = {}
    for place, line in lines:
        key, cause = (line["study"], line["level"]), line["cause"]
        if cause not in CAUSES:
            raise SpinemetsError(f"{place}: cause '{cause}' is none of {', '.join(CAUSES)}")
        if found.setdefault(key, cause) != cause:
            raise SpinemetsError(f"{place}: {key[0]} {key[1]} has two causes")
    return found


def _patients(lines: Sequence[tuple[str, dict[str, str]]]) -> dict[str, str]:
    """Patient by study, of studies for which one is named."""
    found: dict[str, str] = {}
    for place, line in lines:
        study, patient = line["study"], line.get("patient", "").strip()
        if patient and found.setdefault(study, patient) != patient:
            raise SpinemetsError(f"{place}: {study} has two patients")
    return found
