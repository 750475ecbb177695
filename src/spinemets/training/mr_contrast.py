"""An MR image of any contrast from label patches: SynthSeg's idea (Billot 2023, PMC10154424).

Half of the patches look more or less as a sequence does that is used for the spine, in the others every structure
has a random signal, bones and fats in groups as their tissue has it, so that a network trained on them knows shapes
and not sequences. What label maps do not have and every MR shows is drawn too: the nucleus of a disc, veins of a
body, uneven marrow, endplates that changed with their disc, nerve roots in the sac.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from spinemets.anatomy import Level, Subregion
from spinemets.simulate.tissues import OUTSIDE_FIELD, Tissue
from spinemets.training.ct_contrast import BONES, cortical_shell, is_bone
from spinemets.training.filters import blur, chance, smooth_noise, uniform
from spinemets.training.healthy_marrow import vein
from spinemets.training.mr_marrow import Marrow, drawn_marrow
from spinemets.training.mr_matter import GRADIENT_ECHO, STIR, T1, T1_GADOLINIUM, T2

GAS: tuple[int, ...] = (Tissue.AIR, Tissue.LUNG, Tissue.AIRWAY, Tissue.BOWEL_GAS, Tissue.METAL, Tissue.TABLE)
"""No signal at all, or hardly any."""
FATTY: tuple[int, ...] = (Tissue.FAT, Tissue.EPIDURAL_FAT)
"""One tissue in two places: one signal, more or less."""
MARROW, FAT, FLUID, CORD, DISC, FLESH, BLOOD = "marrow", "fat", "fluid", "cord", "disc", "flesh", "blood"
MEMBERS: Mapping[str, tuple[int, ...]] = {
    FLUID: (Tissue.CSF, Tissue.BLADDER),
    CORD: (Tissue.CORD, Tissue.BRAIN),
    DISC: (Tissue.DISC,),
    FLESH: (Tissue.MUSCLE, Tissue.SOFT_ORGAN, Tissue.BOWEL, Tissue.SKIN, Tissue.COSTAL_CARTILAGE),
    BLOOD: (Tissue.ARTERY, Tissue.VEIN, Tissue.HEART),
}
"""Structures whose signal a sequence sets; marrow and fat are set for any contrast. Other organs have any signal."""

Signals = Mapping[str, tuple[float, float]]

SEQUENCES: Mapping[str, tuple[float, Signals]] = {
    T2: (  # T2, fast spin echo
        0.14,
        {MARROW: (1.8, 2.5), FAT: (3.0, 4.5), FLUID: (7.0, 10.0), CORD: (2.5, 3.0), DISC: (1.2, 5.0), FLESH: (1.0, 1.0),
         BLOOD: (0.0, 2.0)},
    ),
    T1: (  # T1, spin echo
        0.14,
        {MARROW: (1.3, 3.0), FAT: (3.0, 4.0), FLUID: (0.4, 0.5), CORD: (1.1, 1.3), DISC: (0.8, 1.0), FLESH: (1.0, 1.0),
         BLOOD: (0.0, 1.5)},
    ),
    STIR: (  # STIR; T2 with fat suppression is much the same
        0.12,
        {MARROW: (0.5, 0.9), FAT: (0.2, 0.5), FLUID: (7.0, 9.0), CORD: (2.3, 2.7), DISC: (1.0, 4.0), FLESH: (1.0, 1.0),
         BLOOD: (0.0, 6.0)},
    ),
    T1_GADOLINIUM: (  # T1 with fat suppression, after gadolinium
        0.04,
        {MARROW: (0.6, 0.8), FAT: (0.3, 0.5), FLUID: (0.4, 0.6), CORD: (1.1, 1.3), DISC: (0.9, 1.1), FLESH: (1.1, 1.1),
         BLOOD: (1.5, 4.0)},
    ),
    GRADIENT_ECHO: (  # gradient echo: fluid and discs bright, marrow in between
        0.1,
        {MARROW: (0.9, 1.8), FAT: (1.0, 2.5), FLUID: (2.0, 3.5), CORD: (1.3, 2.0), DISC: (1.8, 3.0), FLESH: (1.0, 1.0),
         BLOOD: (1.0, 3.5)},
    ),
}  # fmt: skip
"""How often a patch looks like a sequence (ours), and signal of its tissues, muscle being 1: `clinical.md` §3.5;
those of blood and the gradient echo are ours. What is left of the patches has any contrast."""
SPREAD = 0.25
"""Standard deviation of the logarithm of every signal on top of that: scanners, field strengths, patients (ours)."""
SACRAL_DISCS, SACRAL_SEGMENT_MM, SACRAL_DISC_MM = 0.8, (18.0, 32.0), (1.0, 4.5)
"""How often the segments of a sacrum are told apart on MR, how long they are, and how thick what is left of a disc
between them (ours): without it the first ones are taken for vertebrae."""
RIM_VOXELS = 4
"""A disc's nucleus begins about so far inside its rim (ours)."""


