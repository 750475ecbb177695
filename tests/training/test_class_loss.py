import pytest
import torch

from spinemets.training.class_loss import FEW_VOXELS, DiceAndCrossEntropy

CLASSES = 4


def says(target, logit):
    return torch.nn.functional.one_hot(target, CLASSES).permute(0, 4, 1, 2, 3).float() * logit


def patch(**sizes):
    """A patch of background with the first voxels of other classes."""
    target = torch.zeros(1, 1000, dtype=torch.int64)
    start = 0
    for name, size in sizes.items():
        target[:, start : start + size] = int(name[1:])
        start += size
    return target.reshape(1, 10, 10, 10)


def test_a_perfect_answer_costs_nothing():
    target = patch(c1=300, c2=100)
    assert DiceAndCrossEntropy()(says(target, 40.0), target[:, None]).item() == pytest.approx(0.0, abs=1e-5)


def test_a_patch_of_background_alone_costs_its_cross_entropy():
    target = patch()
    logits = torch.randn(1, CLASSES, 10, 10, 10)
    expected = torch.nn.functional.cross_entropy(logits, target)
    assert DiceAndCrossEntropy()(logits, target[:, None]).item() == pytest.approx(expected.item())


def test_a_small_class_that_is_missed_costs_its_share_by_size():
    target = patch(c1=300, c2=100)
    missed = says(torch.where(target == 2, 0, target), 40.0)
    cross_entropy = torch.nn.functional.cross_entropy(missed, target).item()
    weights = [300 / (300 + FEW_VOXELS), 100 / (100 + FEW_VOXELS)]
    dice = DiceAndCrossEntropy()(missed, target[:, None]).item() - cross_entropy
    # the Dice of what is missed is 1 / 101 by smoothing
    assert dice == pytest.approx(weights[1] * (1 - 1 / 101) / sum(weights), abs=1e-4)


def test_an_absent_class_has_no_dice():
    target = patch(c1=500)
    near = says(target, 40.0)
    near[:, 3, 9] = 39.0  # a doubt on ten tenths of the last plane
    cross_entropy = torch.nn.functional.cross_entropy(near, target).item()
    assert DiceAndCrossEntropy()(near, target[:, None]).item() == pytest.approx(cross_entropy, abs=1e-4)


def test_a_class_of_a_few_voxels_still_pulls_the_answer_towards_it():
    target = patch(c1=500, c2=30)
    logits = says(patch(c1=500), 2.0).requires_grad_()
    DiceAndCrossEntropy()(logits, target[:, None]).backward()
    assert (logits.grad[:, 2][target == 2] < 0).all()


def test_voxels_count_by_their_weight():
    target = patch(c1=400)
    logits = torch.randn(1, CLASSES, 10, 10, 10)
    weight = torch.zeros(target.shape)
    weight[:, :3], weight[:, 3:6] = 1.0, 0.5
    each = -logits.log_softmax(1).gather(1, target[:, None])[:, 0]
    expected = (each[:, :3].sum() + 0.5 * each[:, 3:6].sum()) / (300 + 150)
    loss = DiceAndCrossEntropy(dice_weight=0.0)(logits, target[:, None], weight)
    assert loss.item() == pytest.approx(expected.item(), rel=1e-5)


def test_half_the_weight_is_half_the_dice():
    target = patch(c1=300, c2=100)
    logits = torch.randn(1, CLASSES, 10, 10, 10)
    none, half, whole = (DiceAndCrossEntropy(weight)(logits, target[:, None]).item() for weight in (0.0, 0.5, 1.0))
    assert half == pytest.approx((none + whole) / 2, rel=1e-5)
