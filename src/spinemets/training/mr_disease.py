"""Disease laid over an MR of any contrast, on the device that trains.

Diseases are drawn as matter of a CT number. What an MR shows of it follows from what it is: labelled matter is tumour,
lytic or blastic; of all else the CT number tells gas from dense bone and from what is soft, which in bone may be fat,
fluid, blood, oedema or a crack, each vertebra with one of them. None of that is a lesion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from spinemets.anatomy import LesionLabel
from spinemets.simulate.tissues import Tissue
from spinemets.training.deposits import Deposits
from spinemets.training.filters import blur, chance, dilated, smooth_noise, uniform
from spinemets.training.mr_contrast import Contrast
from spinemets.training.mr_infiltration import is_body
from spinemets.training.mr_matter import (
    BLASTIC,
    BLOOD,
    COMPACT,
    CRACK,
    FATTY,
    FLUID,
    GAS,
    OEDEMA,
    SPREAD,
    TUMOUR,
    Matter,
    drawn_signals,
)

GAS_HU, DENSE_HU, LOW_HU = -300.0, 200.0, 45.0
"""Matter below the first is gas and above the second dense; softest matter of a vertebra below the third may be fat or
fluid (haemangiomas, clefts: at most 45 HU in `spinemets.simulate`), and is no blood."""
OF_LOW: Mapping[Matter, float] = {FATTY: 0.55, FLUID: 0.15, OEDEMA: 0.15, CRACK: 0.15}
OF_SOFT: Mapping[Matter, float] = {OEDEMA: 0.4, BLOOD: 0.3, CRACK: 0.3}
OF_SCLEROSIS: Mapping[Matter, float] = {BLASTIC: 0.5, OEDEMA: 0.25, FATTY: 0.25}
"""What soft matter of a vertebra without a lesion is, and what reactive sclerosis looks like: endplates change to
oedema, fat or sclerosis (Modic's types; shares ours)."""
OUTSIDE: Mapping[Matter, float] = {TUMOUR: 0.4, BLOOD: 0.4, OEDEMA: 0.2}
"""What soft matter outside the bone is, where the patch shows no lesion (ours); it is tumour where it shows one."""
SCLEROTIC_HU = 350.0
"""Reactive bone that adds so much to the CT number has all of its signal (ours)."""
FRINGE_MM = 4.5
"""Matter within this of a labelled lesion belongs to it: its edge is wider than its label (ours)."""
LEAST_SHARE = 0.04
"""Of matter, whose CT number is told from what it adds (ours)."""
FILLED = (1.0, 1.8)
"""Tumour fills the marrow between trabeculae that it leaves: the share s of bone that is gone on CT is
1 - (1 - s)**f on MR (ours)."""
UNEVEN = (0.0, 0.15)
"""Standard deviation of the signal within a tumour, as a share of it (ours)."""
OEDEMA_SHARE, OEDEMA_MM, OEDEMA_FROM = 0.6, (4.0, 30.0), (0.1, 0.5)
"""Of vertebrae with a finding and no lesion, such as an osteoporotic fracture: how often oedema surrounds it, how far,
and where the edge of that lies (ours). At its widest it fills the body, as in two of five benign fractures
(`simulate.sign_frequencies`)."""
IN_BODY_SHARE = 0.8
"""How much of it keeps to the body (ours: pedicles are spared in most benign fractures)."""
FINDING_SHARE, FINDING_HU = 0.3, 60.0
"""A voxel counts as a finding where so much is replaced or added (ours)."""


@dataclass(frozen=True, eq=False)
class DrawnDisease:
    """The disease of one patch as every sequence shows it: what lies where, before it has a signal.

    Attributes
    ----------
    vertebra : (1, 1, D, H, W) Tensor
        VerSe ids.
    matter, sclerotic : (1, 1, D, H, W) Tensor
        What replaces tissue, and what reactive sclerosis looks like.
    share, reactive, oedema : (1, 1, D, H, W) Tensor
        Part of each voxel that is replaced, sclerotic, or oedema round a finding; 0 to 1.
    """

    vertebra: Tensor
    matter: Tensor
    sclerotic: Tensor
    share: Tensor
    reactive: Tensor
    oedema: Tensor

    def over(self, image: Tensor, contrast: Contrast) -> Tensor:
        """(1, 1, D, H, W) signal of a healthy patch of one contrast with the disease."""
        signals = drawn_signals(contrast.sequence, contrast.unit, contrast.marrow).to(image.device)
        image = image + self.oedema * (signals[OEDEMA] - image)
        image = image + self.reactive * (signals[self.sclerotic] - image)
        level = (SPREAD * torch.randn(256, device=image.device)).exp()[self.vertebra.long()]
        wave = 1 + uniform(*UNEVEN) * smooth_noise(image.shape, int(uniform(8, 20)), image.device)
        ill = (self.matter == TUMOUR) | (self.matter == BLASTIC)
        signal = signals[self.matter] * torch.where(ill, level * wave.clamp(0.4, 1.6), 1.0)
        return image + self.share * (signal.clamp(0, 1.3) - image)


def drawn_disease(labels: tuple[Tensor, Tensor, Tensor], deposits: Deposits, voxel_mm: float) -> DrawnDisease:
    """What the deposits of one patch are, by lot where their CT number leaves it open.

    Parameters
    ----------
    labels : three (1, 1, D, H, W) Tensor
        Structure codes, VerSe ids and `LesionLabel`.
    deposits : Deposits
        The disease as a CT would show it.
    voxel_mm : float
        Edge of a voxel, mm.
    """
    structure, vertebra, lesion = labels
    share = 1 - deposits.keep
    share = torch.where(share > LEAST_SHARE, share, 0.0)
    added = torch.where(share > 0, 0.0, deposits.add)
    matter = matter_of(labels, share, deposits.add, voxel_mm)
    sclerotic, oedema = torch.zeros_like(matter), torch.zeros_like(share)
    for number in _levels(vertebra):
        own = vertebra == number
        finding = own & ((share > FINDING_SHARE) | (added > FINDING_HU))
        sclerotic[own] = _one_of(OF_SCLEROSIS)
        if bool(finding.any()) and not bool((lesion > 0)[own].any()) and chance(OEDEMA_SHARE):
            place = own & is_body(structure) if chance(IN_BODY_SHARE) else own
            oedema = oedema + _oedema(finding, place, voxel_mm)
    share = torch.where(matter == TUMOUR, 1 - (1 - share) ** uniform(*FILLED), share)
    return DrawnDisease(vertebra, matter, sclerotic, share, (added / SCLEROTIC_HU).clamp(0, 1), oedema)


def matter_of(labels: tuple[Tensor, Tensor, Tensor], share: Tensor, add: Tensor, voxel_mm: float) -> Tensor:
    """(1, 1, D, H, W) what the deposits of one patch are made of, by lot where their CT number leaves it open.

    Parameters
    ----------
    labels : three (1, 1, D, H, W) Tensor
        Structure codes, VerSe ids and `LesionLabel`.
    share, add : (1, 1, D, H, W) Tensor
        Part of each voxel that is replaced, and the CT number that it adds, HU.
    voxel_mm : float
        Edge of a voxel, mm.
    """
    structure, vertebra, lesion = labels
    hu = add / share.clamp_min(LEAST_SHARE)
    near = dilated(lesion > 0, round(FRINGE_MM / voxel_mm))
    dense, soft = hu > DENSE_HU, (hu <= DENSE_HU) & (share > 0)
    matter = torch.full(lesion.shape, COMPACT, device=lesion.device)
    matter[soft] = TUMOUR if bool((lesion > 0).any()) else _one_of(OUTSIDE)
    matter[soft & (structure == Tissue.DISC)] = FLUID
    for number in _levels(vertebra):
        own = soft & (vertebra == number)
        if bool(own.any()):
            matter[own] = _one_of(OF_LOW if float(hu[own].quantile(0.2)) < LOW_HU else OF_SOFT)
    matter[near & soft & (vertebra > 0)] = TUMOUR
    matter[near & dense] = BLASTIC
    matter[lesion == LesionLabel.LYTIC] = TUMOUR
    matter[lesion == LesionLabel.BLASTIC] = BLASTIC
    matter[hu < GAS_HU] = GAS
    return matter


def _levels(vertebra: Tensor) -> list[int]:
    return [int(number) for number in torch.unique(vertebra).tolist() if number]


def _one_of(shares: Mapping[Matter, float]) -> Matter:
    weights = torch.tensor(list(shares.values()))
    return list(shares)[int(torch.multinomial(weights, 1))]


def _oedema(finding: Tensor, own: Tensor, voxel_mm: float) -> Tensor:
    """Share of each voxel of a bone that oedema round a finding takes; marrow further away is left."""
    near = blur(finding.float(), uniform(*OEDEMA_MM) / 2 / voxel_mm)
    near = near / near.max().clamp_min(1e-3) + uniform(0.0, 0.15) * smooth_noise(near.shape, 8, near.device)
    return ((near - uniform(*OEDEMA_FROM)) / 0.25 + 0.5).clamp(0, 1) * own * uniform(0.6, 1.0)