@dataclass(frozen=True)
class Contrast:
    """What one patch looks like.

    Attributes
    ----------
    table : (256,) Tensor
        Signal of every structure code, 0 to 1.
    sequence : str or None
        The one of `SEQUENCES` that it is like; None for any contrast.
    unit : float
        What the signal 1 of a sequence's table, that of muscle, has become; of no meaning without a sequence.
    marrow, fat : float
        Signals, 0 to 1.
    """

    table: Tensor
    sequence: str | None
    unit: float
    marrow: float
    fat: float


def drawn_contrast(device: torch.device, sequence_share: float | None = None) -> Contrast:
    """A contrast for one patch, by lot; `sequence_share` of them look like a sequence, or as many as its table says."""
    return contrast_like(_drawn_sequence(sequence_share), device)


def contrast_like(sequence: str | None, device: torch.device) -> Contrast:
    """A contrast such as one of `SEQUENCES` has on some scanner, or any without it."""
    table = torch.rand(256)
    marrow, fat, unit = uniform(0.1, 1.0), uniform(0.05, 1.0), 1.0
    if sequence is not None:
        signals = SEQUENCES[sequence][1]
        drawn = {name: uniform(*span) * float(torch.randn(()).mul(SPREAD).exp()) for name, span in signals.items()}
        unit = 1 / max(drawn.values())
        marrow, fat = drawn[MARROW] * unit, drawn[FAT] * unit
        for name, codes in MEMBERS.items():
            for code in codes:
                table[code] = drawn[name] * unit * uniform(0.85, 1.15)
    for code in (*BONES, *range(Subregion.ARCH, Subregion.PEDICLE_RIGHT + 1)):
        table[code] = marrow * uniform(0.85, 1.15)
    for code in FATTY:
        table[code] = fat + uniform(-0.05, 0.05)
    for code in (*GAS, OUTSIDE_FIELD):
        table[code] = uniform(0.0, 0.06)
    return Contrast(table.clamp(0, 1).to(device), sequence, unit, marrow, fat)


def _drawn_sequence(sequence_share: float | None) -> str | None:
    stated = sum(share for share, _ in SEQUENCES.values())
    draw, scale = uniform(0, 1), 1.0 if sequence_share is None else sequence_share / stated
    for name, (share, _) in SEQUENCES.items():
        if draw < share * scale:
            return name
        draw -= share * scale
    return None


def render_random_contrast(
    structure: Tensor,
    vertebra: Tensor,
    voxel_mm: float,
    contrast: Contrast | None = None,
    invent_disease: bool = True,
    marrow: Marrow | None = None,
) -> Tensor:
    """(1, 1, D, H, W) signal, about 0 to 1, of one patch in a sequence that nobody has met.

    Parameters
    ----------
    structure, vertebra : (1, 1, D, H, W) Tensor of uint8
        Structure codes and VerSe ids.
    voxel_mm : float
        Edge of a voxel, mm.
    contrast : Contrast, optional
        Of the patch; drawn by lot without it.
    invent_disease : bool
        False where known disease is laid over the image and bone must hold no other focus.
    marrow : Marrow, optional
        What makes the marrow of the patch uneven; drawn by lot without it.
    """
    device = structure.device
    contrast = contrast or drawn_contrast(device)
    image = contrast.table[structure.long()]
    bone = is_bone(structure)
    image = _with_nuclei(image, structure)
    image = (marrow or drawn_marrow(structure)).over(image, contrast.sequence, contrast.unit, contrast.marrow)
    if invent_disease and chance(0.35):
        image = _with_focus(image, bone)
    image = _with_veins(image, structure, vertebra, voxel_mm)
    image = _with_sacral_discs(image, structure, voxel_mm)
    image = _with_roots(image, structure)
    shift = (torch.randn(256, device=device) * uniform(0, 0.06))[vertebra.long()]
    texture = blur(torch.randn_like(image), uniform(0.5, 1.5)) * uniform(0.0, 0.15)
    texture = texture + smooth_noise(image.shape, 7, device) * uniform(0.0, 0.05)
    gas = structure == OUTSIDE_FIELD
    for tissue in GAS:
        gas = gas | (structure == tissue)
    image = image + shift * bone + texture * torch.where(gas, 0.3, 1.0)
    shell, _ = cortical_shell(structure, vertebra)
    if chance(0.9):
        image = image * (1 - shell * uniform(0.3, 1.0) * min(1.0, 1.5 / voxel_mm))
    return image.clamp(0, 1.5)


