"""Bone island or osteoblastic metastasis, by the attenuation of an untreated sclerotic lesion.

Ulano A et al. Distinguishing untreated osteoblastic metastases from enostoses using CT attenuation measurements.
AJR 2016;207(2):362-368: mean 885 HU, maximum 1060 HU. Counter-evidence: Azar A et al. AJR 2021;216(4):1022-1030
found no significant difference in 280 biopsied lesions.
"""

from __future__ import annotations

from enum import Enum

SOURCE = (
    "Ulano 2016, AJR 207:362-368, untreated lesions only; Azar 2021, AJR 216:1022-1030, found no significant difference"
)
MEAN_HU = 885.0
MAX_HU = 1060.0


class SclerosisLabel(str, Enum):
    """What the two cut-offs say together."""

    METASTASIS_FAVOURED = "metastasis_favoured"  # both below
    ENOSTOSIS_FAVOURED = "enostosis_favoured"  # both above
    DISCORDANT = "discordant"  # one below, one above
    AT_THRESHOLD = "at_threshold"  # one of them met exactly, which the source does not place
    NOT_APPLICABLE_TREATED = "not_applicable_treated"


def enostosis(mean_hu: float, max_hu: float, *, treated: bool) -> SclerosisLabel:
    """Which of the two a sclerotic lesion is more like.

    Parameters
    ----------
    mean_hu, max_hu : float
        Mean and maximum attenuation of the lesion, HU.
    treated : bool
        Treatment makes metastases denser: the cut-offs no longer hold.

    Raises
    ------
    ValueError
        If the maximum is below the mean.
    """
    if max_hu < mean_hu:
        raise ValueError(f"the maximum {max_hu:g} HU is below the mean {mean_hu:g} HU")
    if treated:
        return SclerosisLabel.NOT_APPLICABLE_TREATED
    if mean_hu == MEAN_HU or max_hu == MAX_HU:
        return SclerosisLabel.AT_THRESHOLD
    dense = (mean_hu > MEAN_HU, max_hu > MAX_HU)
    if all(dense):
        return SclerosisLabel.ENOSTOSIS_FAVOURED
    return SclerosisLabel.DISCORDANT if any(dense) else SclerosisLabel.METASTASIS_FAVOURED
