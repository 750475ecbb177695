"""From what was measured at a level with lesions to a SINS case, and its score."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from spinemets.anatomy import Side
from spinemets.findings import Finding, Measured, NotApplicable, VertebraFindings
from spinemets.measure.height_reference import HeightLoss
from spinemets.measure.lesion_pieces import LesionType
from spinemets.measure.lesions import Lesion
from spinemets.measure.vertebra_regions import FROM_PARTITION, VertebraRegions
from spinemets.posterior_reading import PosteriorReading, posterior_reading
from spinemets.rules.collapse import collapse_percent, decided_by_value
from spinemets.rules.fracture_signs import RING_FROM
from spinemets.rules.likelihood import chance_over
from spinemets.rules.posterolateral import borderline
from spinemets.rules.sins import SinsScore, sins
from spinemets.rules.sins_case import parse_case
from spinemets.rules.sins_likelihood import (
    Masses,
    alignment_masses,
    collapse_masses,
    component_masses,
    likelihood_json,
    posterolateral_masses,
)
from spinemets.rules.sins_table import HALF_PERCENT
from spinemets.rules.spinal_alignment import AlignmentReading
from spinemets.spine import Vertebra

LABEL_CONTRADICTED = "lesion_label_contradicts_ct"
TOLD_FROM = 0.2
"""Share of lesions inside a body that must be unlike sound bone for the CT to tell what they do to it (ours)."""
MINOR_SHARE = 0.2
"""Of that, from which a lesion is mixed (`clinical.md` §1.6, [D])."""
COLLAPSE_BY_VALUE = "collapse_by_value"
UNCERTAIN_LEVEL = 0.05
"""A level with at least this probability stays open in the SINS location (ours)."""


def score_lesions(
    findings: VertebraFindings,
    vertebra: Vertebra,
    lesions: tuple[Lesion, ...],
    loss: HeightLoss | None,
    alignment: AlignmentReading,
    regions: VertebraRegions,
    pain: str,
    signs: Mapping[str, Any] | None = None,
) -> tuple[VertebraFindings, SinsScore | None]:
    """The findings of a level with the SINS case of its lesions and the score, if it has any.

    `signs` are those of the level, by name: what the CT shows of its lesions and pedicles is asked of them.
    """
    seen = signs or {}
    if not lesions:
        none = NotApplicable("no_lesion")
        return replace(findings, sins_case=none, sins=none), None
    posterior = posterior_reading(vertebra, lesions, regions, broken_pedicles(seen))
    case = sins_document(vertebra, lesions, loss, alignment, posterior, pain)
    contradicted = contradicts_label(lesions, seen.get("lesion_lytic_share"), seen.get("lesion_blastic_share"))
    if contradicted:
        case["lesion_quality"] = "not_assessable"
    score = sins(parse_case(case))
    flags = [*score.flags, *alignment.flags]
    flags += [LABEL_CONTRADICTED] if contradicted else []
    if loss is not None and decided_by_value(loss.largest, by_interval=loss.by_interval):
        flags.append(COLLAPSE_BY_VALUE)
    flags += [f"{name}_at_threshold" for name in borderline(lesion.regions for lesion in lesions)]
    if regions.source == FROM_PARTITION:
        flags.append("regions_by_canal_partition")
    masses = measured_masses(lesions, loss, alignment, posterior)
    likelihood = likelihood_json(component_masses(score, masses))
    answer = {**score.to_json_dict(), **likelihood, "flags": flags}
    return replace(findings, sins_case=case, sins=answer), score


def sins_document(
    vertebra: Vertebra,
    lesions: tuple[Lesion, ...],
    loss: HeightLoss | None,
    alignment: AlignmentReading,
    posterior: PosteriorReading | None,
    pain: str,
) -> dict[str, Any]:
    """The SINS case of one vertebra, as ``spinemets sins`` takes it; what was not measured is left out."""
    levels = [vertebra.level, *(level for level, share in vertebra.alternatives if share >= UNCERTAIN_LEVEL)]
    names = [str(level) for level in levels]
    case: dict[str, Any] = {"level": names[0] if len(names) == 1 else names, "pain": pain}
    case["lesion_quality"] = _quality(lesions)
    case["alignment"] = alignment.case_word
    collapse = None if loss is None else collapse_percent(loss.largest, by_interval=loss.by_interval)
    if collapse is not None:
        case["collapse_percent"] = _interval(*collapse)
    involved = _involved(lesions)
    if involved is not None:
        case["body_involved_percent"] = _interval(*involved)
    if posterior is not None:
        case["posterolateral"] = {side.value: items for side, items in posterior.known.items()}
        case["other_posterior"] = posterior.other
    return case


def measured_masses(
    lesions: tuple[Lesion, ...],
    loss: HeightLoss | None,
    alignment: AlignmentReading,
    posterior: PosteriorReading | None,
) -> dict[str, Masses]:
    """Probability of the points of those components that errors of measurement leave open."""
    collapse = (None, False) if loss is None else (loss.largest, loss.by_interval)
    return {
        "alignment": alignment_masses(alignment.slipped, alignment.bent),
        "collapse": collapse_masses(collapse[0], _over_half_involved(lesions), by_interval=collapse[1]),
        "posterolateral": posterolateral_masses(*((posterior.chances, posterior.unproven) if posterior else ({},))),
    }


def broken_pedicles(signs: Mapping[str, Any]) -> frozenset[str]:
    """Pedicles whose ring of cortex is broken on CT, by name; none where it was not measured."""
    rings = {f"pedicle_{side.value}": signs.get(f"pedicle_ring_missing_{side.value}") for side in Side}
    return frozenset(n for n, ring in rings.items() if isinstance(ring, Measured) and ring.value >= RING_FROM)


def _quality(lesions: tuple[Lesion, ...]) -> str:
    """What lesions do to bone, which only CT can tell: signal on MR is a hint (`clinical.md` §1.6)."""
    if not any(isinstance(one.mean_hu, Measured) for one in lesions):
        return "not_assessable"
    kinds = {lesion.type for lesion in lesions}
    if len(kinds) > 1:
        return LesionType.MIXED.value
    return kinds.pop().value


def contradicts_label(lesions: tuple[Lesion, ...], lytic: Finding | None, blastic: Finding | None) -> bool:
    """Whether the CT shows dense bone in lesions that are labelled lytic, or destroyed bone in blastic ones.

    Parameters
    ----------
    lesions : tuple of Lesion
        Of one vertebra.
    lytic, blastic : Finding or None
        Share of what lies of them inside the body, away from cortex, that is thinner or denser than the spongy bone of
        unaffected neighbours by more than two standard deviations (`clinical.md` §1.6).

    Returns
    -------
    bool
        True if the shares come to `TOLD_FROM` together and at least `MINOR_SHARE` of that is what the label is not:
        mixed or the opposite. Where neither was measured, or lesions of both labels lie in the vertebra, there is
        nothing to contradict.
    """
    kinds = {lesion.type for lesion in lesions}
    if not isinstance(lytic, Measured) or not isinstance(blastic, Measured) or len(kinds) != 1:
        return False
    opposite = {LesionType.LYTIC: blastic.value, LesionType.BLASTIC: lytic.value}.get(kinds.pop(), 0.0)
    both = lytic.value + blastic.value
    return both >= TOLD_FROM and opposite >= MINOR_SHARE * both


def _involved(lesions: tuple[Lesion, ...]) -> tuple[float, float] | None:
    known = _body_share(lesions)
    if known is None:
        return None
    return 100 * min(known.low, 1.0), 100 * (1.0 if _more_in_body(lesions) else min(known.high, 1.0))


def _more_in_body(lesions: tuple[Lesion, ...]) -> bool:
    """Whether some lesion takes a part of the body that was not measured."""
    sized = [one for one in lesions if isinstance(one.volume_ml, Measured)]
    unmeasured = any(not isinstance(one.body_fraction, Measured) for one in sized)
    return unmeasured or any("body" in one.unsized for one in lesions)


def _over_half_involved(lesions: tuple[Lesion, ...]) -> float | None:
    known = _body_share(lesions)
    return None if known is None or _more_in_body(lesions) else chance_over(known, HALF_PERCENT / 100)


def _body_share(lesions: tuple[Lesion, ...]) -> Measured | None:
    """Share of the body that all lesions take together; None where it was not measured."""
    known = [part for part in (lesion.body_fraction for lesion in lesions) if isinstance(part, Measured)]
    if not known:
        return None
    value, low, high = (sum(getattr(part, name) for part in known) for name in ("value", "low", "high"))
    return Measured(value, "1", low, high, "sum over lesions")


def _interval(low: float, high: float) -> float | dict[str, float]:
    low, high = round(low, 1), round(high, 1)
    return low if low == high else {"low": low, "high": high}
