"""Table 1 of the review on CT: signs of an osteoporotic and of a metastatic collapse.

Montoya-Bordón 2023, Rev Esp Cir Ortop Traumatol 67:S511-S522, Table 1, after Laredo JD et al. Benign versus malignant
vertebral collapse. Radiology 1995;194(1):41-48. The table has words only; every number here is ours (`clinical.md`
§1.1). A sign that was not looked for is not absent, and the absence of a sign is no evidence of its opposite.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from spinemets.findings import Finding, Measured, NotAssessed, Reason
from spinemets.rules.presence import Presence, Sign, all_of, any_of, at_least, less_than, more_than, opposite

SOURCE = "Laredo 1995, Radiology 194:41-48; numbers ours"

DESTROYED_FROM = 0.20
"""Share of the cortex of one quarter that is missing."""
KEPT_FROM = 0.90
"""Share of the cortical amount that is left, as fragments, in a jigsaw."""
CANCELLOUS_ML, CANCELLOUS_SHARE = 1.0, 0.10
"""Destroyed or sclerotic spongy bone: 1 cm³ in one piece, or a tenth of the body."""
LINE_ABOVE = 0.5
"""A fracture line runs through more than this share of the width."""
CLEFT_ML = 0.005
PEDICLE_FROM = 0.20
RING_FROM = 0.30
"""Share of a pedicle's ring that is missing in its smallest cross-section."""
THICK_FROM_MM = 10.0
"""Soft tissue is a mass from here on, whatever its shape; thinner, all round, it is a haematoma."""
ADDED_FROM_MM = 4.0
"""Less than this beyond the neighbours' is their own difference."""
ALL_ROUND_FROM = 0.80

CT_SIGNS = (
    "jigsaw", "cortex_destroyed", "fracture_line", "cancellous_bone_destroyed", "vacuum_cleft", "retropulsion",
    "posterior_wall_bulge", "pedicles_spared", "pedicle_destroyed", "lamellar_haematoma", "paravertebral_mass",
)  # fmt: skip
"""Names of the signs of both columns."""


class Favours(str, Enum):
    """What the review lists a sign under."""

    OSTEOPOROTIC = "osteoporotic"
    METASTATIC = "metastatic"


@dataclass(frozen=True)
class FractureSign:
    """One row of one column of Table 1.

    Attributes
    ----------
    item : str
        ``CT1`` to ``CT7``.
    favours : Favours
        The column.
    sign : Presence, NotAssessed or NotApplicable
        Whether it was seen.
    """

    item: str
    favours: Favours
    sign: Sign


@dataclass(frozen=True)
class CtFeatures:
    """What is measured on CT for the signs, at one level; fractions in [0, 1].

    Attributes
    ----------
    cortex_missing : mapping of str to Finding
        By quarter, ``anterior``, ``left``, ``right``, ``posterior``, beyond what its neighbours miss.
    cortex_amount : Finding
        Cortex near the outline by what it was.
    cortex_gaps : int
        Breaks of 1 to 4 mm.
    line_width : Finding
        Of the longest band.
    lytic, blastic : Finding
        Shares of the body's inside.
    largest_ml : float
        Of the largest destroyed or sclerotic piece.
    cleft_ml : Finding
        Gas inside the body.
    cleft_from_disc : bool
        Whether gas inside hangs together with gas outside.
    wall : str or None
        Label of the posterior wall.
    pedicle_share, ring_missing : mapping of str to Finding
        By side; the share of each pedicle in a lesion, and of its ring that is missing.
    tissue_mm, tissue_coverage : Finding
        Soft tissue beyond the neighbours'.
    """

    cortex_missing: Mapping[str, Finding]
    cortex_amount: Finding
    cortex_gaps: int
    line_width: Finding
    lytic: Finding
    blastic: Finding
    largest_ml: float
    cleft_ml: Finding
    cleft_from_disc: bool
    wall: str | None
    pedicle_share: Mapping[str, Finding]
    ring_missing: Mapping[str, Finding]
    tissue_mm: Finding
    tissue_coverage: Finding


