"""`report.json`: the report as a file that is never half written and never off its schema."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from spinemets.report import Report
from spinemets.whole_files import write_text


class ReportSchemaError(ValueError):
    """A report document breaks ``report-1.json``: a fault of the program, not of the study."""


@cache
def report_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of the report document."""
    return json.loads((files("spinemets") / "schemas" / "report-1.json").read_text(encoding="utf-8"))


def check_report_document(document: Any) -> None:
    """Raise `ReportSchemaError` unless `document` is a report of version 1; the message says where it is not."""
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import best_match

    error = best_match(Draft202012Validator(report_schema()).iter_errors(document))
    if error is not None:
        raise ReportSchemaError(f"{error.json_path}: {error.message}")
    for path, value in _measured(document, "$"):
        if not value["low"] <= value["value"] <= value["high"]:
            raise ReportSchemaError(f"{path}: {value['value']} lies outside [{value['low']}, {value['high']}]")


def write_report_json(path: Path, report: Report) -> None:
    """Write `report` to `path`, checked against its schema; `path` is complete or untouched.

    Raises
    ------
    ReportSchemaError
        If the report does not fit the schema. Nothing is written.
    """
    document = report.to_json_dict()
    check_report_document(document)
    write_text(path, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _measured(node: Any, path: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every ``{value, low, high}`` below `node` with its place; JSON Schema cannot compare two keys."""
    if isinstance(node, dict):
        if {"value", "low", "high"} <= node.keys():
            yield path, node
        for key, item in node.items():
            yield from _measured(item, f"{path}.{key}")
    elif isinstance(node, list):
        for index, item in enumerate(node):
            yield from _measured(item, f"{path}[{index}]")
