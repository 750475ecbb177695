"""`report.html`: one self-contained page, its pictures inside, for reading and for print."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from spinemets.anatomy import Level
from spinemets.diffuse_marrow import DIFFUSE, UNCHECKED
from spinemets.formats.canal_pictures import CanalStrip
from spinemets.formats.escc_words import grade_meaning, limits_in_words, shares_of_grades
from spinemets.formats.picture import SeriesPictures
from spinemets.formats.report_gaps import gaps
from spinemets.formats.report_parts import alarms, parts_of
from spinemets.formats.report_signs import measures, signs, unknown
from spinemets.formats.report_words import UNITS, WORDS
from spinemets.report import Report
from spinemets.whole_files import write_text

if TYPE_CHECKING:
    from jinja2 import Environment

ROLE_NAMES = {
    "ct": "CT",
    "t1": "MR T1",
    "t2": "MR T2",
    "stir": "MR STIR",
    "dwi_b0": "MR DWI b0",
    "dwi_high": "MR DWI, high b",
    "adc": "MR ADC map",
    "in_phase": "MR in phase",
    "out_phase": "MR opposed phase",
    "water": "MR water",
    "fat": "MR fat",
    "t1_gd": "MR T1, gadolinium",
    "t1_fs": "MR T1, fat-suppressed",
    "t2_axial": "MR T2, axial",
    "prior_ct": "CT, prior",
    "prior_adc": "MR ADC map, prior",
    "pet": "PET",
    "spect": "SPECT",
    "ct_myelogram": "CT myelogram",
}


def write_report_html(
    path: Path, report: Report, pictures: Sequence[SeriesPictures] = (), strips: Sequence[CanalStrip] = ()
) -> None:
    """Write the page to `path`; it needs no other file, no network and no script.

    Parameters
    ----------
    path : Path
        Where; complete or untouched.
    report : Report
        What is said.
    pictures : sequence of SeriesPictures
        Overviews in this order; each level's thumbnails are from the first series that has them.
    strips : sequence of CanalStrip
        Axial slices of graded sites, shown with ESCC.
    """
    write_text(path, report_html(report, pictures, strips))


def report_html(report: Report, pictures: Sequence[SeriesPictures] = (), strips: Sequence[CanalStrip] = ()) -> str:
    """The page as text."""
    document = _known(report.to_json_dict())
    thumbnails: dict[Level, Any] = {}
    for series in reversed(pictures):
        thumbnails.update(series.thumbnails)
    template = page_environment().get_template("report.html.j2")
    return template.render(
        r=document,
        span=_span(report),
        partly=[str(vertebra.level) for vertebra in report.spine.vertebrae if vertebra.partly_visible],
        rows=list(zip(report.spine.vertebrae, document["spine"]["levels"], strict=True)),
        parts=parts_of(document),
        alarms=alarms(document["escc"]),
        gaps=gaps(document["not_assessed"], list(map(str, report.spine.levels))),
        pictures=pictures,
        strips=strips,
        thumbnails=thumbnails,
        all_marrow_dark=DIFFUSE in document["provenance"].get("flags", []),
        marrow_unchecked=UNCHECKED in document["provenance"].get("flags", []),
        has_lesions=any(series.shows_lesions for series in pictures),
    )


def page_environment() -> Environment:
    """Where templates are found, and what they call."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("spinemets.formats"),
        autoescape=lambda name: name is not None and not name.endswith(".css"),
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters |= {
        "unit": _unit,
        "mm": _mm,
        "number": _number,
        "rounded": _rounded,
        "words": _words,
        "role": _role,
        "without": _without,
        "applicable": _applicable,
        "not_applicable": _not_applicable,
        "data_url": _data_url,
        "sentence": _sentence,
        "signs": signs,
        "measures": measures,
        "unknown": unknown,
        "capital": _capital,
        "grade_meaning": grade_meaning,
        "shares_of_grades": shares_of_grades,
    }
    environment.globals["escc_limits"] = limits_in_words()
    return environment


def _known(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the optional keys of an input present, so that a misspelt key stays an error."""
    optional: dict[str, Any] = {"uid": None, "acquisition": {}, "flags": [], "shape": [], "spacing_mm": []}
    document["inputs"] = [{**optional, **series} for series in document["inputs"]]
    return document


def _span(report: Report) -> str:
    levels = report.spine.levels
    if not levels:
        return "no vertebra"
    return str(levels[0]) if len(levels) == 1 else f"{levels[0]} to {levels[-1]}"


def _applicable(rows: Sequence[tuple[str, Mapping[str, Any]]], name: str) -> list[tuple[str, Mapping[str, Any]]]:
    return [row for row in rows if "not_applicable" not in row[1].get(name, {})]


def _not_applicable(rows: Sequence[tuple[str, Mapping[str, Any]]], name: str) -> list[tuple[str, list[str]]]:
    codes: dict[str, list[str]] = {}
    for level, items in rows:
        if "not_applicable" in items.get(name, {}):
            codes.setdefault(items[name]["not_applicable"], []).append(level)
    return list(codes.items())


def _without(items: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: item for name, item in items.items() if name not in names}


def _mm(length: float) -> str:
    return f"{length:.1f}"


def _unit(code: str) -> str:
    return UNITS.get(code, code)


def _number(value: float) -> str:
    return f"{round(value, 3):.3g}" if abs(value) < 100 else f"{value:.0f}"


def _rounded(measured: Mapping[str, Any], value: float) -> str:
    """A length to a tenth, an area to a whole, none of them -0."""
    digits = 0 if measured["unit"] == "mm2" else 1
    return f"{round(value, digits) + 0.0:.{digits}f}"


def _words(code: str) -> str:
    return WORDS.get(code, code.replace("_", " "))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _role(role: str) -> str:
    return ROLE_NAMES[role]


def _data_url(png: bytes) -> str:
    return "data:image/png;base64," + base64.b64encode(png).decode("ascii")
