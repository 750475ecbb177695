"""The table that the cause of a fracture is told from: one row for each fractured vertebra, every cell with a flag.

A cell holds what the report says of one sign or measurement. Its flag says whether it was assessed; where it was not,
the cell is empty, never zero. ``docs/fracture_features.md`` is made from this list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

VERSION = 1
"""Of the list of columns; any change of a name or a meaning gets the next number."""

PRESENT = {"present": 1.0, "at_threshold": 0.5, "absent": 0.0}
FAVOURED = {"malignant_favoured": 1.0, "at_threshold": 0.5, "benign_favoured": 0.0}
"""What words become; an answer too close to its limit lies halfway."""


@dataclass(frozen=True)
class Column:
    """One sign or measurement.

    Attributes
    ----------
    name : str
        In the table; its flag is ``<name>_assessed``.
    item : str
        ``CT1`` to ``CT7``, ``MR1`` to ``MR7`` of Table 1; ``X`` for what it does not list.
    kind : str
        ``sign``, 1 present and 0 absent, or the unit of a measurement.
    meaning : str
        For the reader of the table.
    source : str
        Section and key in ``report.json``; several keys, of which the largest counts, are joined by ``|``.
    """

    name: str
    item: str
    kind: str
    meaning: str
    source: str

    @property
    def is_sign(self) -> bool:
        """Whether the column holds a sign."""
        return self.kind == "sign"

    @property
    def scan(self) -> str | None:
        """``CT`` or ``MR`` where that alone tells it; None where either does, as for item CT7, counted on masks."""
        found = {"X" if item == "CT7" else item[:2] for item in self.item.split(", ")}
        return next(iter(found)) if len(found) == 1 and "X" not in found else None

    @property
    def flag(self) -> str:
        """Name of the column that says whether this one was assessed."""
        return f"{self.name}_assessed"


def _signs(*rows: tuple[str, str, str]) -> tuple[Column, ...]:
    return tuple(Column(name, item, "sign", meaning, f"signs.{name}") for name, item, meaning in rows)


def _measures(*rows: tuple[str, str, str, str]) -> tuple[Column, ...]:
    return tuple(Column(name, item, unit, meaning, f"signs.{name}") for name, item, unit, meaning in rows)


_SIDES = ("left", "right")
SIGNS = (
    *_signs(
        ("jigsaw", "CT1", "broken cortex whose pieces are all there"),
        ("cortex_destroyed", "CT1", "cortex of a quarter of the wall gone"),
        ("fracture_line", "CT2", "a line through the spongy bone"),
        ("cancellous_bone_destroyed", "CT2", "spongy bone destroyed or sclerotic"),
        ("vacuum_cleft", "CT3", "gas in the body"),
        ("retropulsion", "CT4, MR3", "a corner of the posterior wall in the canal"),
        ("posterior_wall_bulge", "CT4, MR3", "a convex posterior wall"),
        ("pedicles_spared", "CT5", "neither pedicle destroyed"),
        ("pedicle_destroyed", "CT5", "a pedicle destroyed"),
        ("lamellar_haematoma", "CT6", "thin soft tissue all round the body"),
        ("paravertebral_mass", "CT6", "thick or focal soft tissue beside the body"),
    ),
    Column(
        "other_osteoporotic_fractures", "CT7", "sign", "a fracture without a lesion elsewhere", "signs.other_fractures"
    ),
    Column("lesions_elsewhere", "CT7", "sign", "a lesion at another level", "signs.other_levels_with_lesions"),
    *_signs(
        ("diffuse_t1_hypointensity", "MR1", "the body dark on T1 nearly throughout"),
        ("fluid_sign", "MR2", "fluid in the body"),
        ("phase_drop_label", "MR4", "1 where the drop of signal out of phase favours malignancy, 0 where it does not"),
        ("adc_label", "MR5", "1 where the ADC favours malignancy, 0 where it does not"),
        ("enhancing_mass", "MR7", "a mass beyond the bone takes up contrast medium"),
        ("mass_without_enhancement", "MR7", "a mass beyond the bone takes up none"),
    ),
)
MEASURES = (
    Column("height_loss_anterior", "X", "1", "share of the anterior height lost", "height_loss.anterior"),
    Column("height_loss_middle", "X", "1", "share of the middle height lost", "height_loss.middle"),
    Column("height_loss_posterior", "X", "1", "share of the posterior height lost", "height_loss.posterior"),
    Column("height_loss_max", "X", "1", "the largest loss", "height_loss.max"),
    Column("height_asymmetry", "X", "1", "difference of the right and left height, without its sign",
           "signs.height_asymmetry"),
    Column("wall_depth", "CT4, MR3", "mm", "how far the posterior wall stands out", "posterior_wall.depth_mm"),
    Column("wall_height_fraction", "CT4, MR3", "1", "how high it stands out most", "posterior_wall.height_fraction"),
    Column("wall_turning", "CT4, MR3", "deg", "how sharply it turns there", "posterior_wall.turning_deg"),
    Column("wall_width_fraction", "CT4, MR3", "1", "over how much of its width", "posterior_wall.width_fraction"),
    Column("wall_roundness", "CT4, MR3", "1", "how round it is", "posterior_wall.roundness"),
    Column("canal_encroachment", "CT4, MR3", "1", "share of the canal's depth lost",
           "posterior_wall.canal_encroachment"),
    *_measures(
        ("cortex_missing_anterior", "CT1", "1", "share of the anterior wall without cortex, less the neighbours'"),
        ("cortex_missing_left", "CT1", "1", "the same of the left wall"),
        ("cortex_missing_right", "CT1", "1", "the same of the right wall"),
        ("cortex_missing_posterior", "CT1", "1", "the same of the posterior wall"),
        ("cortex_missing", "CT1", "1", "the same of the whole wall"),
        ("cortex_amount", "CT1", "1", "cortex near the outline by what it was"),
        ("fracture_line_width", "CT2", "1", "length of the longest line by the width of the body"),
        ("lytic_share", "CT2", "1", "share of the inside below the reference"),
        ("blastic_share", "CT2", "1", "share of the inside above the reference"),
        ("core_mean_ratio", "CT2", "1", "mean density of the inside by that of unaffected bodies"),
        ("core_low_ratio", "CT2", "1", "its tenth percentile, likewise"),
        ("core_high_ratio", "CT2", "1", "its ninetieth percentile, likewise"),
        ("cleft_volume", "CT3", "mL", "gas in the body"),
    ),
    Column("pedicle_ring_missing", "CT5", "1", "share of a pedicle's ring that is missing, the worse side",
           "|".join(f"signs.pedicle_ring_missing_{side}" for side in _SIDES)),
    Column("pedicle_lesion_share", "CT5", "1", "share of a pedicle in lesions, the worse side", "lesions.pedicle"),
    *_measures(
        ("added_tissue", "CT6", "mm", "thickness of soft tissue beyond the neighbours'"),
        ("added_tissue_coverage", "CT6", "1", "share of the circumference that it covers"),
        ("other_fractures", "CT7", "1", "number of other levels fractured without a lesion"),
        ("other_levels_with_lesions", "CT7", "1", "number of other levels with a lesion"),
        ("trabecular", "X", "[hnsf'U]", "spongy bone of the body"),
        ("trabecular_reference", "X", "[hnsf'U]", "spongy bone of unaffected neighbours"),
    ),
    Column("lesion_body_share", "X", "1", "share of the body in lesions",
           "lesions.body"),
    *_measures(
        ("t1_dark_share", "MR1", "1", "share of the body darker than muscle on T1"),
        ("posterior_t1_dark_share", "MR1", "1", "the same of pedicles and arch"),
        ("fluid_volume", "MR2", "mL", "fluid in the body"),
        ("phase_drop", "MR4", "1", "drop of signal out of phase"),
        ("adc", "MR5", "10*-3.mm2/s", "ADC"),
        ("enhancement_ratio", "MR6", "1", "enhancement after contrast medium"),
        ("enhancement_to_muscle", "MR6", "1", "the same by that of muscle"),
        ("mass_enhancement", "MR7", "1", "enhancement of the mass beyond the bone"),
    ),
)  # fmt: skip
COLUMNS = (*SIGNS, *MEASURES)
BY_NAME = {column.name: column for column in COLUMNS}
NEED_LESION_MASK = (
    "pedicles_spared", "pedicle_destroyed", "pedicle_lesion_share", "other_osteoporotic_fractures", "lesions_elsewhere",
    "other_fractures", "other_levels_with_lesions", "lesion_body_share",
)  # fmt: skip
"""Columns that are empty without a lesion mask."""


def feature_row(vertebra: Mapping[str, Any]) -> dict[str, float | None]:
    """Value of every column at one level; None where it was not assessed.

    Parameters
    ----------
    vertebra : mapping
        One entry of ``vertebrae`` in ``report.json``.

    Examples
    --------
    >>> row = feature_row({"signs": {"jigsaw": {"value": "present", "method": "CT1"}}})
    >>> row["jigsaw"], row["vacuum_cleft"]
    (1.0, None)
    """
    return {column.name: _value(column, vertebra) for column in COLUMNS}


def is_fractured(vertebra: Mapping[str, Any]) -> bool | None:
    """Whether a level is fractured by its loss of height (Genant's grade 1 or more); None where that cannot be told."""
    grade = _number(vertebra.get("genant"))
    return None if grade is None else grade >= 1


def _value(column: Column, vertebra: Mapping[str, Any]) -> float | None:
    section, _, key = column.source.partition(".")
    if section == "lesions":
        return _lesion_share(key, vertebra.get("lesions"))
    found = [_answer(place, vertebra) for place in column.source.split("|")]
    known = [value for value in found if value is not None]
    if len(known) < len(found):
        return None
    value = max(known)
    if column.name == "height_asymmetry":
        return abs(value)
    counted = column.is_sign and key in ("other_fractures", "other_levels_with_lesions")
    return float(value >= 1) if counted else value


def _answer(place: str, vertebra: Mapping[str, Any]) -> float | None:
    section, _, key = place.partition(".")
    found = vertebra.get(section)
    return _number(found.get(key)) if isinstance(found, Mapping) else None


def _number(answer: Any) -> float | None:
    """A measurement or a word of the report as a number; None for what was not assessed."""
    value = answer.get("value") if isinstance(answer, Mapping) else None
    if isinstance(value, str):
        return PRESENT.get(value, FAVOURED.get(value))
    return None if value is None or isinstance(value, bool) else float(value)


def _lesion_share(part: str, lesions: Any) -> float | None:
    """Share of the body, or of the worse pedicle, that all lesions take; None where it is not known of each."""
    if not isinstance(lesions, Sequence):
        return None
    if part == "body":
        shares = [_number(lesion["body_fraction"]) for lesion in lesions]
        known = [share for share in shares if share is not None]
        return min(sum(known), 1.0) if len(known) == len(shares) else None
    total = dict.fromkeys(_SIDES, 0.0)
    for lesion in lesions:
        for side in _SIDES:
            share = lesion["regions"].get(f"pedicle_{side}", 0.0)
            if not isinstance(share, int | float):
                return None
            total[side] += share
    return min(max(total.values()), 1.0)
