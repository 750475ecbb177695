"""Images made of labels: CT in Hounsfield units, any other contrast, and what a scanner does to them."""

import numpy as np
import pytest
import torch
from scipy import ndimage

from spinemets.anatomy import Subregion
from spinemets.simulate.tissues import OUTSIDE_FIELD, Tissue
from spinemets.training import acquisition, randomise
from spinemets.training.acquisition import LEAST_SLAB_MM, RIM_MM, acquire_ct, beyond_field_of_view
from spinemets.training.ct_contrast import AIR_HU, CONTRAST_HU, HU_RANGES, render_ct
from spinemets.training.mr_acquisition import acquire_mr
from spinemets.training.mr_contrast import render_random_contrast
from spinemets.training.randomise import SpineRandomiser

SIZE = 32
SEEDS = range(12)
SLABS = (Tissue.FAT, Tissue.MUSCLE, Tissue.LUNG, Tissue.LIVER, Tissue.KIDNEY, Tissue.CSF, Tissue.DISC, Tissue.AIR)


def patch():
    """Slabs of eight tissues, two vertebrae in front of them, and a field of view that ends at one side."""
    structure = torch.zeros(1, 1, SIZE, SIZE, SIZE, dtype=torch.uint8)
    vertebra = torch.zeros_like(structure)
    for number, tissue in enumerate(SLABS):
        structure[..., 4 * number : 4 * number + 4] = int(tissue)
    for level, low in ((20, 0), (21, 16)):
        box = np.s_[:, :, 2:14, 2:14, low + 1 : low + 14]
        structure[box], vertebra[box] = int(Subregion.BODY), level
    structure[:, :, 29:] = OUTSIDE_FIELD
    return structure, vertebra


def median(image, mask):
    return float(image[mask].median())


@pytest.mark.parametrize("seed", SEEDS)
def test_tissues_have_the_hounsfield_units_of_their_range(seed):
    torch.manual_seed(seed)
    structure, vertebra = patch()
    image = render_ct(structure, vertebra, 1.5)
    assert torch.isfinite(image).all()
    for tissue in (Tissue.LUNG, Tissue.LIVER, Tissue.KIDNEY, Tissue.CSF, Tissue.DISC, Tissue.AIR):
        ranges = [HU_RANGES[tissue], CONTRAST_HU.get(tissue, HU_RANGES[tissue])]
        low, high = min(r[0] for r in ranges), max(r[1] for r in ranges)
        assert low - 12 <= median(image, structure == int(tissue)) <= high + 12, tissue.name
    assert median(image, structure == OUTSIDE_FIELD) == pytest.approx(AIR_HU, abs=1)


def test_much_of_the_sacrum_and_nothing_of_a_vertebra_may_be_fat_within_a_shell():
    structure, vertebra = patch()
    body = structure == int(Subregion.BODY)
    structure[:, :, 16:28, 4:24, 4:24] = int(Tissue.SACRUM)
    inside = np.s_[:, :, 18:26, 6:22, 6:22]
    fatty = []
    for seed in range(20):
        torch.manual_seed(seed)
        image = render_ct(structure, vertebra, 1.5, invent_disease=False)
        assert torch.isfinite(image).all()
        fatty.append((float((image[inside] < 50).float().mean()), float((image[body] < 50).float().mean())))
    sacrum, bodies = np.array(fatty).T
    assert np.quantile(sacrum, 0.75) > 0.3
    assert sacrum.mean() > bodies.mean() + 0.15


@pytest.mark.parametrize("contrast", [False, True])
def test_organs_are_as_bright_as_the_contrast_medium_that_is_asked_for(contrast):
    structure = torch.full((1, 1, 8, 8, 8), int(Tissue.ARTERY), dtype=torch.uint8)
    low, high = (CONTRAST_HU if contrast else HU_RANGES)[Tissue.ARTERY]
    for _ in range(10):
        image = render_ct(structure, torch.zeros_like(structure), 1.5, contrast=contrast)
        assert low - 12 <= image.median().item() <= high + 12


