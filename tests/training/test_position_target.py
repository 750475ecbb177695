import numpy as np
import pytest
import torch

from spinemets.anatomy import Level, Subregion
from spinemets.inference.locator_classes import (
    LOCATOR_LEVELS,
    LOG_SCALE_LIMIT,
    POSITION_CENTRE,
    POSITION_OF_VERSE_ID,
    POSITION_UNIT,
)
from spinemets.simulate.tissues import OUTSIDE_FIELD, Tissue
from spinemets.training.position_target import ELSEWHERE, position_loss, position_targets

SIZE = 24


def patch(rows, fill=Tissue.MUSCLE):
    """A patch of one tissue, and centres at the given heights."""
    structure = torch.full((1, SIZE, SIZE, SIZE), int(fill), dtype=torch.uint8)
    centres = torch.full((1, 29, 3), torch.nan)
    for level, height in rows.items():
        centres[0, level.verse_id] = torch.tensor([12.0, 12.0, float(height)])
    return structure, torch.zeros_like(structure), centres


def positions(rows):
    position, weight = position_targets(*patch(rows))
    assert position.shape == weight.shape == (1, 1, SIZE, SIZE, SIZE)
    return (position[0, 0, 3, 4] * POSITION_UNIT + POSITION_CENTRE).numpy(), weight[0, 0, 3, 4].numpy()


def test_positions_are_the_order_of_levels():
    assert [POSITION_OF_VERSE_ID[level.verse_id] for level in (Level.C1, Level.T1, Level.L5)] == [0, 7, 23]
    assert POSITION_OF_VERSE_ID[Level.SACRUM.verse_id] == 24
    assert POSITION_OF_VERSE_ID[Level.T13.verse_id] == POSITION_OF_VERSE_ID[Level.T12.verse_id]
    assert POSITION_OF_VERSE_ID[Level.L6.verse_id] == POSITION_OF_VERSE_ID[Level.L5.verse_id]
    assert len(LOCATOR_LEVELS) == np.isfinite(POSITION_OF_VERSE_ID).sum() - 2


def test_between_two_centres_the_position_is_linear_in_height_and_beyond_them_it_ends_a_level_away():
    position, weight = positions({Level.T7: 18, Level.T8: 14, Level.T9: 8})
    known = weight > 0
    assert known.tolist() == [2 <= k <= 22 for k in range(SIZE)]
    truth = np.interp(np.arange(SIZE), [2, 8, 14, 18, 22], [16, 15, 14, 13, 12])
    assert position[known] == pytest.approx(truth[known], abs=1e-4)


def test_a_centre_beyond_the_patch_counts():
    position, _ = positions({Level.L1: 30, Level.L2: -10})
    assert position[10] == pytest.approx(19.5)


@pytest.mark.parametrize("rows", [{}, {Level.L1: 10}])
def test_of_less_than_two_vertebrae_no_position_is_known(rows):
    _, weight = positions(rows)
    assert weight.max() == 0


def test_the_spine_counts_most_and_air_and_what_lies_outside_the_image_not_at_all():
    structure, vertebra, centres = patch({Level.L1: 16, Level.L2: 8})
    structure[0, 10:14, 10:14, 6:18], vertebra[0, 10:14, 10:14, 6:18] = int(Subregion.BODY), Level.L1.verse_id
    structure[0, 0], structure[0, 1] = int(Tissue.AIR), OUTSIDE_FIELD
    _, weight = position_targets(structure, vertebra, centres)
    assert weight[0, 0, 12, 12, 12] == 1.0
    assert weight[0, 0, 5, 5, 12] == pytest.approx(ELSEWHERE)
    assert weight[0, 0, :2].max() == 0


def test_all_of_the_sacrum_is_at_its_own_place_however_far_down_it_reaches():
    structure, vertebra, centres = patch({Level.L4: 22, Level.L5: 18, Level.SACRUM: 8})
    vertebra[0, 8:16, 8:16, :12] = Level.SACRUM.verse_id
    position, weight = position_targets(structure, vertebra, centres)
    own = vertebra[:, None] > 0
    assert (position[own] * POSITION_UNIT + POSITION_CENTRE).unique().tolist() == [24.0]
    assert weight[own].min() == 1.0


def test_the_best_answer_is_the_median_and_the_mean_distance_from_it():
    truth = torch.tensor([-1.0, 0.0, 0.0, 0.5, 4.0]).reshape(1, 1, 5, 1, 1) / POSITION_UNIT
    weight = torch.ones_like(truth)

    def cost(place, scale):
        output = torch.zeros(1, 2, 5, 1, 1)
        output[:, 0], output[:, 1] = place / POSITION_UNIT, np.log(scale)
        return position_loss(output, truth, weight).item()

    best = cost(0.0, 5.5 / 5)
    assert all(best < cost(*other) for other in ((0.3, 1.1), (-0.3, 1.1), (0.0, 1.4), (0.0, 0.8)))
    assert best == pytest.approx(1 + np.log(1.1), abs=1e-5)


def test_only_what_counts_costs():
    output, truth = torch.zeros(1, 2, 2, 1, 1), torch.tensor([0.0, 9.0]).reshape(1, 1, 2, 1, 1)
    weight = torch.tensor([1.0, 0.0]).reshape(1, 1, 2, 1, 1)
    assert position_loss(output, truth, weight).item() == 0.0
    assert position_loss(output, truth, weight * 0).item() == 0.0


def test_no_error_is_thought_too_small_or_too_large_to_learn_from():
    output = torch.full((1, 2, 1, 1, 1), -50.0)
    truth = torch.full((1, 1, 1, 1, 1), -50.0)
    assert position_loss(output, truth, torch.ones_like(truth)).item() == pytest.approx(-LOG_SCALE_LIMIT)
