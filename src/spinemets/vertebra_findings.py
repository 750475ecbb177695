"""What was measured at one level as its section of the report."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from spinemets.anatomy import Level
from spinemets.findings import Finding, Measured, NotAssessed, Reason, Section, VertebraFindings
from spinemets.fracture_assessment import undecided
from spinemets.measure.height_reference import HeightLoss
from spinemets.measure.heights import COLUMNS, BodyHeights
from spinemets.measure.lesions import Lesion
from spinemets.measure.wall_from_canal import WallFromCanal
from spinemets.rules.genant import genant_grade
from spinemets.rules.posterior_wall import SHAPE, SOURCE, wall_label

CRUMBS = NotAssessed(
    Reason.RESOLUTION, "a network's outline leaves crumbs in the canal that no fragment can be told from"
)


def vertebra_findings(
    level: Level,
    heights: BodyHeights | NotAssessed,
    loss: HeightLoss | None,
    wall: WallFromCanal | None,
    lesions: Section | None,
) -> VertebraFindings:
    """Heights, their loss with its grade, posterior wall and lesions of one level.

    Parameters
    ----------
    level : Level
        The vertebra.
    heights : BodyHeights or NotAssessed
        Of its body, or why there are none.
    loss, wall
        Known where there are heights.
    lesions : Section or None
        Why lesions were not looked for here, or a sequence of `Lesion`; None where nothing looks for lesions.
    """
    findings = VertebraFindings(level)
    if lesions is not None:
        told = lesions if isinstance(lesions, NotAssessed) else tuple(_lesion(one) for one in lesions)
        findings = replace(findings, lesions=told)
    if isinstance(heights, NotAssessed) or loss is None or wall is None:
        return replace(
            findings, heights_mm=heights, reference_mm=heights, height_loss=heights, genant=heights,
            posterior_wall=heights,
        )  # fmt: skip
    return replace(
        findings,
        heights_mm={name: heights.columns[name] for name in COLUMNS},
        reference_mm={name: loss.reference_mm[name] for name in COLUMNS},
        height_loss={**{name: loss.loss[name] for name in COLUMNS}, "max": loss.largest},
        genant=undecided(loss) or _genant(loss.largest),
        posterior_wall=_wall(wall, coarse=loss.by_interval),
    )


def wall_word(wall: WallFromCanal) -> str | None:
    """Label of a posterior wall; None where its depth was not measured."""
    label = wall_label(**{name: vars(wall)[name] for name in SHAPE})
    return None if label is None else label.value


def _wall(wall: WallFromCanal, *, coarse: bool) -> dict[str, Any]:
    features = vars(wall)
    label = wall_word(wall)
    named = {} if label is None else {"label": {"value": label, "method": SOURCE}}
    fragment = {"value": "present" if wall.has_fragment else "absent", "method": "a loose piece of bone in the canal"}
    kept = {name: features[name] for name in (*SHAPE, "canal_encroachment")}
    return {**kept, "fragment_in_canal": CRUMBS if coarse else fragment, **named}


def _genant(loss: Finding) -> Finding:
    if not isinstance(loss, Measured):
        return loss
    grades = [int(genant_grade(value)) for value in (loss.low, loss.value, loss.high)]
    return Measured(grades[1], "1", grades[0], grades[2], "Genant 1993, of the largest loss of height")


def _lesion(lesion: Lesion) -> dict[str, Any]:
    return {
        "type": lesion.type.value,
        "volume_ml": lesion.volume_ml,
        "mean_hu": lesion.mean_hu,
        "p99_hu": lesion.p99_hu,
        "body_fraction": lesion.body_fraction,
        "regions": {
            name: finding.value if isinstance(finding, Measured) else finding
            for name, finding in lesion.regions.items()
        },
    }
