"""Plots of an evaluation, as SVG."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np

from spinemets.anatomy import Level
from spinemets.measure.lesion_agreement import LesionCase
from spinemets.measure.lesion_pieces import LesionType
from spinemets.measure.vertebra_agreement import CaseAgreement

MISSED = "missed"
COLOUR = "#204d74"
LESION_COLOURS = {LesionType.LYTIC: "#b3261e", LesionType.BLASTIC: "#204d74", LesionType.MIXED: "#7a5195"}


def dice_by_level_svg(cases: Sequence[CaseAgreement]) -> str:
    """Dice of every vertebra of every case by level, with the mean of each level."""
    levels = _levels(cases)
    figure, axes = _figure(width=2.5 + 0.38 * len(levels), height=3.6)
    for place, level in enumerate(levels):
        dice = [row.dice for case in cases for row in case.vertebrae if row.level is level]
        spread = np.linspace(-0.15, 0.15, len(dice)) if len(dice) > 1 else np.zeros(1)
        axes.plot(place + spread, dice, "o", color=COLOUR, alpha=0.45, markersize=4)
        axes.plot([place - 0.28, place + 0.28], [np.mean(dice)] * 2, color="#b3261e", linewidth=1.8)
    axes.set_xticks(range(len(levels)), [str(level) for level in levels])
    axes.set_ylim(-0.03, 1.03)
    axes.set_ylabel("Dice by label (missed = 0)")
    axes.set_xlabel("level in the reference; line: mean")
    axes.grid(axis="y", alpha=0.3)
    return _svg(figure)


def level_confusion_svg(cases: Sequence[CaseAgreement]) -> str:
    """What the prediction calls the bones of each reference level, as counts."""
    rows = _levels(cases)
    called = {row.matched_level for case in cases for row in case.vertebrae if row.matched_level is not None}
    columns = sorted(called | set(rows), key=lambda level: level.order)
    names = [*map(str, columns), MISSED]
    counts = np.zeros((len(rows), len(names)), dtype=int)
    for vertebra in (row for case in cases for row in case.vertebrae):
        column = names.index(MISSED if vertebra.matched_level is None else str(vertebra.matched_level))
        counts[rows.index(vertebra.level), column] += 1
    figure, axes = _figure(width=2.2 + 0.34 * len(names), height=1.4 + 0.34 * len(rows))
    axes.imshow(counts, cmap="Blues", vmin=0, vmax=max(counts.max(initial=1) * 1.5, 1), aspect="equal")
    for (row, column), count in np.ndenumerate(counts):
        if count:
            axes.text(column, row, str(count), ha="center", va="center", fontsize=8)
    axes.set_xticks(range(len(names)), names, rotation=90)
    axes.set_yticks(range(len(rows)), [str(level) for level in rows])
    axes.set_xlabel("called in the prediction")
    axes.set_ylabel("level in the reference")
    return _svg(figure)


def lesion_dice_svg(cases: Sequence[LesionCase]) -> str:
    """Dice of every lesion of every case by its volume and type, missed ones at 0."""
    figure, axes = _figure(width=5.2, height=3.6)
    for kind, colour in LESION_COLOURS.items():
        rows = [row for case in cases for row in case.lesions if row.type is kind]
        volume, dice = [row.volume_ml for row in rows], [row.dice for row in rows]
        axes.plot(volume, dice, "o", color=colour, alpha=0.6, markersize=4, label=f"{kind.value} ({len(rows)})")
    axes.set_xscale("log")
    axes.set_ylim(-0.03, 1.03)
    axes.set_ylabel("Dice (missed = 0)")
    axes.set_xlabel("volume of the lesion in the reference, ml")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right", fontsize=8)
    return _svg(figure)


def _levels(cases: Sequence[CaseAgreement]) -> list[Level]:
    return sorted({row.level for case in cases for row in case.vertebrae}, key=lambda level: level.order)


def _figure(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots()


def _svg(figure: Any) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()
