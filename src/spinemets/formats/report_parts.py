"""The clinical sections of the page: what each shows, what it is not to be taken for, and what not to overlook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from spinemets.rules.escc_readings import SUSPECTED


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


def parts_of(document: Mapping[str, Any]) -> list[Part]:
    """The clinical sections of a report as JSON has it, ESCC last."""
    return [*(_part(document, *part) for part in CLINICAL_PARTS), _escc_part(document["escc"])]


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
    return Part("escc", title, ESCC_WARNING, {}, [(site_name(site, escc), site) for site in escc])


def site_name(site: Mapping[str, Any], every: Sequence[Mapping[str, Any]]) -> str:
    """Level of a site; where there are several with its series, and its slice where that does not tell them apart.

    A site without a slice that decides has its number among those of its series instead.
    """
    level = str(site["level"] or "Level unknown")
    if len(every) < 2 or not site.get("series"):
        return level
    same = [one for one in every if (one["level"], one.get("series")) == (site["level"], site["series"])]
    number = next((n for n, one in enumerate(same, start=1) if one is site), 1)
    place = f"site {number}" if site["slice"] is None else f"slice {site['slice']}"
    return f"{level}, {site['series']}" + (f", {place}" if len(same) > 1 else "")


def alarms(escc: Any) -> list[tuple[str, str]]:
    """What must not be overlooked: name of every site whose cord may be compressed, and what is said of it.

    Parameters
    ----------
    escc : list or mapping
        The section of the report as JSON has it.
    """
    found = []
    for site in escc if isinstance(escc, list) else ():
        high = [grade for grade in site["possible_grades"] if grade in HIGH_GRADES]
        if site["grade"] in HIGH_GRADES:
            found.append((site_name(site, escc), f"compression of the spinal cord, ESCC {site['grade']}"))
        elif high:
            said = f"compression of the spinal cord is not excluded, ESCC {' or '.join(high)} stays possible"
            found.append((site_name(site, escc), said))
        elif SUSPECTED in site["flags"]:
            found.append((site_name(site, escc), "tumour in the spinal canal is not excluded"))
    return found


def _is_absent(section: Any) -> bool:
    return isinstance(section, Mapping) and "not_assessable" in section
