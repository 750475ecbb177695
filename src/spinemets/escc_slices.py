"""What was measured in a slice, as the rule of ESCC takes it and as its answer tells it."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinemets.measure.canal_taper import ReferenceSpan
from spinemets.measure.compression_findings import IN_SLICE, compression_findings
from spinemets.measure.cord_compression import SliceCompression
from spinemets.rules.escc_edges import REFERENCE_LEFT
from spinemets.rules.escc_slice import Grade, SliceMeasures
from spinemets.rules.escc_taper import Change


def natural_changes(span: ReferenceSpan) -> tuple[Change, Change]:
    """The smallest and the largest that sac and cord may be without tumour."""
    low, high = ((span.cord[n], span.sac[n]) for n in (0, 1))
    return Change(*low, -span.centre_mm), Change(*high, span.centre_mm)


def slice_measures(one: SliceCompression) -> SliceMeasures:
    """What a grade is decided on."""
    mscc = None if one.mscc_ap is None or one.mscc_rl is None else max(one.mscc_ap, one.mscc_rl)
    return SliceMeasures(
        index=one.index,
        tumour_mm2=one.epidural_area_mm2,
        tumour_mm=one.epidural_thickness_mm,
        indentation_mm=one.sac_indentation_mm,
        sac_loss=one.sac_area_loss,
        gap_mm=one.cord_gap_mm,
        mscc=mscc,
        cord_loss=one.cord_area_loss,
        dent=one.cord_dent,
        shift_mm=one.cord_shift_mm,
        csf_ring=one.csf_fraction,
        csf_pool_mm2=one.csf_pool_mm2,
        csf_pool_mm=one.csf_pool_mm,
        cord_mm=2 * float(np.sqrt(one.cord_area_mm2 / np.pi)) if one.cord_area_mm2 else None,
        sac_mm=2 * float(np.sqrt(one.sac_area_mm2 / np.pi)),
    )


def slice_row(one: SliceCompression, grade: Grade, span: ReferenceSpan, pixel_mm: float) -> dict[str, Any]:
    """A slice of the answer: plain numbers, and every measure with unit, interval and method."""
    found = compression_findings(one, span, pixel_mm=pixel_mm, reference_left=REFERENCE_LEFT)
    measures = {name: finding.to_json_dict() for name, finding in found.items()}
    plain = {name: measures[name].get("value") for name in IN_SLICE}
    return {"index": one.index, "grade": grade.value, **plain, "measures": measures}
