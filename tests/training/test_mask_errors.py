import pytest
import torch
from scipy import ndimage

from spinemets.anatomy import Level, Subregion
from spinemets.simulate.tissues import Tissue
from spinemets.training import mask_errors
from spinemets.training.filters import dilated
from spinemets.training.mask_errors import OFF_MM, filled, moved_outline, predicted_mask

SIZE, MM = 40, 1.5


def labels():
    """A body with an arch behind it, a sacrum, and fat."""
    structure = torch.full((1, 1, SIZE, SIZE, SIZE), int(Tissue.FAT), dtype=torch.uint8)
    vertebra = torch.zeros_like(structure)
    for box, code, number in (
        ((slice(10, 30), slice(18, 34), slice(20, 36)), Subregion.BODY, Level.L5.verse_id),
        ((slice(14, 26), slice(6, 18), slice(22, 32)), Subregion.SPINOUS_PROCESS, Level.L5.verse_id),
        ((slice(8, 32), slice(12, 30), slice(2, 16)), Tissue.SACRUM, Level.SACRUM.verse_id),
    ):
        structure[(0, 0, *box)], vertebra[(0, 0, *box)] = int(code), number
    return structure, vertebra


def never(monkeypatch, *allowed):
    """Of the errors, only those whose probability is given happen; each of them always."""
    monkeypatch.setattr(mask_errors, "chance", lambda probability: probability in allowed)


def test_a_mask_without_errors_is_the_vertebrae_with_or_without_the_sacrum(monkeypatch):
    structure, vertebra = labels()
    none = torch.zeros_like(vertebra, dtype=torch.bool)
    never(monkeypatch)
    assert torch.equal(predicted_mask(vertebra, structure, none, MM), (vertebra > 0).float())
    never(monkeypatch, 0.5)
    assert torch.equal(predicted_mask(vertebra, structure, none, MM), (vertebra == Level.L5.verse_id).float())


def test_errors_are_near_the_vertebrae_and_leave_most_of_them():
    structure, vertebra = labels()
    true = vertebra > 0
    distance = torch.from_numpy(ndimage.distance_transform_edt(~true[0, 0].numpy()) * MM)
    masks = []
    for _ in range(40):
        mask = predicted_mask(vertebra, structure, torch.zeros_like(true), MM)
        assert set(mask.unique().tolist()) <= {0.0, 1.0}
        body = structure == Subregion.BODY
        assert mask[body].mean() > 0.6
        assert distance[mask[0, 0] > 0].max() < 1.8 * mask_errors.REACH_MM + OFF_MM + MM  # a cube's corner
        masks.append(mask)
    assert len({mask.sum().item() for mask in masks}) > 30


def test_a_wrong_outline_lies_within_a_few_millimetres_of_the_true_one():
    true = labels()[1] > 0
    inner = torch.from_numpy(ndimage.distance_transform_edt(true[0, 0].numpy()) * MM)
    outer = torch.from_numpy(ndimage.distance_transform_edt(~true[0, 0].numpy()) * MM)
    shares = []
    for _ in range(20):
        moved = moved_outline(true, MM)[0, 0] > 0
        assert outer[moved].max() <= 1.5 * OFF_MM + MM
        deepest = inner[~moved & true[0, 0]].max()
        assert deepest <= 3 * OFF_MM  # an edge of a box is rounded off more than a face is moved
        shares.append(moved.sum() / true.sum())
    assert min(shares) < 0.97 < 1.0 < max(shares)


def test_destroyed_bone_is_left_out_in_part_and_bone_elsewhere_is_not(monkeypatch):
    structure, vertebra = labels()
    destroyed = torch.zeros_like(vertebra, dtype=torch.bool)
    destroyed[0, 0, 12:28, 20:32, 22:34] = True
    never(monkeypatch, 0.6)
    missing = [(vertebra > 0).float() - predicted_mask(vertebra, structure, destroyed, MM) for _ in range(10)]
    assert all((part[~destroyed] == 0).all() for part in missing)
    assert max(part[destroyed].mean() for part in missing) > 0.4


def test_a_lost_tip_is_one_of_the_posterior_elements(monkeypatch):
    structure, vertebra = labels()
    never(monkeypatch, 0.3)
    for _ in range(10):
        lost = (vertebra > 0).float() - predicted_mask(vertebra, structure, torch.zeros_like(vertebra).bool(), MM)
        assert (structure[lost > 0] != Subregion.BODY).all()


def test_a_patch_without_vertebrae_has_an_empty_mask():
    nothing = torch.zeros(1, 1, 8, 8, 8, dtype=torch.uint8)
    assert predicted_mask(nothing, nothing, nothing.bool(), MM).sum() == 0


@pytest.mark.parametrize("reach", [1, 3])
def test_dilation_is_that_of_a_cube(reach):
    mask = torch.rand(1, 1, 14, 14, 14) > 0.995
    expected = ndimage.binary_dilation(mask[0, 0].numpy(), torch.ones((2 * reach + 1,) * 3).numpy())
    assert (dilated(mask, reach)[0, 0].numpy() == expected).all()


def test_filling_closes_a_gap_and_leaves_the_outside():
    mask = torch.zeros(1, 1, 24, 24, 24, dtype=torch.bool)
    mask[0, 0, 6:18, 6:18, 6:18] = True
    with_hole = mask.clone()
    with_hole[0, 0, 10:13, 6:14, 10:13] = False
    assert torch.equal(filled(with_hole, 3), mask)
