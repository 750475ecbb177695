import pytest
import torch

from spinemets.training.schedule import warm_cosine


def rates(count, **options):
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=2.0)
    schedule = warm_cosine(optimizer, **options)
    result = []
    for _ in range(count):
        result.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    return result


def test_the_rate_rises_evenly_to_its_peak_and_starts_above_zero():
    rate = rates(12, steps=100, warmup=10)
    assert rate[:10] == pytest.approx([0.2 * n for n in range(1, 11)])
    assert rate[10] == pytest.approx(2.0)


def test_the_rate_is_halfway_between_peak_and_floor_in_the_middle():
    assert rates(56, steps=100, warmup=10, floor=0.1)[55] == pytest.approx(2.0 * (0.1 + 0.9 / 2))


def test_the_rate_reaches_its_floor_at_the_last_step_and_stays_there():
    rate = rates(130, steps=100, warmup=10, floor=0.02)
    assert rate[99] > 0.04
    assert rate[100:] == pytest.approx([0.04] * 30)
    assert rate[10:101] == sorted(rate[10:101], reverse=True)


@pytest.mark.parametrize("warmup", [0, 5, 20])
def test_a_training_no_longer_than_its_warm_up_has_a_rate(warmup):
    assert all(0 < rate <= 2.0 for rate in rates(25, steps=5, warmup=warmup))
