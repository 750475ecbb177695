from types import SimpleNamespace

import nibabel
import numpy as np
import pytest
import torch
from oblique import centred_affine, painted

from spinemets.errors import GeometryMismatchError
from spinemets.inference.preprocess import CtWindow
from spinemets.inference.spine_classes import OFFSET_CHANNELS, SPINE_CLASSES
from spinemets.training.real_validation import RealValidation

SHAPE = (30, 28, 26)


class Threshold(torch.nn.Module):
    """Calls bright voxels body; half of them where it only looks at one half."""

    device = torch.device("cpu")

    def forward(self, image):
        output = torch.zeros(len(image), len(SPINE_CLASSES) + OFFSET_CHANNELS, *image.shape[2:])
        output[:, 1] = 10 * (image[:, 0] > CtWindow()(torch.tensor(200.0)))
        output[:, 0] = 5
        return output


@pytest.fixture
def pair(tmp_path):
    """A CT of a bright block, 3 ml of sacrum beside it in the mask."""
    affine = centred_affine(SHAPE, spacing_mm=(1.6, 1.5, 2.0), axes=(1, 0, 2), signs=(-1, 1, 1))
    block = painted(SHAPE, affine, lambda x, y, z: (np.abs(x) < 12) & (np.abs(y) < 10) & (np.abs(z) < 12), np.int16)
    sacrum = painted(SHAPE, affine, lambda x, y, z: 26 * ((np.abs(x) < 12) & (y > 12)), np.uint8)
    image, mask = tmp_path / "block.nii.gz", tmp_path / "block_vert.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.where(block.array > 0, 700, -900).astype(np.int16), affine), image)
    nibabel.save(nibabel.Nifti1Image((block.array * 22 + sacrum.array).astype(np.uint8), affine), mask)
    return str(image), str(mask)


def trainer(rank_zero=True):
    logged = []
    logger = SimpleNamespace(log_metrics=lambda values, step: logged.append((values, step)))
    return SimpleNamespace(is_global_zero=rank_zero, loggers=[logger], global_step=7), logged


def test_the_dice_of_real_vertebrae_is_logged_without_the_sacrum(pair):
    at, logged = trainer()
    RealValidation([pair], voxel_mm=1.5, patch_size=16).on_validation_epoch_end(at, Threshold())
    ((values, step),) = logged
    assert step == 7
    assert values["real/block_dice"] > 0.9


def test_only_one_process_looks_at_them(pair):
    at, logged = trainer(rank_zero=False)
    RealValidation([pair]).on_validation_epoch_end(at, Threshold())
    assert logged == []


def test_a_mask_on_another_grid_is_refused_by_its_name(pair, tmp_path):
    other = tmp_path / "other_vert.nii.gz"
    nibabel.save(nibabel.Nifti1Image(np.zeros((4, 5, 6), np.uint8), np.eye(4)), other)
    with pytest.raises(GeometryMismatchError, match=r"other_vert\.nii\.gz has shape \(4, 5, 6\)"):
        RealValidation([(pair[0], str(other))]).on_validation_epoch_end(trainer()[0], Threshold())
