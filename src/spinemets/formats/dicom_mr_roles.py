"""The contrast of an MR series, from how it was acquired.

Limits on times are ours, in milliseconds, wide enough for 1.0 to 3 T and narrow enough to leave
proton density and T2* without a role.
"""

from __future__ import annotations

import re

from spinemets.formats.dicom_attributes import Attributes

T1_MAX_ECHO_MS = 30.0
T1_MAX_REPETITION_MS = 1300.0
T2_MIN_ECHO_MS = 60.0
T2_MIN_REPETITION_MS = 1500.0
STIR_INVERSION_MS = (80.0, 300.0)
"""Inversion times that null fat: 120 to 170 ms at 1 to 1.5 T, 180 to 230 ms at 3 T."""
T1_FLAIR_INVERSION_MS = (400.0, 1400.0)
T1_FLAIR_MAX_REPETITION_MS = 3500.0
B0_MAX = 100.0
"""Diffusion weighting, s/mm2, up to which an image counts as unweighted; b = 50 stands for b = 0 on many scanners."""
B_HIGH_MIN = 400.0
"""Diffusion weighting, s/mm2, from which restricted diffusion shows."""
IN_PHASE_CYCLE_MS_T = 6.9
"""Echo time times field at which water and fat are in phase again, ms T: 4.6 ms at 1.5 T, 2.3 ms at 3 T."""
PHASE_TOLERANCE = 0.2
"""Part of a cycle by which an echo may miss being in or out of phase."""

_DIXON_WORDS = {
    "in_phase": {"IN_PHASE", "INPHASE", "IN-PHASE", "IP", "IN"},
    "out_phase": {
        "OUT_PHASE",
        "OUTPHASE",
        "OUT-PHASE",
        "OPP_PHASE",
        "OPPOSED_PHASE",
        "OPPOSED",
        "OUT_OF_PHASE",
        "OP",
        "OPP",
        "OUT",
    },
    "water": {"WATER", "W"},
    "fat": {"FAT", "F"},
}
_DIXON_PATTERNS = {
    "in_phase": r"\bin ?phase\b|\b(dixon|vibe|lava|flex|ideal)\b.*\b(ip|in)$",
    "out_phase": r"\b(out (of )?|opp |opposed )phase\b|\b(dixon|vibe|lava|flex|ideal)\b.*\b(op|opp|out)$",
    "water": r"\b(dixon|ideal|flex|lava)\b.*\b(water|w)\b|\bwater\b.*\b(dixon|ideal|flex|lava)\b",
    "fat": r"\b(dixon|ideal|flex|lava)\b.*\b(fat|f)$|\bfat\b (?!sat|sup).*\b(dixon|ideal|flex|lava)\b",
}
_T1_GRADIENT = r"\b(t1|vibe|lava|thrive|flash|spgr|fspgr|mprage|bravo|tfe)\b"
_NOT_T1_OR_T2 = r"t2 ?\*|\bt2 ?star\b|\b(medic|merge|swi|tof|mra|pd|map|mapping|myelo\w*)\b"
_CONTRAST = r"\b(gd|gado\w*|post ?(gd|contrast|gad\w*|km|iv)?|ce|km|c\+|with contrast)(?=\s|$)|\+ ?(c|gd|km)\b"
_NO_CONTRAST = r"\b(pre|native|nativ|without|w o|no contrast)\b"
_FAT_SUPPRESSED = r"\b(fs|fatsat|fat ?sat|fat ?sup\w*|spair|spir|chemsat|sfs)\b"


def mr_role(attributes: Attributes, echo_times_ms: tuple[float, ...] = ()) -> str | None:
    """One of `spinemets.volume.ROLES`, or None if the contrast is not understood.

    Fat-saturated T2 is given the role ``stir``: fat dark and fluid bright is what that role
    is read for. Fat-saturated T1 without contrast medium is ``t1_fs`` and never ``t1``, for
    marrow is dark on it whatever the marrow holds.
    """
    for judge in (_diffusion_role, _dixon_role):
        role = judge(attributes)
        if role is not None:
            return role if role in ("adc", "dwi_b0", "dwi_high", *_DIXON_WORDS) else None
    role = _echo_phase_role(attributes, echo_times_ms) or _weighting(attributes)
    if role == "t2" and is_fat_suppressed(attributes):
        return "stir"
    if role == "t1" and has_contrast_medium(attributes):
        return "t1_gd"
    return "t1_fs" if role == "t1" and is_fat_suppressed(attributes) else role


def is_fat_suppressed(attributes: Attributes) -> bool:
    """Whether fat was saturated; an inversion that nulls fat is not meant."""
    options = set(attributes.words("ScanOptions", "SpectrallySelectedSuppression"))
    return bool(options & {"FS", "SFS", "FATSAT", "FAT", "SPAIR", "SPIR", "FAT_AND_WATER"}) or bool(
        re.search(_FAT_SUPPRESSED, attributes.description)
    )