@pytest.mark.parametrize("seed", SEEDS)
def test_bone_is_brighter_than_fat_and_its_rim_brighter_than_its_middle(seed):
    torch.manual_seed(seed)
    structure, vertebra = patch()
    image = render_ct(structure, vertebra, 1.5)
    bone = vertebra == 20
    deep = torch.from_numpy(ndimage.binary_erosion(bone[0, 0].numpy(), iterations=3))[None, None]
    shallow = bone & ~torch.from_numpy(ndimage.binary_erosion(bone[0, 0].numpy()))[None, None]
    assert median(image, bone) > median(image, structure == int(Tissue.FAT))
    assert image[shallow].mean() > image[deep].mean()


def test_contrast_medium_is_given_to_about_half_of_the_patients():
    structure = torch.full((1, 1, 6, 6, 6), int(Tissue.ARTERY), dtype=torch.uint8)
    bright = [median(render_ct(structure, torch.zeros_like(structure), 1.5), structure > 0) > 90 for _ in range(100)]
    assert 0.35 < np.mean(bright) < 0.65


def test_the_bowel_holds_gas_and_sometimes_contrast():
    structure = torch.full((1, 1, 16, 16, 16), int(Tissue.BOWEL), dtype=torch.uint8)
    images = [render_ct(structure, torch.zeros_like(structure), 1.5) for _ in range(100)]
    assert np.mean([bool((image < -450).any()) for image in images]) > 0.5
    assert 0.3 < np.mean([(image > 90).float().mean().item() > 0.02 for image in images]) < 0.8  # 0.56 of 600


def test_two_patients_are_never_alike():
    structure, vertebra = patch()
    assert not torch.equal(render_ct(structure, vertebra, 1.5), render_ct(structure, vertebra, 1.5))


@pytest.mark.parametrize("seed", SEEDS)
def test_beyond_the_field_of_view_a_scanner_writes_air_or_zero(seed):
    torch.manual_seed(seed)
    structure, vertebra = patch()
    outside = structure == OUTSIDE_FIELD
    image = acquire_ct(render_ct(structure, vertebra, 1.5), outside, 1.5)
    assert image.shape == structure.shape
    assert torch.isfinite(image).all()
    assert image[outside].unique().tolist() in ([-1024.0], [0.0])


def test_padding_is_air_nearly_always():
    image, outside = torch.zeros(1, 1, 8, 8, 8), torch.ones(1, 1, 8, 8, 8, dtype=torch.bool)
    air = [acquire_ct(image, outside, 1.5)[0, 0, 0, 0, 0].item() == -1024.0 for _ in range(300)]
    assert 0.9 < np.mean(air) < 1.0


@pytest.mark.parametrize("seed", SEEDS)
def test_a_scanner_keeps_things_where_they_are_and_about_as_bright(seed):
    torch.manual_seed(seed)
    index = torch.stack(torch.meshgrid(*[torch.arange(40.0)] * 3, indexing="ij"))
    centre = torch.tensor([17.0, 22.0, 19.0]).view(3, 1, 1, 1)
    ball, core = (((index - centre).norm(dim=0) < radius)[None, None] for radius in (9, 3))
    image = acquire_ct(torch.where(ball, 1000.0, -1000.0), torch.zeros_like(ball), 1.5)
    assert ndimage.center_of_mass((image[0, 0] > 0).numpy()) == pytest.approx((17, 22, 19), abs=0.7)
    assert image[core].median().item() == pytest.approx(1000, abs=120)


def test_a_field_of_view_is_cut_now_and_then_and_never_when_it_must_not_be():
    structure, _ = patch()
    rim = beyond_field_of_view(structure, 4.0, cut=False)
    cut = 0
    for _ in range(60):
        assert torch.equal(beyond_field_of_view(structure, 4.0, cut=False), rim)
        away = beyond_field_of_view(structure, 4.0, cut=True)
        assert away[rim].all()
        cut += int(away.sum() > rim.sum())
    assert 0.3 < cut / 60 < 0.8  # 1 - 0.92 * 0.88 * 0.88 * 0.65 is 0.54


def test_where_labels_end_the_image_ends_a_little_before():
    structure = torch.full((1, 1, 20, 20, 20), int(Tissue.FAT), dtype=torch.uint8)
    structure[..., 15:] = OUTSIDE_FIELD
    beyond = beyond_field_of_view(structure, 1.5, cut=False)
    assert RIM_MM == 3.0
    assert not beyond[..., :13].any()
    assert beyond[..., 13:].all()
    assert torch.equal(beyond_field_of_view(structure, 1.5, cut=False, drawn=False), structure == OUTSIDE_FIELD)


