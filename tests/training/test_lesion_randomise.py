import pytest
import torch

from spinemets.anatomy import LesionLabel, Level, Subregion
from spinemets.datasets.disease_overlay import FULL
from spinemets.inference.preprocess import CtWindow
from spinemets.simulate.tissues import Tissue
from spinemets.training import ct_contrast, lesion_randomise
from spinemets.training.lesion_randomise import FAR_WEIGHT, LesionRandomiser

SIZE, PATCH = 48, 32
MIDDLE = (slice(20, 28),) * 3


def crop(label=LesionLabel.LYTIC, keep=0, add=50, rise=0):
    """A vertebra of 24 voxels in fat, with a cube of other matter in its middle."""
    structure = torch.full((SIZE,) * 3, int(Tissue.FAT), dtype=torch.uint8)
    vertebra = torch.zeros_like(structure)
    body = (slice(12, 36),) * 3
    structure[body], vertebra[body] = int(Subregion.BODY), Level.L2.verse_id
    lesion, kept, risen = (torch.zeros_like(structure), torch.full_like(structure, FULL), torch.zeros_like(structure))
    added = torch.zeros(structure.shape, dtype=torch.int16)
    lesion[MIDDLE], kept[MIDDLE], added[MIDDLE], risen[MIDDLE] = int(label), keep, add, rise
    parts = {"structure": structure, "vertebra": vertebra, "lesion": lesion, "keep": kept, "add": added, "rise": risen}
    return {name: part[None] for name, part in parts.items()}


@pytest.fixture
def no_scanner(monkeypatch):
    """Images as they are before the scanner."""
    monkeypatch.setattr(lesion_randomise, "acquire_ct", lambda image, outside, voxel_mm: image)


def hu(batch):
    window = CtWindow()
    return batch.image[:, 0] * window.scale_hu + window.centre_hu


def test_a_patch_has_the_ct_the_mask_its_classes_and_its_weights():
    one = crop()
    batch = LesionRandomiser(PATCH)({name: torch.cat([part, part]) for name, part in one.items()})
    assert batch.image.shape == (2, 3, PATCH, PATCH, PATCH)
    assert batch.image.dtype == torch.float32
    assert torch.isfinite(batch.image).all()
    assert set(batch.image[:, 1].unique().tolist()) <= {0.0, 1.0}
    assert batch.image[:, 2].numpy() == pytest.approx((hu(batch).clip(-100, 650).numpy() - 150) / 150, abs=1e-4)
    assert batch.target.dtype == torch.int64
    assert batch.target.shape == batch.weight.shape == (2, PATCH, PATCH, PATCH)
    assert not torch.equal(batch.image[0], batch.image[1])


@pytest.mark.parametrize(("label", "number"), [(LesionLabel.LYTIC, 1), (LesionLabel.BLASTIC, 2)])
def test_targets_are_the_labels_where_they_were_drawn(label, number):
    batch = LesionRandomiser(PATCH, augment=False)(crop(label))
    expected = torch.zeros(PATCH, PATCH, PATCH, dtype=torch.int64)
    expected[12:20, 12:20, 12:20] = number
    assert torch.equal(batch.target[0], expected)


@pytest.mark.parametrize("contrast", [False, True])
def test_matter_is_laid_over_the_image_and_enhances_only_after_contrast_medium(contrast, monkeypatch, no_scanner):
    monkeypatch.setattr(lesion_randomise, "CONTRAST_SHARE", float(contrast))
    batch = LesionRandomiser(PATCH, augment=False)(crop(keep=0, add=50, rise=40))
    assert hu(batch)[0, 14:18, 14:18, 14:18].numpy() == pytest.approx(90.0 if contrast else 50.0, abs=0.1)


def test_bone_beside_known_disease_holds_no_other(monkeypatch):
    invented = []

    def add(image, bone):
        invented.append(True)
        return image

    monkeypatch.setattr(ct_contrast, "_add_disease", add)
    LesionRandomiser(PATCH, augment=False)(crop())
    assert not invented
    ct_contrast.render_ct(crop()["structure"][None], crop()["vertebra"][None], 1.5)
    assert invented


def test_deformed_matter_stays_with_its_label(no_scanner):
    deform = LesionRandomiser(PATCH)
    for _ in range(4):
        batch = deform(crop(LesionLabel.BLASTIC, keep=0, add=1500))
        dense = hu(batch)[0] > 700
        inside = batch.target[0] == 2
        if inside.any():
            assert dense[inside].float().mean() > 0.8


def test_voxels_near_a_vertebra_count_in_full_and_others_little():
    one = crop(label=0)
    one["vertebra"][:, :, :, 16:] = 0
    batch = LesionRandomiser(PATCH, augment=False)(one)
    near = batch.weight[0]
    assert near.unique().tolist() == pytest.approx([FAR_WEIGHT, 1.0])
    assert (near[..., : 8 + 7] == 1.0).all()  # 10 mm are 7 voxels; the vertebra ends before the 8th of the patch
    assert (near[..., 8 + 7 :] < 1.0).all()


def test_what_lies_outside_the_field_of_view_is_no_lesion(monkeypatch):
    def lower_half(structure, voxel_mm, cut, cuts):
        return torch.arange(structure.shape[-1]).expand(structure.shape) < 16

    monkeypatch.setattr(lesion_randomise, "beyond_field_of_view", lower_half)
    for _ in range(4):
        assert (LesionRandomiser(PATCH)(crop()).target[..., :16] == 0).all()


@pytest.mark.parametrize(("hu", "counted"), [(115, 0.0), (125, 0.0), (60, 1.0), (200, 1.0)])
def test_a_lesion_that_looks_like_the_marrow_round_it_is_not_learnt_from(hu, counted, monkeypatch, no_scanner):
    monkeypatch.setattr(lesion_randomise, "render_ct", lambda structure, *_, **__: torch.full(structure.shape, 120.0))
    monkeypatch.setattr(lesion_randomise, "uneven", lambda image, *_: image)
    batch = LesionRandomiser(PATCH, augment=False)(crop(add=hu))
    lesion = batch.target > 0
    assert (batch.weight[lesion] == counted).all()
    assert batch.weight[0, 8, 8, 8] == 1.0


def test_parts_of_a_lesion_in_two_vertebrae_are_each_seen_or_not():
    lesion, vertebra = (torch.zeros((1, 1, 8, 8, 8)) for _ in range(2))
    lesion[..., 2:6, :, :] = 1
    vertebra[..., :4, :, :], vertebra[..., 4:, :, :] = Level.L1.verse_id, Level.L2.verse_id
    change = torch.where(vertebra == Level.L1.verse_id, 100.0, 0.0)
    hidden = lesion_randomise.unseen(lesion, vertebra, change, voxel_mm=8.0)
    assert torch.equal(hidden, (lesion > 0) & (vertebra == Level.L2.verse_id))


def test_marrow_is_that_which_was_asked_for():
    structure = torch.full((1, 1, 24, 24, 24), int(Subregion.BODY), dtype=torch.uint8)
    image = ct_contrast.render_ct(structure, torch.zeros_like(structure), 1.5, marrow_hu=-5000.0, invent_disease=False)
    assert image[..., 8:16, 8:16, 8:16].median() == pytest.approx(-5000, abs=300)