def has_contrast_medium(attributes: Attributes) -> bool:
    """Whether contrast medium was given, by its attribute, else by the description."""
    agent = attributes.text("ContrastBolusAgent").upper()
    if agent or attributes.get("ContrastBolusAgentSequence") is not None:
        return agent not in ("NO", "NONE", "N", "NEG", "WITHOUT", "0")
    description = attributes.text("SeriesDescription").lower().replace("_", " ")
    return bool(re.search(_CONTRAST, description)) and not re.search(_NO_CONTRAST, description)


def _diffusion_role(attributes: Attributes) -> str | None:
    """``adc``, ``dwi_b0``, ``dwi_high``; ``unclear`` if diffusion-weighted by nothing known; None if not diffusion."""
    words, description = set(attributes.image_type), attributes.description
    if "ADC" in words or re.search(r"\badc\b|\bapparent diff", description):
        return "adc"
    b_value = attributes.b_value
    named = re.search(r"\bb ?(\d{1,4})\b", description)
    is_diffusion = (
        bool(words & {"DIFFUSION", "TRACEW"})
        or attributes.text("AcquisitionContrast").upper() == "DIFFUSION"
        or re.search(r"\b(dwi|diff\w*)\b", description) is not None
    )
    if not is_diffusion and b_value is None:
        return None
    if b_value is None and named:
        b_value = float(named[1])
    if b_value is None:
        return "unclear"
    if not is_diffusion and b_value == 0:
        return None  # some scanners write b = 0 into every image
    return "dwi_b0" if b_value <= B0_MAX else "dwi_high" if b_value >= B_HIGH_MIN else "unclear"


def _dixon_role(attributes: Attributes) -> str | None:
    """``in_phase``, ``out_phase``, ``water`` or ``fat``; the in-phase image of a T2 sequence is plain T2: None."""
    words = set(attributes.image_type[2:])
    roles = [role for role, kinds in _DIXON_WORDS.items() if words & kinds]
    if not roles:
        description = attributes.text("SeriesDescription").lower().replace("_", " ").replace("-", " ")
        roles = [role for role, pattern in _DIXON_PATTERNS.items() if re.search(pattern, description)]
    if len(roles) != 1:
        return None
    return None if roles[0] == "in_phase" and _weighting(attributes) == "t2" else roles[0]


def _echo_phase_role(attributes: Attributes, echo_times_ms: tuple[float, ...]) -> str | None:
    """In or out of phase by echo time and field, for one of two early gradient echoes."""
    echo, field = attributes.echo_time_ms, attributes.number("MagneticFieldStrength")
    if len(echo_times_ms) != 2 or echo is None or not field or max(echo_times_ms) > 10 or not _is_gradient(attributes):
        return None
    cycles = echo * field / IN_PHASE_CYCLE_MS_T
    if abs(cycles - round(cycles)) <= PHASE_TOLERANCE and round(cycles) >= 1:
        return "in_phase"
    return "out_phase" if abs(cycles % 1 - 0.5) <= PHASE_TOLERANCE else None


def _is_gradient(attributes: Attributes) -> bool:
    sequence = set(attributes.words("ScanningSequence", "EchoPulseSequence"))
    return bool(sequence & {"GR", "GRADIENT"}) and not sequence & {"SE", "SPIN"}


def _weighting(attributes: Attributes) -> str | None:
    """``t1``, ``t2``, ``stir`` or None, contrast medium and fat saturation aside."""
    stated = {"T1": "t1", "T2": "t2", "STIR": "stir"}.get(attributes.text("AcquisitionContrast").upper())
    description = attributes.description
    inversion = attributes.inversion_time_ms
    if stated == "stir" or re.search(r"\b(stir|tirm|t2 ?tirm)\b", description):
        return "stir"
    if inversion is not None and STIR_INVERSION_MS[0] <= inversion <= STIR_INVERSION_MS[1]:
        return None if _is_gradient(attributes) else "stir"
    if stated:
        return stated
    if re.search(_NOT_T1_OR_T2, description):
        return None
    if _is_gradient(attributes):
        return "t1" if re.search(_T1_GRADIENT, description) else None
    return _spin_echo_weighting(attributes.echo_time_ms, attributes.number("RepetitionTime"), inversion, description)


def _spin_echo_weighting(
    echo_ms: float | None, repetition_ms: float | None, inversion_ms: float | None, description: str
) -> str | None:
    if echo_ms is None or repetition_ms is None:
        named = set(re.findall(r"\bt[12](?=\b|w)", description))
        return named.pop() if len(named) == 1 else None
    if inversion_ms is not None:
        low, high = T1_FLAIR_INVERSION_MS
        is_t1_flair = low <= inversion_ms <= high and echo_ms <= T1_MAX_ECHO_MS
        return "t1" if is_t1_flair and repetition_ms <= T1_FLAIR_MAX_REPETITION_MS else None
    if echo_ms <= T1_MAX_ECHO_MS and repetition_ms <= T1_MAX_REPETITION_MS:
        return "t1"
    return "t2" if echo_ms >= T2_MIN_ECHO_MS and repetition_ms >= T2_MIN_REPETITION_MS else None