def test_the_rim_goes_round_corners_as_far_as_along_axes():
    structure = torch.full((1, 1, 16, 16, 16), int(Tissue.FAT), dtype=torch.uint8)
    structure[0, 0, 9, 6, 7] = OUTSIDE_FIELD
    cube = ndimage.grey_dilation((structure[0, 0] == OUTSIDE_FIELD).numpy(), size=(5, 5, 5))
    assert np.array_equal(beyond_field_of_view(structure, 1.5, cut=False)[0, 0].numpy(), cube)


def test_bone_that_the_field_of_view_cuts_is_marrow_up_to_the_edge(monkeypatch):
    """Scanners do not put a cortex on the cut face, nor mix it with air."""
    torch.manual_seed(0)
    structure = torch.full((1, 48, 48, 48), int(Subregion.BODY), dtype=torch.uint8)
    vertebra = torch.full_like(structure, 20)

    def lower_half(labels, voxel_mm, cut, drawn, cuts):
        return torch.arange(labels.shape[-1]).expand(labels.shape) < 20

    monkeypatch.setattr(randomise, "beyond_field_of_view", lower_half)
    monkeypatch.setattr(randomise, "acquire_ct", lambda image, beyond, voxel_mm: image.masked_fill(beyond, -1024.0))
    batch = SpineRandomiser(32, 1.5, augment=False)(structure, vertebra, torch.full((1, 29, 3), torch.nan))
    planes = batch.image[0, 0].mean(dim=(0, 1))
    assert (batch.target[..., :20] == 0).all()
    assert (batch.target[..., 20:] > 0).all()
    assert planes[20].item() == pytest.approx(planes[24].item(), abs=0.1)  # of 500 HU


def test_a_slab_shows_the_middle_of_the_patch_and_is_never_thinner_than_stated(monkeypatch):
    monkeypatch.setattr(acquisition, "SMALL_IMAGE", 1.0)
    structure = torch.full((1, 1, SIZE, SIZE, SIZE), int(Tissue.FAT), dtype=torch.uint8)
    kept = []
    for _ in range(40):
        index = (~beyond_field_of_view(structure, 4.0, cut=True)[0, 0]).nonzero()
        kept.append((index.max(0).values - index.min(0).values + 1).numpy())
        assert (index.min(0).values <= SIZE // 2).all()
        assert (index.max(0).values >= SIZE // 2 - 1).all()
    assert LEAST_SLAB_MM / 4 - 1 <= np.min(kept) < 0.4 * SIZE
    assert np.max(kept) <= 0.7 * SIZE


@pytest.mark.parametrize("seed", SEEDS)
def test_in_any_contrast_gas_is_dark_and_the_two_fats_are_alike(seed):
    torch.manual_seed(seed)
    structure, vertebra = patch()
    structure[..., 20:24][structure[..., 20:24] == int(Tissue.CSF)] = int(Tissue.EPIDURAL_FAT)
    image = render_random_contrast(structure, vertebra, 1.5)
    assert image.min() >= 0
    assert image.max() <= 1.5
    assert median(image, structure == int(Tissue.AIR)) < 0.16
    fats = [median(image, structure == int(tissue)) for tissue in (Tissue.FAT, Tissue.EPIDURAL_FAT)]
    assert fats[0] == pytest.approx(fats[1], abs=0.25)


@pytest.mark.parametrize("seed", SEEDS)
def test_signal_is_scaled_by_its_own_percentiles_and_lowest_outside(seed):
    torch.manual_seed(seed)
    structure, vertebra = patch()
    outside = structure == OUTSIDE_FIELD
    image = acquire_mr(render_random_contrast(structure, vertebra, 1.5) * 4000, outside, structure, 1.5)
    assert (image[outside] == -1.0).all()
    assert image.min() >= -1.0
    assert image.max() <= 1.4 + 1e-5
    assert image[~outside].quantile(0.999) > -0.4


def test_a_patch_all_outside_the_field_of_view_is_dark():
    everything = torch.ones(1, 1, 8, 8, 8, dtype=torch.bool)
    image = acquire_mr(torch.rand(1, 1, 8, 8, 8), everything, torch.zeros(1, 1, 8, 8, 8, dtype=torch.uint8), 1.5)
    assert (image == -1.0).all()
