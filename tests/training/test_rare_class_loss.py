import pytest
import torch

from spinemets.training.rare_class_loss import RareClassLoss, missing_overlap


def patch(lesion_voxels=10, size=10):
    target = torch.zeros(1, size, size, size, dtype=torch.int64)
    target.view(-1)[:lesion_voxels] = 1
    return target


def answer(target, logit=30.0):
    return torch.nn.functional.one_hot(target, 3).movedim(-1, 1).float() * logit


def test_a_perfect_answer_costs_nothing():
    target = patch()
    cost = RareClassLoss(3)(answer(target), target, torch.ones(target.shape))
    assert cost.item() == pytest.approx(0.0, abs=1e-5)


@pytest.mark.parametrize("background_weight", [1.0, 0.05])
def test_without_the_dice_the_best_answer_is_the_true_frequency(background_weight):
    target, weight = patch(100), torch.ones(1, 10, 10, 10)
    frequency = torch.tensor([0.9, 0.1, 1e-9]).log().reshape(1, 3, 1, 1, 1)
    logits = frequency.expand(1, 3, 10, 10, 10).clone().requires_grad_()
    RareClassLoss(3, background_weight, dice_weight=0.0)(logits, target, weight).backward()
    assert logits.grad.sum(dim=(0, 2, 3, 4)).abs().max().item() == pytest.approx(0.0, abs=1e-6)


def test_a_lesion_pulls_harder_the_less_the_background_counts():
    target, weight = patch(1), torch.ones(1, 10, 10, 10)
    pulls = []
    for background_weight in (1.0, 0.05):
        logits = torch.tensor([5.0, 0.0, 0.0]).reshape(1, 3, 1, 1, 1).repeat(1, 1, 10, 10, 10).requires_grad_()
        RareClassLoss(3, background_weight, dice_weight=0.0)(logits, target, weight).backward()
        pulls.append(-logits.grad[0, 1, 0, 0, 0].item())
    assert pulls[1] > 10 * pulls[0]


def test_the_overlap_of_a_small_lesion_counts_as_much_as_that_of_a_large_one():
    missed = []
    for voxels in (20, 200):
        target = patch(voxels)
        wrong = answer(torch.zeros_like(target))
        missed.append(missing_overlap(wrong, target, torch.ones(target.shape)).item())
    assert missed == pytest.approx([1.0, 1.0], abs=0.06)  # the smoothing term alone parts them


def test_half_a_lesion_has_the_dice_of_half_a_lesion():
    target = patch(100)
    half = answer(patch(50))
    dice = (2 * 50 + 1) / (50 + 100 + 1)
    assert missing_overlap(half, target, torch.ones(target.shape)).item() == pytest.approx(1 - dice, abs=1e-5)


def test_the_dice_of_what_is_thought_unlikely_pulls_as_if_it_were_not():
    target, weight = patch(50), torch.ones(1, 10, 10, 10)
    pulls = []
    for background_weight in (1.0, 0.02):
        loss = RareClassLoss(3, background_weight)
        logits = torch.tensor([6.0, 0.0, -6.0]).reshape(1, 3, 1, 1, 1).repeat(1, 1, 10, 10, 10).requires_grad_()
        missing_overlap(loss.adjusted(logits), target, weight).backward()
        pulls.append(-logits.grad[0, 1, 0, 0, 0].item())
    assert pulls[1] > 10 * pulls[0] > 0


def test_a_patch_without_lesion_has_no_dice_and_still_punishes_what_is_invented():
    target, weight = patch(0), torch.ones(1, 10, 10, 10)
    assert missing_overlap(torch.randn(1, 3, 10, 10, 10), target, weight).item() == 0.0
    assert RareClassLoss(3)(answer(patch(50)), target, weight).item() > 0.5


def test_voxels_without_weight_count_nowhere():
    target, weight = patch(100), torch.ones(1, 10, 10, 10)
    wrong = answer(target)
    wrong[:, :, 5:] = -wrong[:, :, 5:]
    weight[:, 5:] = 0.0
    assert RareClassLoss(3)(wrong, target, weight).item() == pytest.approx(0.0, abs=1e-5)
