"""Tumour throughout the marrow of a body that a lesion has broken: MR shows it, and CT does not."""

from __future__ import annotations

import torch
from torch import Tensor

from spinemets.anatomy import LesionLabel, Subregion
from spinemets.training.deposits import Deposits
from spinemets.training.filters import chance, uniform

LEAST_SHARE, INFILTRATED_SHARE = 0.2, 0.35
"""Of bodies of which lesions take at least the first, how many are tumour throughout (ours: of metastatic fractures
three quarters, `simulate.sign_frequencies`, and of lesions without one none in `simulate.mr`)."""
REPLACED, SOFT_HU = (0.85, 1.0), 60.0
"""Share of the marrow that is gone, as on `simulate.mr`, and what stands for it (ours)."""
Labels = tuple[Tensor, Tensor, Tensor]


def infiltrated(labels: Labels, deposits: Deposits) -> tuple[Tensor, Deposits]:
    """Lesions and deposits of one patch in which some ill bodies are tumour throughout.

    Parameters
    ----------
    labels : three (1, 1, D, H, W) Tensor
        Structure codes, VerSe ids and `LesionLabel`.
    deposits : Deposits
        The disease as a CT would show it.

    Returns
    -------
    lesion : (1, 1, D, H, W) Tensor
        Lytic where such a body bore no label.
    deposits : Deposits
        With soft matter below what lies in such a body.
    """
    structure, vertebra, lesion = labels
    body, share = is_body(structure), torch.zeros_like(deposits.keep)
    for number in torch.unique(vertebra[lesion > 0]).tolist():
        own = body & (vertebra == number)
        if bool(own.any()) and float((lesion > 0)[own].float().mean()) >= LEAST_SHARE and chance(INFILTRATED_SHARE):
            share[own] = uniform(*REPLACED)
    added = deposits.add + share * deposits.keep * SOFT_HU
    lesion = torch.where((share > 0) & (lesion == 0), int(LesionLabel.LYTIC), lesion).to(lesion.dtype)
    return lesion, Deposits((1 - share) * deposits.keep, added, deposits.rise)


def is_body(structure: Tensor) -> Tensor:
    """Where a structure code is that of a vertebral body, of the same shape."""
    return (structure == Subregion.BODY) | (structure == Subregion.BODY_BORDER)
