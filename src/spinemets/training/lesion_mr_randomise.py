"""From a batch of ill crops to what the lesion network for MR sees and has to say, on the device that trains."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from spinemets.simulate.visibility import LEAST_CHANGE_OF_SIGNAL
from spinemets.training.acquisition import Cuts
from spinemets.training.deposits import Deposits, varied
from spinemets.training.lesion_randomise import LesionRandomiser, unseen
from spinemets.training.mr_acquisition import MR_CUTS, acquire_mr
from spinemets.training.mr_contrast import drawn_contrast, render_random_contrast
from spinemets.training.mr_disease import with_disease

SEQUENCE_SHARE = 0.85
"""Of patches, look like a sequence that lesions are read on; the others have any contrast, in which nothing tells a
lesion but that it differs (ours: the spine network, which only outlines, learns from 0.58)."""


class MrLesionRandomiser(LesionRandomiser):
    """The same for MR of any contrast and slice thickness; parameters as those of `LesionRandomiser`."""

    cuts: ClassVar[Cuts] = MR_CUTS

    def _image(self, labels: tuple[Tensor, Tensor, Tensor], matter: Deposits, beyond: Tensor) -> tuple[Tensor, Tensor]:
        structure, vertebra, lesion = labels
        contrast = drawn_contrast(structure.device, SEQUENCE_SHARE)
        healthy = render_random_contrast(structure, vertebra, self.voxel_mm, contrast, invent_disease=False)
        laid = varied(matter) if self.augment else matter
        image = with_disease(healthy, labels, laid, contrast, self.voxel_mm)
        hidden = unseen(lesion, vertebra, image - healthy, self.voxel_mm, LEAST_CHANGE_OF_SIGNAL)
        return acquire_mr(image, beyond, structure, self.voxel_mm), hidden
