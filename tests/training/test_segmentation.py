from functools import partial

import pytest
import torch
from torch import nn

from spinemets.training.randomise import NO_VERTEBRA_CLASS, Batch
from spinemets.training.schedule import warm_cosine
from spinemets.training.segmentation import SpineSegmentation

CLASSES = 11


def tiny_net(out=CLASSES + 3):
    return nn.Sequential(nn.Conv3d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv3d(8, out, 3, padding=1))


def batch(size=8):
    """Two halves: body on the right, background on the left, each a brightness of its own."""
    target = torch.zeros(1, size, size, size, dtype=torch.int64)
    target[:, size // 2 :] = 1
    image = torch.where(target > 0, 1.0, -1.0)[:, None]
    offset = torch.full((1, 3, size, size, size), 0.4)
    return Batch(image, target, offset, (target > 0)[:, None])


def module(net=None, **options):
    adam = partial(torch.optim.Adam, lr=0.02)
    result = SpineSegmentation(net or tiny_net(), None, None, adam, **options)
    result.logged = {}
    result.log_dict = lambda values, **_: result.logged.update(values)
    return result


@pytest.mark.parametrize("dice", [True, False])
def test_training_on_one_patch_lowers_its_loss(dice):
    learner = module(dice=dice)
    optimizer = learner.configure_optimizers()
    losses = []
    for _ in range(40):
        loss = learner.training_step(batch(), 0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]
    assert learner.logged["train/loss"].item() == pytest.approx(
        (learner.logged["train/classes"] + learner.logged["train/offset"]).item()
    )


def answer(given, logit=30.0):
    """What a perfect network says of a batch."""
    one_hot = nn.functional.one_hot(given.target, CLASSES).permute(0, 4, 1, 2, 3).float()
    return torch.cat([one_hot * logit, given.offset], dim=1)


class Says(nn.Module):
    def __init__(self, output):
        super().__init__()
        self.output = nn.Parameter(output)

    def forward(self, image):
        return self.output


def test_a_perfect_answer_costs_nothing():
    given = batch()
    assert module(Says(answer(given)), dice=False).training_step(given, 0).item() == pytest.approx(0.0, abs=1e-5)


def test_offsets_count_only_where_they_are_known_and_by_their_weight():
    given, wrong = batch(), answer(batch())
    wrong[:, CLASSES:, :4] += 5.0  # background, where no offset is known
    assert module(Says(wrong), dice=False).training_step(given, 0).item() == pytest.approx(0.0, abs=1e-5)
    wrong[:, CLASSES:, 4:] += 1.05  # smooth L1 with beta 0.1: 1.05 - 0.05
    learner = module(Says(wrong), dice=False, offset_weight=3.0)
    assert learner.training_step(given, 0).item() == pytest.approx(3.0, abs=1e-4)


def test_a_patch_without_vertebrae_has_no_offset_loss():
    given = batch()
    nothing = Batch(given.image, given.target, given.offset + 9, torch.zeros_like(given.offset_known))
    assert module(Says(answer(given)), dice=False).training_step(nothing, 0).item() == pytest.approx(0.0, abs=1e-5)


def test_a_network_without_offsets_has_classes_alone():
    learner = module(Says(answer(batch())[:, :CLASSES]), dice=False)
    learner.training_step(batch(), 0)
    assert learner.logged["train/offset"].item() == 0.0


def test_validation_logs_the_dice_of_everything_vertebral():
    given = batch()
    right = answer(given)
    right[:, 1], right[:, 2] = right[:, 2].clone(), right[:, 1].clone()  # pedicle instead of body: still vertebra
    learner = module(Says(right), dice=False)
    learner.validation_step(given, 0)
    assert learner.logged["val/vertebra_dice"].item() == 1.0
    right[:, 2, 4:6], right[:, 0, 4:6] = 0.0, 30.0  # half of it missed
    learner = module(Says(right), dice=False)
    learner.validation_step(given, 0)
    assert learner.logged["val/vertebra_dice"].item() == pytest.approx(2 * 2 / (2 + 4))


def test_the_schedule_is_stepped_every_batch():
    made = module(scheduler=partial(warm_cosine, steps=10)).configure_optimizers()
    assert made["lr_scheduler"]["interval"] == "step"
    assert made["lr_scheduler"]["scheduler"].optimizer is made["optimizer"]


def test_training_starts_from_the_weights_it_is_given(tmp_path):
    trained = tiny_net()
    torch.save(trained.state_dict(), tmp_path / "weights.pt")
    started = module(initial_weights=str(tmp_path / "weights.pt"))
    image = torch.randn(1, 1, 6, 6, 6)
    assert torch.equal(started(image), trained(image))


@pytest.mark.parametrize(("training", "made_by"), [(True, "randomiser"), (False, "validator")])
def test_images_are_rendered_after_their_labels_have_reached_the_device(training, made_by):
    class Renders(nn.Module):
        def __init__(self, name):
            super().__init__()
            self.name = name

        def forward(self, structure, vertebra, centres, real, disease):
            return self.name, structure, vertebra, centres, real, disease

    learner = SpineSegmentation(tiny_net(), Renders("randomiser"), Renders("validator"), torch.optim.Adam)
    learner._trainer = type("Trainer", (), {"training": training})()
    crop = {"structure": 1, "vertebra": 2, "centres": 3, "image": 4}
    assert learner.on_after_batch_transfer(crop, 0) == (made_by, 1, 2, 3, 4, None)
    ill = crop | {"keep": 5, "add": 6, "rise": 7}
    assert learner.on_after_batch_transfer(ill, 0) == (made_by, 1, 2, 3, 4, ill)


@pytest.mark.parametrize("weight", [1.0, 0.05])
def test_the_best_answer_is_the_true_frequency_however_little_background_counts(weight):
    target = torch.zeros(1, 10, 10, 10, dtype=torch.int64)
    target[:, 0] = 1  # a tenth of the voxels
    given = Batch(torch.zeros(1, 1, 10, 10, 10), target, torch.zeros(1, 3, 10, 10, 10), (target > 0)[:, None])
    frequency = torch.full((1, CLASSES, 1, 1, 1), 1e-9)
    frequency[:, 0], frequency[:, 1] = 0.9, 0.1
    says = Says(frequency.log().expand(1, CLASSES, 10, 10, 10).clone())
    module(says, dice=False, background_weight=weight).training_step(given, 0).backward()
    pull = says.output.grad.sum(dim=(0, 2, 3, 4))  # one shared answer for every voxel
    assert pull.abs().max().item() == pytest.approx(0.0, abs=1e-6)


def test_a_batch_of_labelled_and_partly_labelled_patches_costs_the_mean_of_both():
    labelled, partly = batch(), batch()
    partly.target[partly.target == 0] = NO_VERTEBRA_CLASS
    both = Batch(*(torch.cat([getattr(labelled, name), getattr(partly, name)]) for name in vars(labelled)))
    output = torch.randn(2, CLASSES + 3, 8, 8, 8)
    learner = module(Says(output))
    learner.training_step(both, 0)
    classes = [
        module(Says(output[n : n + 1]), offset_weight=0.0).training_step(one, 0).item()
        for n, one in enumerate((labelled, partly))
    ]
    assert learner.logged["train/classes"].item() == pytest.approx(sum(classes) / 2, rel=1e-4)
