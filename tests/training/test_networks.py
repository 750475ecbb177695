"""The networks that are trained here."""

import pytest

torch = pytest.importorskip("torch", reason="training needs the extra [train]")

from spinemets.training.networks import StridedUNet  # noqa: E402


def _net() -> StridedUNet:
    return StridedUNet(3, 1, 5, channels=(4, 8, 8), strides=(2, 2), num_res_units=2, norm="INSTANCE")


def test_the_output_has_the_size_of_the_input():
    assert _net()(torch.zeros(1, 1, 16, 24, 32)).shape == (1, 5, 16, 24, 32)


def test_the_last_layer_is_linear_so_that_its_scale_is_the_scale_of_the_output():
    net, image = _net().eval(), torch.randn(1, 1, 16, 16, 16)
    last = [module for module in net.modules() if isinstance(module, torch.nn.ConvTranspose3d)][-1]
    with torch.no_grad():
        before = net(image)
        last.weight *= 3
        last.bias *= 3
        after = net(image)
    assert torch.allclose(after, 3 * before, atol=1e-4)
