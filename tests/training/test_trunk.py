import logging

import pytest
import torch
from torch import nn

from spinemets.errors import ModelError
from spinemets.training.networks import StridedUNet
from spinemets.training.trunk import fitted, take_over


def unet(inputs, outputs):
    return StridedUNet(3, inputs, outputs, (8, 16), (2,), num_res_units=1, norm=("GROUP", {"num_groups": 4}))


@pytest.fixture
def spine(tmp_path):
    net = unet(1, 14)
    torch.save({name: value.half() for name, value in net.state_dict().items()}, tmp_path / "spine.pt")
    return net, tmp_path / "spine.pt"


def test_all_but_the_last_layer_is_taken_and_the_log_says_so(spine, caplog):
    net = unet(2, 3)
    with caplog.at_level(logging.INFO):
        taken = take_over(net, spine[1])
    state = net.state_dict()
    left = set(state) - set(taken)
    assert left
    assert all(state[name].shape != value.shape for name, value in spine[0].state_dict().items() if name in left)
    (message,) = caplog.messages
    assert message.startswith(f"{len(taken)} of {len(state)} weights taken from spine.pt; new: ")
    assert all(name in message for name in left)


def test_a_further_input_changes_nothing_until_it_is_learnt(spine):
    net = unet(2, 14)
    take_over(net, spine[1])
    image = torch.randn(1, 1, 16, 16, 16)
    with_mask = torch.cat([image, torch.ones_like(image)], 1)
    with torch.no_grad():
        assert net(with_mask).numpy() == pytest.approx(spine[0](image).numpy(), abs=0.05)  # stored in half precision


def test_weights_of_which_none_fits_are_refused(spine):
    with pytest.raises(ModelError, match=r"none of the \d+ weights of spine\.pt fits the network"):
        take_over(nn.Sequential(nn.Conv3d(2, 3, 1)), spine[1])


def test_a_file_that_holds_more_than_weights_is_refused(tmp_path):
    torch.save({"state_dict": {}}, tmp_path / "run.ckpt")
    with pytest.raises(ModelError, match=r"run\.ckpt holds no plain weights"):
        take_over(unet(2, 3), tmp_path / "run.ckpt")


@pytest.mark.parametrize(
    ("given", "own"),
    [((8, 3, 3, 3, 3), (8, 2, 3, 3, 3)), ((4, 1, 3, 3, 3), (8, 2, 3, 3, 3)), ((8, 1), (8, 2)), ((3,), (4,))],
)
def test_other_shapes_do_not_fit(given, own):
    assert fitted(torch.ones(given), torch.zeros(own)) is None
