import numpy as np
import pytest

from spinemets.anatomy import Level
from spinemets.geometry import Grid
from spinemets.simulate.ct import render_ct
from spinemets.simulate.ct_acquisition import CtAcquisition, acquisition_grid, random_acquisition
from spinemets.simulate.masks import render_masks
from spinemets.simulate.parametric import parametric_anatomy
from spinemets.simulate.tissue_values import CT_NUMBER, Phase, trabecular_hu
from spinemets.simulate.tissues import LabelledAnatomy, Tissue


@pytest.fixture(scope="module")
def lumbar():
    return parametric_anatomy(2, spacing_mm=2.0, field=(Level.L1, Level.L3), variant="usual")


def block(tissue, background=Tissue.MUSCLE, spacing=1.0, vertebra=0):
    """A cube of 20 voxels of a tissue in the middle of one of 40."""
    labels = np.full((40, 40, 40), background, np.uint8)
    labels[10:30, 10:30, 10:30] = tissue
    ids = np.where(labels == tissue, vertebra, 0).astype(np.uint8)
    affine = np.diag([spacing, spacing, spacing, 1.0])
    return LabelledAnatomy(labels, ids, np.where(ids > 0, 50, 0).astype(np.uint8), affine)


QUIET = CtAcquisition(spacing_mm=(1.0, 1.0, 1.0), noise_hu=0.0)


def test_soft_tissues_have_their_published_numbers():
    for tissue in (Tissue.MUSCLE, Tissue.CSF, Tissue.DISC, Tissue.EPIDURAL_FAT):
        means = [render_ct(block(tissue), seed, QUIET).array[15:25, 15:25, 15:25].mean() for seed in range(4)]
        number = CT_NUMBER[tissue]
        assert np.mean(means) == pytest.approx(number.mean, abs=2 * number.between)


def test_marrow_loses_two_and_a_half_hu_a_year():
    def marrow(age):
        scan = CtAcquisition(spacing_mm=(1.0, 1.0, 1.0), noise_hu=0.0, age=age)
        body = block(Tissue.VERTEBRAL_BODY, vertebra=20)
        return np.mean([render_ct(body, seed, scan).array[14:26, 14:26, 14:26].mean() for seed in range(6)])

    # The same seeds draw the same people, so only the age differs: 40 years, 100 HU, times their mean share.
    assert marrow(40.0) - marrow(80.0) == pytest.approx(100.0, rel=0.25)
    assert trabecular_hu(25.0) == 226.0


def test_a_body_has_a_shell_denser_than_its_marrow():
    image = render_ct(block(Tissue.VERTEBRAL_BODY, vertebra=20), 1, QUIET).array
    shell, inside = image[10, 15:25, 15:25].mean(), image[15:25, 15:25, 15:25].mean()
    assert 250 < shell < 900
    assert shell > inside + 80


@pytest.mark.parametrize("phase", [Phase.ARTERIAL, Phase.VENOUS])
def test_iodine_brightens_the_aorta(phase):
    def aorta(p):
        scan = CtAcquisition(spacing_mm=(1.0, 1.0, 1.0), noise_hu=0.0, phase=p)
        return render_ct(block(Tissue.ARTERY), 3, scan).array[15:25, 15:25, 15:25].mean()

    assert aorta(phase) > aorta(Phase.NONE) + 60


def test_noise_has_the_standard_deviation_asked_for():
    scan = CtAcquisition(spacing_mm=(1.0, 1.0, 1.0), noise_hu=30.0)
    plain = block(Tissue.CSF, Tissue.CSF)
    assert render_ct(plain, 1, scan).array[5:35, 5:35, 5:35].std() == pytest.approx(30.0, rel=0.15)


def test_a_slice_is_the_mean_over_its_thickness():
    labels = np.full((12, 12, 12), Tissue.FAT, np.uint8)
    labels[:, :, 6:] = Tissue.METAL  # a step half-way: the slice that straddles it is half metal
    anatomy = LabelledAnatomy(labels, np.zeros_like(labels), np.zeros_like(labels), np.eye(4))
    image = render_ct(anatomy, 0, CtAcquisition(spacing_mm=(1.0, 1.0, 4.0), noise_hu=0.0)).array[6, 6]
    assert image[0] == pytest.approx(-102, abs=25)
    assert image[1] == pytest.approx((3000 - 102) / 2, abs=60)
    assert image[2] == pytest.approx(3000, abs=5)


def test_a_turned_scan_shows_the_same_patient_in_the_same_place(lumbar):
    scan = CtAcquisition(spacing_mm=(1.5, 1.5, 2.0), rotation_deg=(9.0, -6.0, 4.0), noise_hu=5.0)
    image = render_ct(lumbar, 4, scan)
    masks = render_masks(lumbar, Grid.of(image))
    lumbar_axes = image.affine[:3, :3] / image.spacing_mm
    assert np.abs(lumbar_axes - np.eye(3)).max() > 0.05
    body = masks.tissue.array == Tissue.VERTEBRAL_BODY
    assert image.array[body].mean() > image.array[masks.tissue.array == Tissue.MUSCLE].mean() + 60
    own = masks.vertebrae.array == Level.L2.verse_id
    centroid = image.world(np.argwhere(own & body).mean(axis=0))
    assert np.linalg.norm(centroid - lumbar.centres_mm[Level.L2]) < 2.5


def test_masks_name_the_cord_and_the_sac(lumbar):
    masks = render_masks(lumbar, Grid(lumbar.tissue.shape, lumbar.affine))
    assert (masks.vertebrae.array == lumbar.vertebra).all()
    assert (masks.subregions.array == lumbar.subregion).all()
    assert ((masks.canal.array == 2) == (lumbar.tissue == Tissue.CSF)).all()
    assert ((masks.canal.array == 1) == (lumbar.tissue == Tissue.CORD)).all()


def test_same_seed_same_image(lumbar):
    first, second, other = (render_ct(lumbar, seed, QUIET).array for seed in (5, 5, 6))
    assert first.dtype == np.int16
    assert (first == second).all()
    assert (first != other).any()


def test_a_random_scan_is_within_what_scanners_do():
    for seed in range(20):
        scan = random_acquisition(seed)
        assert 0.6 <= scan.spacing_mm[0] < 1.0 <= scan.spacing_mm[2] <= 3.0
    assert random_acquisition(1, age=70.0).age == 70.0


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"spacing_mm": (1.0, 0.0, 1.0)}, "positive, got"),
        ({"sharpness": 1.5}, "got 1.5"),
        ({"noise_hu": -2.0}, "got -2.0"),
    ],
)
def test_impossible_scans_are_refused(wrong, message):
    with pytest.raises(ValueError, match=message):
        CtAcquisition(**wrong)


def test_slices_turned_too_far_are_refused(lumbar):
    with pytest.raises(ValueError, match=r"at most 45 degrees, got \(0.0, 60.0, 0.0\)"):
        acquisition_grid(lumbar, CtAcquisition(rotation_deg=(0.0, 60.0, 0.0)))
