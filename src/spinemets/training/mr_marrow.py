"""What makes healthy marrow uneven on MR: islands of fat or of blood-forming marrow, and endplates that changed.

One patient has them at the same places in every sequence: an island of blood-forming marrow is dark on T1 and bright
where fat is suppressed, and so is a tumour; only its signal, its edge and its place tell them apart.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from spinemets.simulate.tissues import Tissue
from spinemets.training.ct_contrast import is_bone
from spinemets.training.filters import blur, chance, smooth_noise, uniform
from spinemets.training.mr_matter import BLASTIC, FATTY, OEDEMA, STIR, T1_GADOLINIUM, T2, drawn_signals

ISLAND_SHARE, ISLANDS = 0.6, (0.03, 0.3)
"""How often marrow is patchy, and the standard deviation of its signal (ours)."""
OF_FAT = {T2: 0.5, STIR: -1.0, T1_GADOLINIUM: -1.0}
"""How far and which way fatty islands change the signal of marrow, where on T1 they make it brighter by 1: fat is
bright on a T2 of fast spin echoes as well, and dark where it is suppressed (ours)."""
ENDPLATE_SHARE = 0.4
"""How often endplates changed with their disc (ours)."""


@dataclass(frozen=True, eq=False)
class Marrow:
    """Uneven marrow of one patch, the same in all of its sequences.

    Attributes
    ----------
    islands : (1, 1, D, H, W) Tensor
        How much brighter fat makes it, as a share; 0 outside bone.
    endplates : (1, 1, D, H, W) Tensor
        Share of each voxel that changed beside a disc.
    kind : int
        What it changed to: oedema, fat or sclerosis (Modic's types).
    """

    islands: Tensor
    endplates: Tensor
    kind: int

    def over(self, image: Tensor, sequence: str | None, unit: float, marrow: float) -> Tensor:
        """(1, 1, D, H, W) signal with uneven marrow; parameters as the fields of `mr_contrast.Contrast`."""
        way = OF_FAT.get(sequence, 1.0) if sequence is not None else uniform(-1.0, 1.0)
        signal = drawn_signals(sequence, unit, marrow)[self.kind].to(image.device)
        image = image * (1 + way * self.islands)
        return image + self.endplates * (signal - image)


def drawn_marrow(structure: Tensor) -> Marrow:
    """The marrow of a patch by lot; `structure` are its (1, 1, D, H, W) codes."""
    bone, device = is_bone(structure), structure.device
    islands = endplates = torch.zeros(structure.shape, device=device)
    if chance(ISLAND_SHARE):
        islands = uniform(*ISLANDS) * smooth_noise(structure.shape, int(uniform(6, 24)), device) * bone
    if chance(ENDPLATE_SHARE):
        beside = blur((structure == Tissue.DISC).float(), uniform(1.5, 3.0))
        here = (smooth_noise(structure.shape, 6, device) > uniform(0.0, 1.5)) & bone
        endplates = (4 * beside).clamp(0, 1) * here * uniform(0.3, 1.0)
    return Marrow(islands, endplates, (OEDEMA, FATTY, BLASTIC)[int(uniform(0, 3))])
