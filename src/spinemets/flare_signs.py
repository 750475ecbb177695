"""Whether lesions that grew denser between two CTs may be healing: osteoblastic flare."""

from __future__ import annotations

from typing import Any, Literal

from spinemets.anatomy import Level
from spinemets.fracture_assessment import said
from spinemets.measure.flare import density_change
from spinemets.rules.flare import SOURCE, denser, possible_flare
from spinemets.volume import Volume, require_same_grid


def flare_signs(
    level: Level,
    lesions: Volume,
    vertebrae: Volume,
    ct: Volume,
    prior: Volume,
    partial_response: Literal["yes", "no", "unknown"],
) -> dict[str, Any]:
    """Signs of a flare at one level, by name; none of them is one of progression.

    Parameters
    ----------
    level : Level
        With lesions.
    lesions, vertebrae, ct : Volume
        Lesion labels, VerSe ids and HU on one grid.
    prior : Volume
        HU of an earlier date, in the same world, on any grid.
    partial_response : str
        Whether other signs show a partial response to treatment, as a clinician states it.

    Returns
    -------
    dict of str
        ``osteoblastic_flare``, ``denser_rim``, ``new_sclerosis``, ``rim_rise`` and ``new_lesion_rise``.

    Raises
    ------
    GeometryMismatchError
        If lesions or vertebrae lie on another grid than the CT.
    ValueError
        If `partial_response` is none of ``yes``, ``no`` and ``unknown``.
    """
    require_same_grid(ct, vertebrae, mask_name="the vertebra mask")
    require_same_grid(ct, lesions, mask_name="the lesion mask")
    change = density_change(level, lesions, vertebrae, ct, prior)
    sign = possible_flare(change.rim_rise, change.new_rise, partial_response)
    return {
        "osteoblastic_flare": said(sign, f"X13, possible flare, not progression: {SOURCE}"),
        "denser_rim": said(denser(change.rim_rise), f"X13, no sign of progression by itself: {SOURCE}"),
        "new_sclerosis": said(denser(change.new_rise), f"X13, no sign of progression by itself: {SOURCE}"),
        "rim_rise": change.rim_rise,
        "new_lesion_rise": change.new_rise,
    }
