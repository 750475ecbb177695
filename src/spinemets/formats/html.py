"""`report.html`: one self-contained page, its pictures inside, for reading and for print."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from spinemets.anatomy import Level
from spinemets.diffuse_marrow import DIFFUSE
from spinemets.formats.atomic import write_text
from spinemets.formats.canal_pictures import CanalStrip
from spinemets.formats.picture import SeriesPictures
from spinemets.formats.report_signs import measures, signs, unknown
from spinemets.formats.report_words import UNITS, WORDS
from spinemets.report import Report
from spinemets.rules.escc_readings import SUSPECTED

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
    "t2_axial": "MR T2, axial",
    "prior_ct": "CT, prior",
    "pet": "PET",
    "ct_myelogram": "CT myelogram",
}


@dataclass(frozen=True)
class Part:
    """One clinical section of the page.

    Attributes
    ----------
    kind : str
        The macro of ``clinical.html.j2`` that draws it.
    title : str
        Its heading.
    warning : str
        What the reader must not conclude where it was not assessed.
    absent : mapping
        Each reason, to its details, to the levels that they hold for.
    rows : tuple
        Level, or site, with the findings there.
    """

    kind: str
    title: str
    warning: str
    absent: Mapping[str, Mapping[str, list[str]]]
    rows: Sequence[tuple[str, Mapping[str, Any]]]


CLINICAL_PARTS = (
    ("fractures", "Fractures",
     ("heights_mm", "reference_mm", "height_loss", "genant", "posterior_wall", "signs", "fracture"),
     "This does not mean that there is no fracture."),
    ("lesions", "Lesions", ("lesions",), "This does not mean that there is no lesion."),
    ("sins", "SINS", ("alignment", "sins_case", "sins"), "This does not mean that the spine is stable."),
)  # fmt: skip
HIGH_GRADES = ("2", "3")
ESCC_WARNING = "This does not clear the spinal canal."


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
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("spinemets.formats"),
        autoescape=lambda name: name is not None and not name.endswith(".css"),
        trim_blocks=True,
        undefined=StrictUndefined,
    )
    filters = {
        "unit": _unit,
        "mm": _mm,
        "number": _number,
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
    }
    environment.filters.update(filters)
    document = _known(report.to_json_dict())
    thumbnails: dict[Level, Any] = {}
    for series in reversed(pictures):
        thumbnails.update(series.thumbnails)
    return environment.get_template("report.html.j2").render(
        r=document,
        span=_span(report),
        partly=[str(vertebra.level) for vertebra in report.spine.vertebrae if vertebra.partly_visible],
        rows=list(zip(report.spine.vertebrae, document["spine"]["levels"], strict=True)),
        parts=[*(_part(document, *part) for part in CLINICAL_PARTS), _escc_part(document["escc"])],
        alarms=_alarms(document["escc"]),
        pictures=pictures,
        strips=strips,
        thumbnails=thumbnails,
        all_marrow_dark=DIFFUSE in document["provenance"].get("flags", []),
        has_lesions=any(series.shows_lesions for series in pictures),
    )


def _known(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the optional keys of an input present, so that a misspelt key stays an error."""
    optional: dict[str, Any] = {"uid": None, "acquisition": {}, "flags": [], "shape": [], "spacing_mm": []}
    document["inputs"] = [{**optional, **series} for series in document["inputs"]]
    document["not_assessed"] = [{"levels": None, **entry} for entry in document["not_assessed"]]
    return document


def _part(document: Mapping[str, Any], kind: str, title: str, sections: Sequence[str], warning: str) -> Part:
    absent: dict[str, dict[str, list[str]]] = {}
    rows = []
    for vertebra in document["vertebrae"]:
        reasons = [vertebra[name] for name in sections if _is_absent(vertebra[name])]
        for code, detail in {(reason["not_assessable"], reason["detail"]): None for reason in reasons}:
            absent.setdefault(code, {}).setdefault(detail, []).append(vertebra["level"])
        found = {name: vertebra[name] for name in sections if not _is_absent(vertebra[name])}
        if found:
            rows.append((vertebra["level"], found))
    return Part(kind, title, warning, absent, rows)


def _escc_part(escc: Any) -> Part:
    title = "Epidural spinal cord compression (ESCC)"
    if _is_absent(escc):
        return Part("escc", title, ESCC_WARNING, {escc["not_assessable"]: {escc["detail"]: []}}, [])
    if not isinstance(escc, list):
        return Part("escc", title, ESCC_WARNING, {escc["not_applicable"]: {"the question does not arise here": []}}, [])
    return Part("escc", title, ESCC_WARNING, {}, [(_site_name(site, escc), site) for site in escc])


def _site_name(site: Mapping[str, Any], every: Sequence[Mapping[str, Any]]) -> str:
    """Level of a site, and the series that it was read on where there are several."""
    level = str(site["level"] or "Level unknown")
    return f"{level}, {site['series']}" if len(every) > 1 and site.get("series") else level


def _alarms(escc: Any) -> list[tuple[str, str]]:
    """What must not be overlooked: name of every site whose cord may be compressed, and what is said of it."""
    found = []
    for site in escc if isinstance(escc, list) else ():
        high = [grade for grade in site["possible_grades"] if grade in HIGH_GRADES]
        if site["grade"] in HIGH_GRADES:
            found.append((_site_name(site, escc), f"compression of the spinal cord, ESCC {site['grade']}"))
        elif high:
            said = f"compression of the spinal cord is not excluded, ESCC {' or '.join(high)} stays possible"
            found.append((_site_name(site, escc), said))
        elif SUSPECTED in site["flags"]:
            found.append((_site_name(site, escc), "tumour in the spinal canal is not excluded"))
    return found


def _is_absent(section: Any) -> bool:
    return isinstance(section, Mapping) and "not_assessable" in section


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
