import numpy as np
import pytest
import torch
from oblique import world_of

from spinemets.anatomy import Level, Subregion
from spinemets.geometry import Grid
from spinemets.inference.locator_classes import LOCATOR_CLASSES, POSITION_CENTRE, POSITION_UNIT
from spinemets.inference.spine_classes import OFFSET_UNIT_MM, SPINE_CLASSES
from spinemets.simulate.tissues import Tissue
from spinemets.training.randomise import SpineRandomiser

SOURCE, PATCH = 28, 16
VOXEL_MM = 1.5


def crop(levels=(Level.T12, Level.L1), sacrum=True):
    """Bodies with an arch behind, and a sacrum, in the middle of a crop of fat; their centroids."""
    structure = torch.full((1, SOURCE, SOURCE, SOURCE), int(Tissue.FAT), dtype=torch.uint8)
    vertebra = torch.zeros_like(structure)
    centres = torch.full((1, 29, 3), torch.nan)
    for level, k in zip(levels, (16, 10), strict=True):
        structure[:, 10:18, 14:20, k : k + 5] = int(Subregion.BODY)
        structure[:, 10:18, 9:14, k : k + 5] = int(Subregion.ARCH)
        vertebra[:, 10:18, 9:20, k : k + 5] = level.verse_id
        centres[0, level.verse_id] = torch.tensor([13.5, 16.5, k + 2.0])
    if sacrum:
        structure[:, 11:17, 12:18, 5:9] = int(Tissue.SACRUM)
        vertebra[:, 11:17, 12:18, 5:9] = Level.SACRUM.verse_id
    structure[:, :8] = int(Tissue.RIB)
    return structure, vertebra, centres


def middle(array):
    low = (SOURCE - PATCH) // 2
    return array[:, low : low + PATCH, low : low + PATCH, low : low + PATCH]


@pytest.fixture
def plain():
    return SpineRandomiser(PATCH, VOXEL_MM, augment=False)


def test_undeformed_targets_are_the_classes_of_the_middle_of_the_crop(plain):
    structure, vertebra, centres = crop()
    batch = plain(structure, vertebra, centres)
    shown = middle(structure)
    for code, name in (
        (Subregion.BODY, "body"),
        (Subregion.ARCH, "arch"),
        (Tissue.SACRUM, "sacrum"),
        (Tissue.FAT, "background"),
        (Tissue.RIB, "rib"),
    ):
        assert (batch.target[shown == int(code)] == SPINE_CLASSES.index(name)).all()
        assert (shown == int(code)).any()
    assert batch.image.shape == (1, 1, PATCH, PATCH, PATCH)


def test_every_voxel_of_a_vertebra_points_to_the_centre_of_its_body(plain):
    structure, vertebra, centres = crop()
    batch = plain(structure, vertebra, centres)
    ids = middle(vertebra)
    place = torch.from_numpy(world_of(Grid((PATCH,) * 3, np.eye(4)))).float()
    for level in (Level.T12, Level.L1):
        own = ids[0] == level.verse_id
        pointed = place[own] + batch.offset[0][:, own].T * (OFFSET_UNIT_MM / VOXEL_MM)
        expected = centres[0, level.verse_id] - (SOURCE - PATCH) / 2
        assert pointed.numpy() == pytest.approx(np.tile(expected.numpy(), (int(own.sum()), 1)), abs=1e-3)


def test_offsets_count_only_on_vertebrae_whose_centre_is_known(plain):
    structure, vertebra, centres = crop()
    centres[0, Level.L1.verse_id] = torch.nan
    batch = plain(structure, vertebra, centres)
    assert torch.equal(batch.offset_known[:, 0], middle(vertebra) == Level.T12.verse_id)
    assert torch.isfinite(batch.offset).all()


def test_after_any_deformation_the_votes_of_a_vertebra_still_meet_inside_its_body():
    randomiser = SpineRandomiser(PATCH + 4, VOXEL_MM)
    place = torch.from_numpy(world_of(Grid((PATCH + 4,) * 3, np.eye(4)))).float()
    seen = 0
    for seed in range(12):
        torch.manual_seed(seed)
        batch = randomiser(*crop(sacrum=False))
        known = batch.offset_known[0, 0]
        body = known & (batch.target[0] == SPINE_CLASSES.index("body"))
        if body.sum() < 300:
            continue
        seen += 1
        voted = place[known] + batch.offset[0][:, known].T * (OFFSET_UNIT_MM / VOXEL_MM)
        meeting = voted.round(decimals=1).unique(dim=0)
        assert len(meeting) <= 2
        for point in meeting:
            nearest = (place[body] - point).norm(dim=1).min()
            assert nearest < 2.0
    assert seen >= 4


