"""What is true of a simulated axial T2: from the parameters of the deformation, never from masks or a grader."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np

from spinemets.anatomy import Level
from spinemets.simulate.axial_piece import SpinePiece
from spinemets.simulate.axial_plan import ALL_GRADES
from spinemets.simulate.axial_t2 import AxialCase
from spinemets.simulate.epidural import DEFORMED_LOSS, DEFORMED_MM, EpiduralCase

HIGH = {"2", "3"}
BELOW_CONUS = "there is no cord at the tumour: 1c, 2 and 3 have no meaning below the conus"


def escc_truth(case: AxialCase) -> dict[str, Any]:
    """The site in the shape of an answer of ``spinemets escc``; grade 0 where nothing grows in the canal."""
    tumour, course = case.plan.tumour, case.piece.course
    heights = case.heights_mm()
    rows = []
    for index, up in enumerate(heights):
        here = None if tumour is None or np.isnan(up) else tumour.here(course, float(up))
        if here is not None and here.is_enough:
            rows.append(_row(index, here))
    worst = max(rows, key=lambda row: (ALL_GRADES.index(row["grade"]), row["sac_indentation_mm"]), default=None)
    below = worst is not None and not course.has_cord(float(heights[worst["index"]]))
    grade = None if below else "0" if worst is None else str(worst["grade"])
    deformed = worst is not None and (
        worst["sac_indentation_mm"] >= DEFORMED_MM or worst["sac_area_loss"] >= DEFORMED_LOSS
    )
    return {
        "grade": grade,
        "possible_grades": [] if grade is None else [grade],
        "status": "not_applicable_below_conus" if below else "graded",
        "reason": BELOW_CONUS if below else None,
        "slice": None if worst is None else worst["index"],
        "level": str(nearest_level(case.piece, 0.0 if tumour is None else tumour.up_mm)),
        "high_grade_2_3": None if grade is None else grade in HIGH,
        "high_grade_from_1c": None if grade is None else grade in HIGH | {"1c"},
        "sac_deformed": deformed,
        "slices": rows,
        "distribution": {} if grade is None else {grade: 1.0},
        "reference": None,
        "flags": ["non_tumour_compression"] if any(not one.is_tumour for one in case.plan.pressers) else [],
    }


def parameters(case: AxialCase) -> dict[str, Any]:
    """Everything that the truth follows from, for the record."""
    return {
        "scan": asdict(case.scan),
        "origin": None if case.plan.origin is None else case.plan.origin.value,
        "pressers": [{"up_mm": one.up_mm, "code": one.code, **asdict(one.case)} for one in case.plan.pressers],
    }


def nearest_level(piece: SpinePiece, up_mm: float) -> Level:
    """The vertebra whose body's middle is nearest to a height of a piece."""
    return min(piece.centres, key=lambda level: abs(piece.centres[level] - up_mm))


def _row(index: int, case: EpiduralCase) -> dict[str, Any]:
    return {
        "index": index,
        "grade": case.grade,
        "epidural_area_mm2": round(case.tumour_mm2, 1),
        "sac_indentation_mm": round(case.depth_mm, 3),
        "sac_area_loss": round(case.sac_loss, 4),
        "cord_gap_mm": round(case.gap_mm, 3),
        "cord_area_loss": round(case.flattening, 4),
        "cord_shift_mm": round(case.shift_mm, 3),
        "csf_fraction": round(case.csf_ring, 4),
    }
