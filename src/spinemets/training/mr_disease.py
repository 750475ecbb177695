"""Disease laid over an MR of any contrast, on the device that trains.

Diseases are drawn as matter of a CT number. What an MR shows of it follows from what it is: labelled matter is tumour,
lytic or blastic; of all else the CT number tells gas from dense bone and from what is soft, which in bone may be fat,
fluid, blood, oedema or a crack, each vertebra with one of them. None of that is a lesion.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from spinemets.anatomy import LesionLabel
from spinemets.simulate.tissues import Tissue
from spinemets.training.deposits import Deposits
from spinemets.training.filters import blur, chance, dilated, smooth_noise, uniform
from spinemets.training.mr_contrast import GRADIENT_ECHO, STIR, T1, T1_GADOLINIUM, T2, Contrast

TUMOUR, BLASTIC, COMPACT, FATTY, OEDEMA, FLUID, BLOOD, CRACK, GAS = range(9)
Matter = int
SIGNALS: Mapping[str, Mapping[Matter, tuple[float, float]]] = {
    T2: {TUMOUR: (2.5, 3.5), BLASTIC: (0.5, 1.0), COMPACT: (0.1, 0.4), FATTY: (3.0, 5.0), OEDEMA: (2.5, 3.0),
         FLUID: (6.0, 8.0), BLOOD: (1.0, 4.0), CRACK: (0.45, 0.55), GAS: (0.0, 0.1)},
    T1: {TUMOUR: (0.8, 0.95), BLASTIC: (0.4, 0.7), COMPACT: (0.1, 0.4), FATTY: (2.5, 4.0), OEDEMA: (0.9, 1.3),
         FLUID: (0.6, 0.8), BLOOD: (1.5, 3.0), CRACK: (0.36, 0.44), GAS: (0.0, 0.1)},
    STIR: {TUMOUR: (3.0, 4.0), BLASTIC: (0.6, 1.2), COMPACT: (0.1, 0.4), FATTY: (0.3, 2.5), OEDEMA: (2.7, 3.3),
           FLUID: (7.2, 8.8), BLOOD: (1.8, 2.2), CRACK: (0.63, 0.77), GAS: (0.0, 0.1)},
    T1_GADOLINIUM: {TUMOUR: (2.0, 2.6), BLASTIC: (0.8, 1.6), COMPACT: (0.1, 0.4), FATTY: (0.5, 2.0),
                    OEDEMA: (1.4, 1.8), FLUID: (0.63, 0.77), BLOOD: (1.0, 2.0), CRACK: (0.63, 0.77), GAS: (0.0, 0.1)},
    GRADIENT_ECHO: {TUMOUR: (1.6, 2.8), BLASTIC: (0.3, 0.8), COMPACT: (0.0, 0.3), FATTY: (1.0, 2.5),
                    OEDEMA: (1.5, 2.5), FLUID: (2.0, 3.5), BLOOD: (0.3, 2.0), CRACK: (0.3, 0.6), GAS: (0.0, 0.1)},
}  # fmt: skip
"""Signal of matter by sequence, muscle being 1: `clinical.md` §3.5, a single number there with a tenth more or less.
Compact bone, cement and gas, the fatty stroma of haemangiomas, blood after gadolinium and all of the gradient echo are
ours."""
SPREAD = 0.15
"""Standard deviation of the logarithm of each signal on top of that, of a patch and of tumours of one level (ours)."""
DARK_OF_MARROW: Mapping[Matter, float] = {BLASTIC: 0.7, COMPACT: 0.4, CRACK: 0.8, GAS: 0.1}
"""In a patch of any contrast these have a random signal up to so much of that of marrow (ours: few protons give little
signal in any sequence); all others have any."""
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
"""Matter within this of a labelled lesion belongs to it: its edge is wider than its label."""
LEAST_SHARE = 0.04
"""Of matter, whose CT number is told from what it adds."""
FILLED = (1.0, 1.8)
"""Tumour fills the marrow between trabeculae that it leaves: the share s of bone that is gone on CT is
1 - (1 - s)**f on MR (ours)."""
UNEVEN = (0.0, 0.15)
"""Standard deviation of the signal within a tumour, as a share of it (ours)."""
OEDEMA_SHARE, OEDEMA_MM, OEDEMA_FROM = 0.5, (4.0, 10.0), (0.1, 0.5)
"""Of vertebrae with a finding and no lesion, such as an osteoporotic fracture: how often oedema surrounds it, how far,
and where the edge of that lies (ours)."""
FINDING_SHARE, FINDING_HU = 0.3, 60.0
"""A voxel counts as a finding where so much is replaced or added."""


def drawn_signals(contrast: Contrast) -> Tensor:
    """(9,) signal of every matter in one patch, on the scale of its contrast."""
    table = torch.rand(GAS + 1)
    if contrast.sequence is None:
        for matter, most in DARK_OF_MARROW.items():
            table[matter] *= most * contrast.marrow
    else:
        for matter, span in SIGNALS[contrast.sequence].items():
            table[matter] = uniform(*span) * float(torch.randn(()).mul(SPREAD).exp()) * contrast.unit
    return table.clamp(0, 1.2).to(contrast.table.device)


def with_disease(image: Tensor, labels: tuple[Tensor, Tensor, Tensor], deposits: Deposits, contrast: Contrast,
                 voxel_mm: float) -> Tensor:  # fmt: skip
    """(1, 1, D, H, W) signal of one patch with its disease.

    Parameters
    ----------
    image : (1, 1, D, H, W) Tensor
        Signal of the healthy patch.
    labels : three (1, 1, D, H, W) Tensor
        Structure codes, VerSe ids and `LesionLabel`.
    deposits : Deposits
        The disease as a CT would show it.
    contrast : Contrast
        That of the patch.
    voxel_mm : float
        Edge of a voxel, mm.
    """
    _, vertebra, lesion = labels
    signals, share = drawn_signals(contrast), 1 - deposits.keep
    share = torch.where(share > LEAST_SHARE, share, 0.0)
    added = torch.where(share > 0, 0.0, deposits.add)
    matter = matter_of(labels, share, deposits.add, voxel_mm)
    reactive, sclerotic = (added / SCLEROTIC_HU).clamp(0, 1), torch.zeros_like(matter)
    for number in _levels(vertebra):
        own = vertebra == number
        finding = own & ((share > FINDING_SHARE) | (added > FINDING_HU))
        sclerotic[own] = _one_of(OF_SCLEROSIS)
        if bool(finding.any()) and not bool((lesion > 0)[own].any()) and chance(OEDEMA_SHARE):
            image = image + _oedema(finding, own, voxel_mm) * (signals[OEDEMA] - image)
    image = image + reactive * (signals[sclerotic] - image)
    tumour = matter == TUMOUR
    share = torch.where(tumour, 1 - (1 - share) ** uniform(*FILLED), share)
    level = (SPREAD * torch.randn(256, device=image.device)).exp()[vertebra.long()]
    wave = 1 + uniform(*UNEVEN) * smooth_noise(image.shape, int(uniform(8, 20)), image.device)
    signal = signals[matter] * torch.where(tumour | (matter == BLASTIC), level * wave.clamp(0.4, 1.6), 1.0)
    return image + share * (signal.clamp(0, 1.3) - image)


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
    """Share of each voxel of a vertebra that oedema round a finding takes; marrow further away is left."""
    near = blur(finding.float(), uniform(*OEDEMA_MM) / 2 / voxel_mm)
    near = near / near.max().clamp_min(1e-3) + uniform(0.0, 0.15) * smooth_noise(near.shape, 8, near.device)
    return ((near - uniform(*OEDEMA_FROM)) / 0.25 + 0.5).clamp(0, 1) * own * uniform(0.6, 1.0)
