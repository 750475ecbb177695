"""Diffusion, phases and contrast medium, against the table of clinical.md §3.5 typed in a second time."""

from dataclasses import replace

import numpy as np
import pytest

from spinemets.anatomy import LesionLabel, Level, Subregion
from spinemets.simulate import mr, mr_disease
from spinemets.simulate.disease import Deposit, Disease
from spinemets.simulate.fracture_marks import FLUID_HU
from spinemets.simulate.mr import MrAcquisition, random_mr_acquisition, render_mr
from spinemets.simulate.mr_functional import MATTER_FUNCTION, SEQUENCES, TISSUE_FUNCTION, adc_map, matter_range
from spinemets.simulate.mr_signals import MATTER, TISSUES
from spinemets.simulate.tissues import LabelledAnatomy, Tissue

SHAPE = (60, 80, 60)
BODY, NODE = (slice(18, 42), slice(20, 44), slice(4, 28)), (slice(24, 36), slice(26, 38), slice(10, 22))
PLACES = {
    "marrow": (30, 22, 26),
    "disease": (30, 32, 16),
    "muscle": (30, 70, 50),
    "csf": (30, 32, 46),
    "air": (30, 70, 8),
}
QUIET = MrAcquisition(noise=0.0, coil=0.0, gap=0.0, slice_mm=3.0, slices=9)


@pytest.fixture(name="anatomy")
def _anatomy(monkeypatch):
    """A body in muscle at 1 mm with CSF above it and air before it; tissue has no inner structure."""
    for module, name in ((mr, "PATCHY"), (mr, "TEXTURE"), (mr, "VARIATION"), (mr_disease, "GRAIN")):
        monkeypatch.setattr(module, name, 0.0)
    tissue = np.full(SHAPE, Tissue.MUSCLE, np.uint8)
    tissue[BODY] = Tissue.VERTEBRAL_BODY
    tissue[20:40, 22:42, 36:56] = Tissue.CSF
    tissue[:, 60:, :20] = Tissue.AIR
    vertebra = np.where(tissue == Tissue.VERTEBRAL_BODY, Level.L3.verse_id, 0).astype(np.uint8)
    subregion = np.where(vertebra > 0, Subregion.BODY, 0).astype(np.uint8)
    return LabelledAnatomy(tissue, vertebra, subregion, np.eye(4), {}, "blocks")


def ill(anatomy, label, hu):
    lesions = np.zeros(SHAPE, np.uint8)
    lesions[NODE] = label
    node = Deposit(NODE, np.ones([axis.stop - axis.start for axis in NODE], np.float32), hu)
    return Disease(anatomy, (node,), lesions, np.zeros(SHAPE, np.uint8))


def seen(anatomy, sequence, disease=None, seed=1):
    """Signal at every place of `PLACES`."""
    image = render_mr(anatomy, seed, replace(QUIET, sequence=sequence), disease)
    index = {name: np.round(image.index(np.array(place, float))).astype(int) for name, place in PLACES.items()}
    return {name: float(image.array[tuple(at)]) for name, at in index.items()}


@pytest.mark.parametrize("seed", range(3))
def test_tissues_have_the_adc_of_the_table(anatomy, seed):
    """Muscle 1.3 to 1.5, CSF 3.0, marrow 0.3 to 0.7; air has no ADC."""
    adc = {name: value / 1000 for name, value in seen(anatomy, "adc", seed=seed).items()}
    assert 1.3 <= adc["muscle"] <= 1.5
    assert adc["csf"] == pytest.approx(3.0, abs=0.1)  # of a stored signal of 30
    assert 0.3 <= adc["marrow"] <= 0.7
    assert adc["air"] == 0


@pytest.mark.parametrize(
    ("label", "hu", "adc", "opposed", "enhanced"),
    [
        (LesionLabel.LYTIC, 50.0, (0.8, 1.0), (0.96, 1.2), (2.0, 2.6)),
        (LesionLabel.BLASTIC, 650.0, (0.4, 0.8), (0.9, 1.05), (0.8, 1.6)),
        (0, FLUID_HU, (2.5, 3.0), (1.0, 1.0), (0.6, 0.8)),
    ],
    ids=["lytic", "blastic", "fluid"],
)
@pytest.mark.parametrize("seed", range(3))
def test_disease_has_the_adc_phase_and_uptake_of_the_table(anatomy, label, hu, adc, opposed, enhanced, seed):
    disease = ill(anatomy, label, hu)
    signal = {name: seen(disease.anatomy, name, disease, seed)["disease"] for name in (*SEQUENCES, "adc")}
    assert adc[0] - 0.02 <= signal["adc"] / 1000 <= adc[1] + 0.02
    assert opposed[0] - 0.03 <= signal["out_phase"] / signal["in_phase"] <= opposed[1] + 0.03
    assert 100 * enhanced[0] - 1 <= signal["t1_gd"] <= 100 * enhanced[1] + 1


@pytest.mark.parametrize("seed", range(4))
def test_marrow_loses_signal_out_of_phase_and_muscle_does_not(anatomy, seed):
    """Between pure fatty marrow, of which 0.30 is left, and red, of which 0.5 to 0.7; muscle keeps 0.95 to 1."""
    inside, out = seen(anatomy, "in_phase", seed=seed), seen(anatomy, "out_phase", seed=seed)
    assert 0.28 <= out["marrow"] / inside["marrow"] <= 0.7
    assert 0.95 <= out["muscle"] / inside["muscle"] <= 1.0


def test_muscle_takes_up_a_tenth_and_marrow_hardly_any(anatomy):
    before, after = seen(anatomy, "t1"), seen(anatomy, "t1_gd")
    assert after["muscle"] / before["muscle"] == pytest.approx(1.1, abs=0.02)
    assert 1.0 < after["marrow"] / before["marrow"] < 1.1


@pytest.mark.parametrize("pair", [("t1", "t1_gd"), ("in_phase", "out_phase"), ("dwi_b0", "adc"), ("dwi_high", "adc")])
def test_images_that_are_compared_lie_on_one_stack(anatomy, pair):
    first, second = (render_mr(anatomy, 4, random_mr_acquisition(4, name)) for name in pair)
    assert np.array_equal(first.affine, second.affine)
    assert first.shape == second.shape


def test_an_adc_map_is_the_logarithm_of_two_images_and_nothing_where_there_is_no_signal():
    """1.25 ln(300/100) = 1.373; a weighted image that is the brighter one has no ADC below 0."""
    unweighted, weighted = np.array([300.0, 300.0, 4.0, 90.0]), np.array([100.0, 2.0, 100.0, 100.0])
    assert adc_map(unweighted, weighted, least=5.0).tolist() == [1373, 0, 0, 0]


def test_every_tissue_and_matter_has_all_signals_and_least_is_not_more_than_most():
    assert set(TISSUE_FUNCTION) == set(TISSUES)
    assert set(MATTER_FUNCTION) == set(MATTER)
    for matter in MATTER:
        for sequence in SEQUENCES:
            low, high = matter_range(matter, sequence)
            assert 0 <= low <= high
