import pytest
import torch

from spinemets.anatomy import Level, Subregion
from spinemets.simulate.tissues import Tissue
from spinemets.training import healthy_marrow
from spinemets.training.healthy_marrow import VEIN_HEIGHT_MM, VEIN_WIDTH_MM, uneven, vein

SIZE, MM = 40, 1.5
BACK_WALL = 14


def patch():
    """A body of 36 mm in front of a canal, whose voxels lie behind along the second axis."""
    structure = torch.full((1, 1, SIZE, SIZE, SIZE), int(Tissue.FAT), dtype=torch.uint8)
    vertebra = torch.zeros_like(structure)
    body = (0, 0, slice(8, 32), slice(BACK_WALL, 36), slice(12, 28))
    structure[body], vertebra[body] = int(Subregion.BODY), Level.L2.verse_id
    structure[0, 0, 14:26, 4:12] = int(Tissue.CSF)
    return structure, vertebra


def test_a_vein_leaves_the_middle_of_the_back_wall():
    structure, vertebra = patch()
    for _ in range(10):
        share = vein(structure, vertebra > 0, MM)
        assert share[structure != Subregion.BODY].sum() == 0
        assert 0.2 < share.max() <= 1.0
        place = (share[0, 0] > 0.1).nonzero().float()
        assert place[:, 1].min() <= BACK_WALL + 1
        assert place[:, 1].max() < 26  # short of the front half
        for axis, middle, largest in ((0, 19.5, VEIN_WIDTH_MM[1]), (2, 19.5, VEIN_HEIGHT_MM[1])):
            assert (place[:, axis] - middle).abs().max() * MM <= 1.5 * largest / 2 + MM


@pytest.mark.parametrize("missing", [Tissue.CSF, Subregion.BODY])
def test_without_canal_or_body_there_is_no_vein(missing):
    structure, vertebra = patch()
    structure[structure == int(missing)] = int(Tissue.MUSCLE)
    assert vein(structure, vertebra > 0, MM).sum() == 0


def test_a_canal_far_away_belongs_to_no_body():
    structure, vertebra = patch()
    structure[structure == int(Tissue.CSF)] = int(Tissue.FAT)
    structure[..., 39:] = int(Tissue.CSF)
    assert vein(structure, vertebra > 0, 3.0).sum() == 0


@pytest.mark.parametrize(("patchy", "veins"), [(True, False), (False, True)])
def test_bone_becomes_uneven_and_nothing_else(patchy, veins, monkeypatch):
    drawn = {healthy_marrow.PATCHY_SHARE: patchy, 0.5: veins}
    monkeypatch.setattr(healthy_marrow, "chance", lambda probability: drawn.get(probability, True))
    monkeypatch.setattr(healthy_marrow, "VEIN_SHARE", 1.0)
    structure, vertebra = patch()
    image = torch.full(structure.shape, 180.0)
    changed = uneven(image, structure, vertebra, MM)
    bone = structure == Subregion.BODY
    assert torch.equal(changed[~bone], image[~bone])
    assert not torch.equal(changed[bone], image[bone])
    if veins:
        assert changed.max() <= 180.0
