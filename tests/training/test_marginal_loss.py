import pytest
import torch

from spinemets.anatomy import Level, Subregion
from spinemets.simulate.tissues import NOT_VERTEBRA, OUTSIDE_FIELD
from spinemets.training.marginal_loss import marginal_loss
from spinemets.training.randomise import NO_VERTEBRA_CLASS, SpineRandomiser

VERTEBRA = (1, 2)


def logits_of(classes, count=5, logit=30.0):
    return torch.nn.functional.one_hot(classes, count).permute(0, 4, 1, 2, 3).float() * logit


def test_any_class_that_is_no_vertebra_is_right_where_nobody_labelled():
    target = torch.full((1, 4, 4, 4), NO_VERTEBRA_CLASS)
    target[:, :2] = 1
    for other in (0, 3, 4):
        answer = torch.where(target == NO_VERTEBRA_CLASS, other, target)
        assert marginal_loss(logits_of(answer), target, VERTEBRA).item() == pytest.approx(0.0, abs=1e-4)


def test_a_vertebra_where_there_is_none_costs():
    target = torch.full((1, 4, 4, 4), NO_VERTEBRA_CLASS)
    answer = torch.zeros_like(target)
    right = marginal_loss(logits_of(answer), target, VERTEBRA).item()
    answer[:, :2] = 1
    assert marginal_loss(logits_of(answer), target, VERTEBRA).item() > right + 10  # half the voxels wrong by 30 logits


def test_the_wrong_part_of_a_vertebra_costs_by_cross_entropy_alone():
    target = torch.ones(1, 4, 4, 4, dtype=torch.int64)
    assert marginal_loss(logits_of(target * 2), target, VERTEBRA).item() == pytest.approx(30.0, abs=1e-3)


def real_crop(size=20):
    structure = torch.full((1, size, size, size), NOT_VERTEBRA, dtype=torch.uint8)
    vertebra = torch.zeros_like(structure)
    structure[:, 8:12, 8:12, 8:12], vertebra[:, 8:12, 8:12, 8:12] = int(Subregion.BODY), Level.L3.verse_id
    structure[..., :6] = OUTSIDE_FIELD
    centres = torch.full((1, 29, 3), torch.nan)
    centres[0, Level.L3.verse_id] = 9.5
    return structure, vertebra, centres


def test_a_patch_of_a_real_image_shows_that_image_and_has_air_beyond_its_field():
    structure, vertebra, centres = real_crop()
    image = torch.arange(20.0).expand(1, 20, 20, 20).clone()  # HU is the index along K
    plain = SpineRandomiser(16, 1.5, augment=False)
    batch = plain(structure, vertebra, centres, image)
    shown = batch.image[0, 0] * plain.window.scale_hu + plain.window.centre_hu
    assert shown[..., 4:].numpy() == pytest.approx(torch.arange(6.0, 18.0).expand(16, 16, 12).numpy(), abs=1e-3)
    assert (shown[..., :4] == -1000).all()
    assert (batch.target[0, 6:10, 6:10, 6:10] == 1).all()
    assert (batch.target[0, :5, :, 4:] == NO_VERTEBRA_CLASS).all()
    assert (batch.target[..., :4] == 0).all()


def test_crops_without_a_real_image_are_rendered_beside_those_with_one():
    structure, vertebra, centres = (torch.cat([part, part]) for part in real_crop())
    structure[1][structure[1] == NOT_VERTEBRA] = 18  # muscle
    image = torch.full((2, 20, 20, 20), 77.0)
    image[1] = torch.nan
    batch = SpineRandomiser(16, 1.5)(structure, vertebra, centres, image)
    assert batch.image.shape == (2, 1, 16, 16, 16)
    assert torch.isfinite(batch.image).all()
    assert (batch.target[0] == NO_VERTEBRA_CLASS).any()
    assert not (batch.target[1] == NO_VERTEBRA_CLASS).any()