def ct_signs(features: CtFeatures) -> dict[str, FractureSign]:
    """The signs CT1 to CT6 of both columns, by name; CT7 is a count over other levels and stands beside them."""
    destroyed = any_of(*(at_least(share, DESTROYED_FROM) for share in features.cortex_missing.values()))
    pedicle = _pedicle(features)
    haematoma, mass = _soft_tissue(features.tissue_mm, features.tissue_coverage)
    rows = {
        "jigsaw": ("CT1", Favours.OSTEOPOROTIC, _jigsaw(features)),
        "cortex_destroyed": ("CT1", Favours.METASTATIC, destroyed),
        "fracture_line": ("CT2", Favours.OSTEOPOROTIC, more_than(features.line_width, LINE_ABOVE)),
        "cancellous_bone_destroyed": ("CT2", Favours.METASTATIC, _cancellous(features)),
        "vacuum_cleft": ("CT3", Favours.OSTEOPOROTIC, _cleft(features)),
        "pedicles_spared": ("CT5", Favours.OSTEOPOROTIC, opposite(pedicle)),
        "pedicle_destroyed": ("CT5", Favours.METASTATIC, pedicle),
        "lamellar_haematoma": ("CT6", Favours.OSTEOPOROTIC, haematoma),
        "paravertebral_mass": ("CT6", Favours.METASTATIC, mass),
    }
    return {name: FractureSign(*row) for name, row in rows.items()} | wall_signs(features.wall, "CT4")


def wall_signs(label: str | None, item: str) -> dict[str, FractureSign]:
    """The signs of the posterior wall, which its shape in the mask shows, on CT and MR alike.

    Parameters
    ----------
    label : str or None
        Of the posterior wall.
    item : str
        ``CT4`` or ``MR3``.
    """
    return {
        "retropulsion": FractureSign(item, Favours.OSTEOPOROTIC, _wall(label, "retropulsion")),
        "posterior_wall_bulge": FractureSign(item, Favours.METASTATIC, _wall(label, "bulge")),
    }


def _jigsaw(features: CtFeatures) -> Sign:
    """Gaps in a cortex that is all there; where the cortex is not seen, neither are gaps."""
    unseen = [share for share in features.cortex_missing.values() if not isinstance(share, Measured)]
    if len(unseen) == len(features.cortex_missing):
        return unseen[0]
    if not isinstance(features.cortex_amount, Measured):
        return features.cortex_amount
    gaps = Presence.PRESENT if features.cortex_gaps else Presence.ABSENT
    return all_of(gaps, at_least(features.cortex_amount, KEPT_FROM))


def _cancellous(features: CtFeatures) -> Sign:
    if features.largest_ml >= CANCELLOUS_ML and isinstance(features.lytic, Measured):
        return Presence.PRESENT
    return any_of(at_least(features.lytic, CANCELLOUS_SHARE), at_least(features.blastic, CANCELLOUS_SHARE))


def _cleft(features: CtFeatures) -> Sign:
    sign = at_least(features.cleft_ml, CLEFT_ML)
    if sign is Presence.ABSENT and features.cleft_from_disc:
        return NotAssessed(Reason.RESOLUTION, "gas in the body hangs together with gas of the disc")
    return sign


def _wall(label: str | None, asked: str) -> Sign:
    if label is None:
        return NotAssessed(Reason.OUT_OF_FIELD, "the posterior wall was not measured")
    if label == "indeterminate":
        return Presence.AT_THRESHOLD
    return Presence.PRESENT if label == asked else Presence.ABSENT


def _pedicle(features: CtFeatures) -> Sign:
    shares = [at_least(share, PEDICLE_FROM) for share in features.pedicle_share.values()]
    rings = [at_least(share, RING_FROM) for share in features.ring_missing.values()]
    return any_of(*shares, *rings)


def _soft_tissue(thickness: Finding, coverage: Finding) -> tuple[Sign, Sign]:
    """Haematoma and mass: added at all, thin or thick, all round or focal."""
    added = at_least(thickness, ADDED_FROM_MM)
    thick = at_least(thickness, THICK_FROM_MM)
    focal = less_than(coverage, ALL_ROUND_FROM)
    return all_of(added, opposite(thick), opposite(focal)), all_of(added, any_of(thick, focal))
