"""What a DICOM series can be to us, from its attributes; where they are silent, from its description.

A series that is not understood gets no role: a wrong contrast would be measured as if it were right.
"""

from __future__ import annotations

import re

import numpy as np
from numpy.typing import NDArray

from spinemets.formats.dicom_attributes import Attributes
from spinemets.formats.dicom_mr_roles import mr_role

AXIAL_DEG = 30.0
"""A T2 stack is axial if its normal is at most this far from head to foot …"""

AXIAL_PIXEL_MM = 0.8
"""… and serves for ESCC if its pixels are at most this wide: beyond it the grades' millimetres cannot be seen."""

_MODALITIES = ("CT", "MR", "PT", "NM")

_NOT_ANATOMY = {
    "a localiser": {"LOCALIZER", "SCOUT", "TOPOGRAM", "SURVEY"},
    "a projection (MIP or the like), not slices": {
        "MIP",
        "MINIP",
        "MAX_IP",
        "MIN_IP",
        "MAXIMUM",
        "MINIMUM",
        "PROJECTION",
        "PROJECTION IMAGE",
    },
    "a rendering": {"VRT", "SSD", "3D", "RENDERED", "VOLUME RENDERING", "VOLREN", "VOLUME_RENDER", "CSA 3D", "RANGE"},
    "a curved reformat": {"CPR", "CURVED", "CURVED_MPR"},
    "a subtraction": {"SUBTRACTION", "SUBTRACT", "SUBTRACTED", "SUB"},
    "a screen capture or dose report": {"SCREEN SAVE", "DOSE_INFO", "DOSE", "PATIENT PROTOCOL", "CAPTURE"},
    "a phase image": {"P", "PHASE", "PHASE MAP", "PHASE_MAP"},
    "a parameter map": {
        "EADC",
        "EXPONENTIAL",
        "FA",
        "TENSOR",
        "FRACTIONAL_ANISOTROPY",
        "PERFUSION",
        "T1 MAP",
        "T2 MAP",
        "T2_STAR MAP",
        "T2STAR MAP",
        "R2STAR",
        "R2_STAR",
        "T2_STAR",
        "FAT_FRACTION",
        "FF",
        "WATER_FRACTION",
    },
}
_NOT_ANATOMY_WORDS = {
    "a localiser": r"\b(loc|locali[sz]er|scout|topogram|surview|survey|3 ?plane)\b",
    "a projection (MIP or the like), not slices": r"\b(mip|minip)\b",
    "a screen capture or dose report": r"\bdose (report|info|record)\b|\bpatient protocol\b|\bscreen ?save\b",
    "a subtraction": r"\b(sub|subtraction|subtracted)\b",
}
_HU_RESCALE_TYPES = ("", "HU", "HU_MOD", "US")  # US: unspecified, which older CT writes for HU
_SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def unusable_because(attributes: Attributes) -> str | None:
    """Why no image of this kind is assessed, whatever its contrast; None if it may be."""
    modality = attributes.text("Modality").upper()
    if attributes.text("SOPClassUID").startswith(_SECONDARY_CAPTURE):
        return "a secondary capture"
    if modality not in _MODALITIES:
        return f"modality {modality or 'not stated'} is not assessed; CT, MR, PT and NM are"
    if (attributes.number("SamplesPerPixel") or 1) != 1:
        return "a colour picture"
    words = set(attributes.image_type) | set(attributes.words("ComplexImageComponent"))
    for reason, kinds in _NOT_ANATOMY.items():
        if words & kinds:
            return reason
    for reason, pattern in _NOT_ANATOMY_WORDS.items():
        if re.search(pattern, attributes.text("SeriesDescription").lower().replace("_", " ")):
            return reason
    if attributes.get("ModalityLUTSequence") is not None:
        return "its values need a modality look-up table, which is not applied"
    judge = {"CT": _unusable_ct, "PT": _unusable_pet, "NM": _unusable_nm}.get(modality)
    return None if judge is None else judge(attributes)


def _unusable_ct(attributes: Attributes) -> str | None:
    if attributes.number("RescaleIntercept") is None:
        return "CT without a rescale intercept: Hounsfield units are unknown"
    rescale_type = attributes.text("RescaleType").upper()
    return None if rescale_type in _HU_RESCALE_TYPES else f"CT in units of {rescale_type}, not HU"


def _unusable_pet(attributes: Attributes) -> str | None:
    corrections = attributes.words("CorrectedImage")
    return "PET without attenuation correction" if corrections and "ATTN" not in corrections else None


def _unusable_nm(attributes: Attributes) -> str | None:
    """Planar scans, projections and gated images lie nowhere in particular, or there several times."""
    return None if "RECON TOMO" in attributes.image_type else "a nuclear image that is no reconstructed SPECT"


def role_of(attributes: Attributes, affine: NDArray[np.float64], echo_times_ms: tuple[float, ...] = ()) -> str | None:
    """The role of a stack that is usable, or None if its contrast is not understood.

    Parameters
    ----------
    attributes : Attributes
        Of one of its slices.
    affine : (4, 4) ndarray
        From (column, row, slice) to world RAS+ mm; tells an axial stack.
    echo_times_ms : tuple of float
        Every echo time of the series that the stack is part of; two of a gradient echo are in and out of phase.
    """
    modality = attributes.text("Modality").upper()
    if modality == "CT":
        return "ct_myelogram" if re.search(r"\bmyelo", attributes.description) else "ct"
    if modality in ("PT", "NM"):
        return "pet" if modality == "PT" else "spect"
    role = mr_role(attributes, echo_times_ms)
    return "t2_axial" if role == "t2" and is_fine_axial(affine) else role


def is_fine_axial(affine: NDArray[np.float64]) -> bool:
    """Whether slices lie across the body, at most `AXIAL_DEG` oblique, with pixels of at most `AXIAL_PIXEL_MM`."""
    normal = np.cross(affine[:3, 0], affine[:3, 1])
    cosine = abs(normal[2]) / np.linalg.norm(normal)
    pixel_mm = np.linalg.norm(affine[:3, :2], axis=0).max()
    return bool(cosine >= np.cos(np.deg2rad(AXIAL_DEG)) and pixel_mm <= AXIAL_PIXEL_MM + 1e-6)


def may_serve_as(role: str, attributes: Attributes, found: str | None) -> bool:
    """Whether a series may have the role that somebody named: the right modality, and no other contrast found."""
    modality = attributes.text("Modality").upper()
    if role in ("ct", "prior_ct", "ct_myelogram"):
        return modality == "CT"
    if role in ("pet", "spect"):
        return modality == {"pet": "PT", "spect": "NM"}[role]
    same = ({"t2", "t2_axial"}, {"adc", "prior_adc"})
    return modality == "MR" and (found in (None, role) or {found, role} in same)