def test_the_locator_learns_what_is_vertebra_sacrum_and_rib():
    randomiser = SpineRandomiser(PATCH, 4.0, augment=False, targets="locator")
    structure, vertebra, centres = crop((Level.L6, Level.L5))
    target = randomiser(structure, vertebra, centres).target
    ids, shown = middle(vertebra), middle(structure)
    assert (target[(ids > 0) & (ids != Level.SACRUM.verse_id)] == LOCATOR_CLASSES.index("vertebra")).all()
    assert (target[ids == Level.SACRUM.verse_id] == LOCATOR_CLASSES.index("sacrum")).all()
    assert (target[shown == int(Tissue.RIB)] == LOCATOR_CLASSES.index("rib")).all()
    assert (target[shown == int(Tissue.FAT)] == 0).all()


def test_the_locator_learns_positions_in_the_frame_of_its_patch():
    randomiser = SpineRandomiser(PATCH, 4.0, augment=False, targets="locator")
    batch = randomiser(*crop((Level.T12, Level.L1), sacrum=False))
    position = batch.offset[0, 0] * POSITION_UNIT + POSITION_CENTRE
    low = (SOURCE - PATCH) // 2
    assert position[10, 10, 18 - low].item() == pytest.approx(18.0)  # T12, whose centre lies at 18 of the crop
    assert position[10, 10, 12 - low].item() == pytest.approx(19.0)
    assert batch.offset_known[0, 0][middle(crop(sacrum=False)[1])[0] > 0].min() == 1.0


def test_a_patch_of_coarser_voxels_than_its_crop_shows_more_of_the_patient():
    randomiser = SpineRandomiser(PATCH, 3.0, augment=False, source_mm=2.0)
    structure, vertebra, centres = crop()
    batch = randomiser(structure, vertebra, centres)
    points = np.round((np.arange(PATCH) - (PATCH - 1) / 2) * 1.5 + (SOURCE - 1) / 2 + 1e-6).astype(int)
    shown = [array[0].numpy()[np.ix_(points, points, points)] for array in (vertebra, structure)]
    agree = (batch.target[0].numpy() > 0) == ((shown[0] > 0) | (shown[1] == int(Tissue.RIB)))
    assert agree.mean() > 0.9
    own = batch.offset_known[0, 0]
    place = torch.from_numpy(world_of(Grid((PATCH,) * 3, np.eye(4)))).float()
    voted = place[own] + batch.offset[0][:, own].T * (OFFSET_UNIT_MM / 3.0)
    expected = (centres[0, Level.T12.verse_id] - (SOURCE - 1) / 2) / 1.5 + (PATCH - 1) / 2
    assert (voted - expected).norm(dim=1).min() < 1e-3


@pytest.mark.parametrize(("share", "low", "high"), [(0.0, -2.2, 2.8), (1.0, -1.0, 1.4)])
def test_images_are_normalised_as_inference_normalises_them(share, low, high):
    randomiser = SpineRandomiser(PATCH, VOXEL_MM, any_contrast=share)
    for _ in range(5):
        image = randomiser(*crop()).image
        assert image.min() >= low - 1e-5
        assert image.max() <= high + 1e-5


def test_each_patient_of_a_batch_is_its_own(plain):
    structure, vertebra, centres = (torch.cat([a, b]) for a, b in zip(crop(), crop((Level.C3, Level.C4)), strict=True))
    batch = plain(structure, vertebra, centres)
    assert batch.image.shape[0] == 2
    assert torch.equal(batch.target[0], batch.target[1])
    assert batch.offset_known[1].any()


def test_tables_follow_the_network_to_its_device_but_not_into_its_checkpoint():
    randomiser = SpineRandomiser(PATCH, VOXEL_MM)
    assert randomiser.state_dict() == {}
    assert len(dict(randomiser.named_buffers())) == 2
