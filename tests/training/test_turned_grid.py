"""An image that was resampled on a turned grid: nothing moves, fine detail is lost."""

from __future__ import annotations

import pytest
import torch

from spinemets.training.acquisition import MOST_TURNED_DEG, by_way_of_turned_grid

SIZE = (28, 36, 44)
TURNS = [(15.0, -15.0, 15.0), (-7.0, 3.0, 12.0), (0.0, 0.0, -MOST_TURNED_DEG)]


def places() -> torch.Tensor:
    return torch.stack(torch.meshgrid(*[torch.arange(n, dtype=torch.float64) for n in SIZE], indexing="ij"))


@pytest.mark.parametrize("degrees", TURNS)
@pytest.mark.parametrize("coarse", [(1, 1, 1), (1, 1, 2), (2, 2, 2)])
def test_a_plane_of_values_stays_where_it_is(degrees: tuple[float, ...], coarse: tuple[int, ...]) -> None:
    ramp = (3 * places()[0] - 2 * places()[1] + places()[2])[None, None]
    counts = [n // step for n, step in zip(SIZE, coarse, strict=True)]
    back = by_way_of_turned_grid(ramp, counts, degrees)
    inner = (..., *(slice(4, -4),) * 3)
    torch.testing.assert_close(back[inner], ramp[inner], atol=1e-6, rtol=0)


@pytest.mark.parametrize("degrees", TURNS)
def test_a_spot_keeps_its_centre_and_is_blurred(degrees: tuple[float, ...]) -> None:
    centre = torch.tensor([12.0, 20.0, 17.0], dtype=torch.float64).reshape(3, 1, 1, 1)
    spot = torch.exp(-((places() - centre) ** 2).sum(0) / (2 * 1.2**2))[None, None]
    blurred = by_way_of_turned_grid(spot, [n // 2 for n in SIZE], degrees)
    mass = blurred[0, 0] / blurred.sum()
    assert torch.allclose((places() * mass).sum((1, 2, 3)), centre.flatten(), atol=0.15)
    assert blurred.max() < 0.9 * spot.max()


def test_without_a_turn_and_at_the_same_size_nothing_changes() -> None:
    noise = torch.rand(1, 1, *SIZE, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(by_way_of_turned_grid(noise, SIZE, (0.0, 0.0, 0.0)), noise, atol=1e-5, rtol=0)
