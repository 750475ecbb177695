from functools import partial

import pytest
import torch
from torch import nn

from spinemets.training.lesion_randomise import LesionBatch
from spinemets.training.lesion_segmentation import LesionSegmentation
from spinemets.training.networks import StridedUNet
from spinemets.training.schedule import warm_cosine

SIZE = 16


class Plain(nn.Module):
    """Stands in for a randomiser."""

    voxel_mm = 2.0

    def __init__(self, name="made"):
        super().__init__()
        self.name = name

    def forward(self, crop):
        return self.name, crop


def net():
    return StridedUNet(3, 2, 3, (8, 16), (2,), num_res_units=0, norm=("GROUP", {"num_groups": 4}))


def batch():
    target = torch.zeros(1, SIZE, SIZE, SIZE, dtype=torch.int64)
    target[:, 2:7, 2:7, 2:7], target[:, 9:14, 9:14, 9:14] = 1, 2
    image = torch.stack([torch.tensor([0.0, -1.0, 1.0])[target], (target > 0).float()], 1)
    return LesionBatch(image, target, torch.ones(target.shape))


def module(network=None, **options):
    result = LesionSegmentation(
        network or net(), Plain("train"), Plain("val"), partial(torch.optim.Adam, lr=0.02), **options
    )
    result.logged = {}
    result.log = lambda name, value, **_: result.logged.update({name: value})
    result.log_dict = lambda values, **_: result.logged.update(values)
    result.all_gather = lambda tensor: tensor[None]
    return result


class Says(nn.Module):
    def __init__(self, output):
        super().__init__()
        self.output = nn.Parameter(output)

    def forward(self, image):
        return self.output


def answer(target, logit=20.0):
    return nn.functional.one_hot(target, 3).movedim(-1, 1).float() * logit


def validated(*answers):
    learner = module()
    for said in answers:
        learner.net = Says(said)
        learner.validation_step(batch(), 0)
    learner.on_validation_epoch_end()
    return {name: value.item() for name, value in learner.logged.items()}


def test_training_on_one_patch_lowers_its_loss():
    learner = module()
    optimizer = learner.configure_optimizers()
    losses = []
    for _ in range(30):
        loss = learner.training_step(batch(), 0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.5 * losses[0]


def test_a_perfect_answer_is_logged_as_one():
    logged = validated(answer(batch().target))
    for name in ("lesion_dice", "lytic_dice", "blastic_dice", "sensitivity", "probability"):
        assert logged[f"val/{name}"] == pytest.approx(1.0, abs=1e-4), name
    assert logged["val/false_lesions"] == 0.0
    assert logged["val/loss"] == pytest.approx(0.0, abs=1e-4)


def test_lesions_of_all_patches_are_counted_together():
    truth = batch().target
    missed = torch.where(truth == 2, 0, truth)
    invented = missed.clone()
    invented[:, 2:7, 9:14, 2:7] = 1
    logged = validated(answer(truth), answer(invented))
    assert logged["val/sensitivity"] == pytest.approx(3 / 4)
    assert logged["val/false_lesions"] == pytest.approx(1 / 2)
    assert logged["val/blastic_dice"] == pytest.approx(2 * 125 / (2 * 125 + 125))
    assert logged["val/lesion_dice"] == pytest.approx(2 * 375 / (500 + 500))


def test_a_voxel_is_lesion_where_lytic_and_blastic_are_likelier_than_a_background_that_counts_little():
    """0.96 of background that counts 0.02 is 0.0192 against 0.04."""
    target = batch().target
    said = torch.tensor([0.96, 0.03, 0.01]).log().reshape(1, 3, 1, 1, 1).expand(1, 3, SIZE, SIZE, SIZE).clone()
    logged = validated(torch.where((target > 0)[:, None], said, answer(torch.zeros_like(target))))
    assert logged["val/lesion_dice"] == pytest.approx(1.0)
    assert logged["val/blastic_dice"] == 0.0
    assert logged["val/probability"] == pytest.approx(0.04 / 0.0592, abs=1e-4)


def test_sums_start_anew_with_every_validation():
    learner = module()
    learner.net = Says(answer(torch.zeros_like(batch().target)))
    learner.validation_step(batch(), 0)
    learner.on_validation_epoch_end()
    assert float(learner.logged["val/sensitivity"]) == 0.0
    learner.logged.clear()
    learner.on_validation_epoch_end()
    assert learner.logged == {}


def test_the_schedule_is_stepped_every_batch():
    made = module(scheduler=partial(warm_cosine, steps=10)).configure_optimizers()
    assert made["lr_scheduler"]["interval"] == "step"


def test_training_goes_on_from_its_own_weights_or_starts_from_those_of_another_network(tmp_path):
    trained, image = net(), batch().image
    torch.save(trained.state_dict(), tmp_path / "weights.pt")
    assert torch.equal(module(initial_weights=str(tmp_path / "weights.pt"))(image), trained(image))
    other = StridedUNet(3, 1, 9, (8, 16), (2,), num_res_units=0, norm=("GROUP", {"num_groups": 4}))
    torch.save(other.state_dict(), tmp_path / "other.pt")
    started = module(trunk_weights=str(tmp_path / "other.pt"))
    first = next(name for name, value in other.state_dict().items() if value.ndim == 5)
    assert torch.equal(started.net.state_dict()[first][:, :1], other.state_dict()[first])


@pytest.mark.parametrize(("training", "made_by"), [(True, "train"), (False, "val")])
def test_images_are_rendered_after_their_labels_have_reached_the_device(training, made_by):
    learner = module()
    learner._trainer = type("Trainer", (), {"training": training})()
    assert learner.on_after_batch_transfer({"structure": 1}, 0) == (made_by, {"structure": 1})