def _with_nuclei(image: Tensor, structure: Tensor) -> Tensor:
    """Discs whose inside is brighter or darker than their rim, each as its age has it."""
    disc = structure == Tissue.DISC
    if not bool(disc.any()) or chance(0.2):
        return image
    edge = 2 * RIM_VOXELS + 1
    inside = functional.avg_pool3d(disc.float(), (edge, 1, 1), 1, (RIM_VOXELS, 0, 0))
    inside = functional.avg_pool3d(inside, (1, edge, 1), 1, (0, RIM_VOXELS, 0))
    nucleus = ((inside - 0.6) / 0.3).clamp(0, 1) * disc
    signal = uniform(0.0, 1.2) + smooth_noise(image.shape, 4, image.device) * uniform(0.0, 0.35)
    return image + nucleus * uniform(0.4, 1.0) * (signal.clamp(0, 1.3) - image)


def _with_focus(image: Tensor, bone: Tensor) -> Tensor:
    """Foci in bone that are ill or harmless: they leave the outline as it is."""
    wave = smooth_noise(image.shape, int(uniform(5, 16)), image.device)
    focus = ((wave - uniform(0.9, 2.0)) * 6).clamp(0, 1) * bone
    return image + focus * (uniform(0.0, 1.0) - image) * uniform(0.5, 1.0)


def _with_veins(image: Tensor, structure: Tensor, vertebra: Tensor, voxel_mm: float) -> Tensor:
    """Basivertebral veins, of one signal in all bodies."""
    if not chance(0.6):
        return image
    signal = uniform(0.0, 1.0)
    for number in torch.unique(vertebra).tolist():
        if number not in (0, Level.SACRUM.verse_id):
            image = image + vein(structure, vertebra == number, voxel_mm) * (signal - image)
    return image


def _with_sacral_discs(image: Tensor, structure: Tensor, voxel_mm: float) -> Tensor:
    """A sacrum with what is left of its discs: bands across its length, each of another signal."""
    sacrum = (structure == Tissue.SACRUM)[0, 0]
    place = sacrum.nonzero().float()
    if len(place) < 100 or not chance(SACRAL_DISCS):
        return image
    flat = (place - place.mean(0))[:, 1:]
    length = torch.linalg.eigh(flat.T @ flat).eigenvectors[:, -1]
    tilt = uniform(-0.3, 0.3)
    length = torch.stack([length[0] - tilt * length[1], length[1] + tilt * length[0]])
    along = (flat @ length) * voxel_mm + uniform(0, 50)
    along = along + smooth_noise(image.shape, 4, image.device)[0, 0][sacrum] * uniform(0.0, 3.0)
    segment, thick = uniform(*SACRAL_SEGMENT_MM), uniform(*SACRAL_DISC_MM)
    from_disc = (along / segment - (along / segment).round()).abs() * segment
    band = ((thick / 2 - from_disc) / voxel_mm + 0.5).clamp(0, 1) * uniform(0.4, 1.0)
    signal = uniform(0.0, 1.0) + (along / segment).round() * uniform(-0.15, 0.15)
    result = image.clone()
    result[0, 0][sacrum] = image[0, 0][sacrum] * (1 - band) + signal.clamp(0, 1) * band
    return result


def _with_roots(image: Tensor, structure: Tensor) -> Tensor:
    """Roots that run along the sac, streaks of the signal of cord in that of fluid."""
    fluid = structure == Tissue.CSF
    if not bool(fluid.any()) or chance(0.4):
        return image
    streaks = torch.randn(1, 1, *image.shape[2:4], 6, device=image.device)
    streaks = functional.interpolate(streaks, size=tuple(image.shape[2:]), mode="trilinear")
    root = (blur(streaks, (0.7, 0.7, 0.0)) > uniform(0.1, 0.5)) & fluid
    nerve = (
        image[structure == Tissue.CORD].median() if bool((structure == Tissue.CORD).any()) else image.new_tensor(0.4)
    )
    return torch.where(root, image + (nerve - image) * uniform(0.2, 0.9), image)
