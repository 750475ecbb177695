"""From a batch of ill crops to what the lesion network for MR sees and has to say, on the device that trains."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from spinemets.inference.marrow_scale import MarrowScale
from spinemets.simulate.visibility import LEAST_CHANGE_OF_SIGNAL
from spinemets.training.acquisition import Cuts
from spinemets.training.deposits import Deposits, varied
from spinemets.training.filters import chance
from spinemets.training.lesion_randomise import LesionRandomiser, unseen
from spinemets.training.mr_acquisition import acquire_mr
from spinemets.training.mr_contrast import contrast_like, render_random_contrast
from spinemets.training.mr_disease import drawn_disease
from spinemets.training.mr_infiltration import infiltrated
from spinemets.training.mr_marrow import drawn_marrow
from spinemets.training.mr_matter import STIR, T1, T2

SEQUENCES = (T1, T2, STIR)
"""Channels of the image, in the order of `spinemets.inference.lesion_classes.MR_LESION_INPUTS`."""
GIVEN_SHARE = 0.7
"""How often each sequence is part of the study; one always is (ours)."""
CUTS: Cuts = ((2, 0.5, 0.5), (3, 0.1, 0.3), (4, 0.2, 0.3))
"""Ends of the field of view in a patch, as `mr_acquisition.MR_CUTS`: fewer, windows lying where vertebrae do (ours)."""
NOISE = (0.02, 0.25)
"""Least and most noise as a share of the signal of marrow, which STIR has little of (ours)."""
SPREAD = 0.15
"""Standard deviation of the logarithm of the signal that is taken for that of marrow: the median over a whole spine is
not that of the marrow beside a lesion (ours)."""
TAKEN_IN_SHARE = 0.15
"""How often that is the median of all bone in the patch, ill bone too, as of a patient who is ill throughout (ours)."""
LEAST_MARROW = 100
"""Fewer voxels of healthy bone in the field of view are too few for a median (ours)."""
MOVED_SHARE = 0.3
"""How often a series lies a voxel off along each axis: patients move between series (ours)."""


class MrLesionRandomiser(LesionRandomiser):
    """The same for T1, T2 and STIR of one patient, together or some of them, each with slices of its own.

    Parameters are those of `LesionRandomiser`. Disease and uneven marrow lie at the same places in all sequences.
    """

    cuts: ClassVar[Cuts] = CUTS
    marrow_scale: ClassVar[MarrowScale] = MarrowScale()

    def _shown(self, labels: tuple[Tensor, Tensor, Tensor], drawn: Deposits) -> tuple[Tensor, Deposits]:
        return infiltrated(labels, drawn)

    def _image(self, labels: tuple[Tensor, Tensor, Tensor], matter: Deposits, beyond: Tensor) -> tuple[Tensor, Tensor]:
        structure, vertebra, lesion = labels
        disease = drawn_disease(labels, varied(matter) if self.augment else matter, self.voxel_mm)
        marrow, given = drawn_marrow(structure), given_sequences()
        size = (1, len(SEQUENCES), *structure.shape[2:])
        image = torch.full(size, self.marrow_scale.least, device=structure.device)
        bone = (vertebra > 0) & ~beyond
        healthy_bone = bone if chance(TAKEN_IN_SHARE) else bone & (disease.share == 0) & (lesion == 0)
        hidden = torch.ones_like(lesion, dtype=torch.bool)
        for channel, sequence in enumerate(SEQUENCES):
            if sequence not in given:
                continue
            contrast = contrast_like(sequence, structure.device)
            healthy = render_random_contrast(structure, vertebra, self.voxel_mm, contrast, False, marrow)
            ill = disease.over(healthy, contrast)
            hidden &= unseen(lesion, vertebra, ill - healthy, self.voxel_mm, LEAST_CHANGE_OF_SIGNAL)
            noise = (NOISE[0] * contrast.marrow, NOISE[1] * contrast.marrow)
            signal = 1 + moved(acquire_mr(ill, beyond, structure, self.voxel_mm, noise))
            of_marrow = marrow_signal(signal, healthy_bone, bone)
            image[:, channel] = self.marrow_scale.of(signal, of_marrow)[:, 0]
        return image, hidden


def given_sequences() -> list[str]:
    """Which of `SEQUENCES` a study has, by lot."""
    given = [sequence for sequence in SEQUENCES if chance(GIVEN_SHARE)]
    return given or [SEQUENCES[int(torch.randint(len(SEQUENCES), ()))]]


def marrow_signal(signal: Tensor, healthy: Tensor, bone: Tensor) -> float:
    """What is taken for the signal of marrow in one patch: about the median over healthy bone, or what there is."""
    for place in (healthy, bone):
        if int(place.sum()) >= LEAST_MARROW:
            return float(signal[place].median()) * float(torch.randn(()).mul(SPREAD).exp())
    return float(signal.median())


def moved(image: Tensor) -> Tensor:
    """(1, 1, D, H, W) image of a patient who moved before it was taken, or did not."""
    shift = [int(torch.randint(-1, 2, ())) if chance(MOVED_SHARE) else 0 for _ in range(3)]
    return image.roll(shift, (2, 3, 4))
