"""What the shape and place of tumour in the canal say: draped curtain and compartment."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinemets.escc_assessment import LARGEST_PIXEL_MM, LARGEST_SLICE_MM, ROUNDING
from spinemets.escc_masks import EsccMasks, require_usable
from spinemets.findings import Finding, Measured, NotApplicable, NotAssessed, Reason
from spinemets.fracture_assessment import said
from spinemets.measure.canal_slices import CanalStack, canal_stack
from spinemets.measure.canal_taper import LARGEST_TILT_DEG
from spinemets.measure.compartment import SOURCE as COMPARTMENT_SOURCE
from spinemets.measure.compartment import Compartment, TumourPlace, tumour_places
from spinemets.measure.curtain import SliceCurtain, curtain, front_in_slices
from spinemets.rules.draped_curtain import PEAK_FROM_MM, SOURCE, draped_curtain, slice_curtain

EPIDURAL = ("draped_curtain", "draped_curtain_midline_ratio", "compartment")
"""Names of the signs."""


def epidural_signs(masks: EsccMasks, front: NDArray[np.float64]) -> dict[str, Any]:
    """Signs of tumour in the canal, by name.

    Parameters
    ----------
    masks : EsccMasks
        Cord, sac and tumour of an axial T2; tumour beyond the canal's mask, where there is one, is left out.
    front : (3,) ndarray
        Unit world vector to the patient's front.

    Returns
    -------
    dict of str
        ``draped_curtain``, ``draped_curtain_midline_ratio`` and ``compartment``.

    Raises
    ------
    StudyError
        If a mask lies on another grid, holds nothing, or contradicts another.
    ValueError
        If slices can be read, and `front` is no unit vector across the cord.
    """
    require_usable(masks)
    tumour = masks.epidural
    if masks.canal is not None:
        tumour = tumour.with_array((tumour.array > 0) & (masks.canal.array > 0))
    stack = canal_stack(masks.cord, masks.sac, tumour)
    reason = _refusal(stack)
    found = {"compartment": _compartment(reason or tumour_places(masks.cord, masks.sac, tumour))}
    if reason is not None:
        return {"draped_curtain": reason, "draped_curtain_midline_ratio": reason} | found
    slices = curtain(stack, front_in_slices(stack, masks.sac, front))
    sign = draped_curtain({one.index: slice_curtain(one.lesser_peak_mm, one.midline_ratio) for one in slices})
    return {"draped_curtain": said(sign, SOURCE), "draped_curtain_midline_ratio": _ratio(slices)} | found


def _refusal(stack: CanalStack) -> NotAssessed | None:
    """Why slices are too coarse or too tilted; the limits are those of ESCC."""
    if stack.pixel_mm > LARGEST_PIXEL_MM + ROUNDING or stack.slice_mm > LARGEST_SLICE_MM + ROUNDING:
        size = f"pixels of {stack.pixel_mm:.2f} mm in slices {stack.slice_mm:.1f} mm apart"
        most = f"at most {LARGEST_PIXEL_MM:g} mm and {LARGEST_SLICE_MM:g} mm can be read"
        return NotAssessed(Reason.RESOLUTION, f"{size}; {most}")
    if stack.tilt_deg > LARGEST_TILT_DEG:
        detail = f"there are no axial slices: these are tilted by {stack.tilt_deg:.0f}° from the cord"
        return NotAssessed(Reason.MISSING_SEQUENCE, detail)
    return None


def _ratio(slices: tuple[SliceCurtain, ...]) -> Finding:
    """The deepest notch between two peaks, or why there is none."""
    if not slices:
        return NotApplicable("no_epidural_tumour")
    known = [
        one.midline_ratio
        for one in slices
        if isinstance(one.midline_ratio, Measured) and one.lesser_peak_mm.value >= PEAK_FROM_MM
    ]
    return min(known, key=lambda one: one.value) if known else NotApplicable("no_tumour_on_both_sides")


def _compartment(places: tuple[TumourPlace, ...] | NotAssessed | NotApplicable) -> Any:
    """The compartment that all pieces share; indeterminate, with the list of them, where they do not."""
    if not isinstance(places, tuple):
        return places
    unknown = next((one.compartment for one in places if isinstance(one.compartment, NotAssessed)), None)
    if unknown is not None:
        return unknown
    names = list(dict.fromkeys(one.compartment.value for one in places if isinstance(one.compartment, Compartment)))
    value = names[0] if len(names) == 1 else Compartment.INDETERMINATE.value
    largest = places[0].in_sac
    share = f"{100 * largest.value:.0f} % of the largest piece within the sac" if isinstance(largest, Measured) else ""
    each = f"; pieces: {', '.join(names)}" if len(names) > 1 else ""
    return {"value": value, "method": f"{share}{each}: {COMPARTMENT_SOURCE}"}
