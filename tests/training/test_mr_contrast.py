"""Images of any contrast from label patches."""

import pytest

torch = pytest.importorskip("torch", reason="training needs the extra [train]")

from spinemets.anatomy import Subregion  # noqa: E402
from spinemets.simulate.tissues import OUTSIDE_FIELD, Tissue  # noqa: E402
from spinemets.training.mr_contrast import acquire_mr, render_random_contrast  # noqa: E402
from spinemets.training.randomise import SpineRandomiser  # noqa: E402


@pytest.fixture(name="labels")
def _labels():
    structure = torch.full((1, 1, 24, 24, 24), int(Tissue.MUSCLE), dtype=torch.uint8)
    structure[..., :6] = int(Tissue.LUNG)
    structure[:, :, 8:18, 8:18, 10:20] = int(Subregion.BODY)
    structure[..., 22:] = OUTSIDE_FIELD
    vertebra = torch.where(structure == int(Subregion.BODY), 20, 0).to(torch.uint8)
    return structure, vertebra


@pytest.mark.parametrize("seed", range(4))
def test_gas_gives_hardly_any_signal_whatever_the_sequence(labels, seed):
    torch.manual_seed(seed)
    image = render_random_contrast(*labels, voxel_mm=1.5)
    assert image.shape == labels[0].shape
    assert float(image[labels[0] == int(Tissue.LUNG)].median()) < 0.3


def test_two_sequences_give_the_same_tissue_different_signals(labels):
    muscle = []
    for seed in range(6):
        torch.manual_seed(seed)
        muscle.append(float(render_random_contrast(*labels, voxel_mm=1.5)[labels[0] == int(Tissue.MUSCLE)].mean()))
    assert max(muscle) - min(muscle) > 0.2


def test_what_lies_outside_the_field_has_the_lowest_value(labels):
    outside = labels[0] == OUTSIDE_FIELD
    image = acquire_mr(render_random_contrast(*labels, voxel_mm=1.5), outside)
    assert bool((image[outside] == -1.0).all())
    assert float(image.min()) >= -1.0
    assert float(image.max()) <= 1.4 + 1e-5


def test_the_randomiser_takes_a_share_of_patches_of_any_contrast(labels):
    structure, vertebra = (array[:, 0] for array in labels)
    centres = torch.full((1, 29, 3), float("nan"))
    batch = SpineRandomiser(patch_size=16, any_contrast=1.0)(structure, vertebra, centres)
    assert batch.image.shape == (1, 1, 16, 16, 16)
    assert bool(torch.isfinite(batch.image).all())
