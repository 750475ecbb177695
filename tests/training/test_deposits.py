import pytest
import torch

from spinemets.datasets.disease_overlay import FULL
from spinemets.training.deposits import FACTOR_SPREAD, SHIFT_HU, Deposits, deposits_at, sharper, softer, varied
from spinemets.training.warp import WarpRange, random_affine, random_displacement, sampling_points


def ball(size=15, radius=4.0):
    """Share of each voxel that a ball fills, its edge a few voxels wide."""
    axis = torch.arange(size) - size // 2
    distance = (axis[:, None, None] ** 2 + axis[:, None] ** 2 + axis**2).sqrt()
    return ((radius - distance) / 3 + 0.5).clamp(0, 1)[None, None]


def replacing(hu=50.0, rise=30.0):
    share = ball()
    return Deposits(1 - share, share * hu, share * rise)


@pytest.mark.parametrize(("contrast", "middle"), [(False, 50.0), (True, 80.0)])
def test_matter_replaces_what_was_there_and_takes_up_contrast_medium(contrast, middle):
    shown = replacing().over(torch.full((1, 1, 15, 15, 15), 200.0), contrast)
    assert shown[0, 0, 7, 7, 7].item() == middle
    assert shown[0, 0, 0, 0, 0].item() == 200.0


def test_a_softer_edge_keeps_the_amount_of_matter_and_a_steeper_one_its_surface():
    deposits = replacing()
    soft = softer(deposits, 0.8)
    assert soft.add.sum().item() == pytest.approx(deposits.add.sum().item(), rel=0.02)
    assert (soft.keep[0, 0, 7, 7] - soft.keep[0, 0, 7, 7].roll(1)).abs().max() < 1 / 3
    steep = sharper(deposits, 2.0)
    assert torch.equal(steep.keep < 0.5, deposits.keep < 0.5)
    inside = (deposits.keep > 0) & (deposits.keep < 0.5)
    assert (steep.keep[inside] < deposits.keep[inside]).all()


@pytest.mark.parametrize("change", [lambda one: softer(one, 0.8), lambda one: sharper(one, 2.0)])
def test_matter_of_one_density_keeps_it_whatever_its_edge(change):
    changed = change(replacing(hu=50.0))
    share = 1 - changed.keep
    filled = share > 0.05
    assert (changed.add[filled] / share[filled]).numpy() == pytest.approx(50.0, rel=1e-3)


def test_what_only_adds_is_not_sharpened_away():
    adds = Deposits(torch.ones(1, 1, 5, 5, 5), torch.full((1, 1, 5, 5, 5), 120.0), torch.zeros(1, 1, 5, 5, 5))
    assert torch.equal(sharper(adds, 2.0).add, adds.add)


def test_what_only_adds_is_not_sharpened_away_after_it_was_deformed():
    torch.manual_seed(1)
    whole = (1, 40, 40, 40)
    crop = {"keep": torch.full(whole, FULL), "add": torch.full(whole, 120), "rise": torch.zeros(whole)}
    matrix = random_affine(WarpRange(), 1, torch.device("cpu"))
    displacement = random_displacement(WarpRange(), 1, (20, 20, 20), torch.device("cpu"))
    matter = deposits_at(crop, sampling_points(matrix, displacement, 40))
    adds = Deposits(*(matter[:, n : n + 1] for n in range(3)))
    assert sharper(adds, 1.5).add.numpy() == pytest.approx(120.0, rel=1e-3)


def test_varied_matter_lies_round_what_was_drawn():
    torch.manual_seed(0)
    middle = []
    for _ in range(60):
        one = varied(replacing(hu=400.0))
        assert one.keep.min().item() >= -1e-5
        assert one.keep.max().item() <= 1 + 1e-5
        middle.append((one.add / (1 - one.keep).clamp_min(0.1))[0, 0, 7, 7, 7].item())
    values = torch.tensor(middle)
    assert values.mean().item() == pytest.approx(400.0, rel=0.12)
    assert 0.3 * FACTOR_SPREAD * 400 < values.std().item() < 2 * FACTOR_SPREAD * 400 + SHIFT_HU


def test_where_nothing_was_drawn_nothing_is_laid_down():
    none = Deposits(torch.ones(1, 1, 8, 8, 8), torch.zeros(1, 1, 8, 8, 8), torch.zeros(1, 1, 8, 8, 8))
    image = torch.randn(1, 1, 8, 8, 8) * 100
    for _ in range(10):
        assert varied(none).over(image, True) == pytest.approx(image, abs=1e-3)
