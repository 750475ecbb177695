"""What a fractured body shows on MR, on a body made of a block, and how often, by figures of the papers."""

from dataclasses import replace

import numpy as np
import pytest

from spinemets.anatomy import Level, Subregion
from spinemets.simulate import mr, mr_disease, mr_fracture
from spinemets.simulate.disease import Disease, FractureTruth
from spinemets.simulate.mr import MrAcquisition, render_mr
from spinemets.simulate.mr_fracture import DRAWN, FROM_CT, mr_signs
from spinemets.simulate.tissues import LabelledAnatomy, Tissue

SHAPE, BODY = (60, 80, 60), (slice(15, 45), slice(25, 61), slice(15, 45))
TOP, BOTTOM, MUSCLE = (30, 43, 40), (30, 43, 20), (30, 8, 30)
QUIET = MrAcquisition(noise=0.0, coil=0.0, gap=0.0, slice_mm=3.0, slices=9)
NONE = dict.fromkeys((*DRAWN, *FROM_CT), False)


@pytest.fixture(name="anatomy")
def _anatomy(monkeypatch):
    """A body of 30 mm in muscle at 1 mm, without inner structure and with no variation between patients."""
    for module, name in ((mr, "PATCHY"), (mr, "TEXTURE"), (mr, "VARIATION"), (mr_disease, "GRAIN")):
        monkeypatch.setattr(module, name, 0.0)
    tissue = np.full(SHAPE, Tissue.MUSCLE, np.uint8)
    tissue[BODY] = Tissue.VERTEBRAL_BODY
    vertebra = np.where(tissue == Tissue.VERTEBRAL_BODY, Level.L3.verse_id, 0).astype(np.uint8)
    subregion = np.where(vertebra > 0, Subregion.BODY, 0).astype(np.uint8)
    return LabelledAnatomy(tissue, vertebra, subregion, np.eye(4), {}, "block")


def broken(anatomy, cause="osteoporotic"):
    nothing = np.zeros(SHAPE, np.uint8)
    fracture = FractureTruth(Level.L3, cause, {}, 0.0, {})
    return Disease(anatomy, (), nothing, nothing, fractures=(fracture,))


@pytest.fixture(name="seen")
def _seen(anatomy, monkeypatch):
    """Function of signs, sequence and cause to the signal by that of muscle at some places, an ADC in 10⁻³ mm²/s."""

    def shown(signs, sequence, cause="osteoporotic", seed=1):
        monkeypatch.setattr(mr_disease, "mr_signs", lambda *_: NONE | signs)
        disease = broken(anatomy, cause)
        image = render_mr(disease.anatomy, seed, replace(QUIET, sequence=sequence), disease)

        def at(place):
            i, j, k = np.round(image.index(np.array(place, float))).astype(int)
            return float(image.array[i - 2 : i + 3, j - 2 : j + 3, k].mean())

        scale = 1000.0 if sequence == "adc" else at(MUSCLE)
        return {name: at(place) / scale for name, place in (("top", TOP), ("bottom", BOTTOM))}, image

    return shown


def test_a_band_is_dark_on_t1_below_the_broken_plate_and_leaves_the_marrow_below_it(seen):
    band, _ = seen({"t1_band": True}, "t1")
    sound, _ = seen({}, "t1")
    assert band["top"] < 0.85 * sound["top"]
    assert band["bottom"] == pytest.approx(sound["bottom"], rel=0.02)
    bright, _ = seen({"t1_band": True}, "stir")
    assert bright["top"] > 2 * bright["bottom"]


@pytest.mark.parametrize(("cause", "least", "most"), [("osteoporotic", 0.9, 1.5), ("metastatic", 0.8, 1.25)])
def test_diffuse_dark_marrow_takes_the_whole_body(seen, cause, least, most):
    """Oedema has 0.9 to 1.3 of the signal of muscle, tumour 0.8 to 0.95; up to an eighth of the marrow is left."""
    signal, _ = seen({"t1_diffuse": True}, "t1", cause)
    assert signal["bottom"] == pytest.approx(signal["top"], rel=0.1)
    assert least <= signal["top"] <= most


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("cause", ["osteoporotic", "metastatic"])
def test_signs_decide_what_dark_marrow_does(seen, cause, seed):
    """By clinical.md: an ADC over 1.4 or at most 1.0, a drop of more than a fifth or none, uptake over 2 or under 1.8.

    Up to an eighth of healthy marrow remains, which shifts each towards its own values.
    """
    ill = {"t1_diffuse": True}
    adc = {high: seen(ill | {"high_adc": high}, "adc", cause, seed)[0]["top"] for high in (True, False)}
    assert adc[True] > 1.3
    assert adc[False] < 1.05
    for drops in (True, False):
        inside, out = (
            seen(ill | {"opposed_phase_drop": drops}, name, cause, seed)[0] for name in ("in_phase", "out_phase")
        )
        lost = 1 - out["top"] / inside["top"]
        assert (lost > 0.2) == drops
    taken = {strong: seen(ill | {"intense_uptake": strong}, "t1_gd", cause, seed)[0]["top"] for strong in (True, False)}
    assert taken[True] > 1.2 * taken[False]


def test_fluid_is_as_bright_as_csf_on_t2_in_a_flat_cleft_below_the_plate(seen):
    """CSF has 8 to 10 of the signal of muscle; a flat cleft is mixed with marrow by the thickness of a slice."""
    _, wet = seen({"fluid_sign": True}, "t2")
    _, dry = seen({}, "t2")
    bright = np.argwhere(wet.array.astype(float) > dry.array + 250.0)
    places = np.array([wet.world(one) for one in bright])
    assert len(bright) > 20
    assert np.ptp(places[:, 2]) < 6.0
    assert 45 - places[:, 2].mean() == pytest.approx(4.5, abs=1.3)
    assert np.abs(places[:, 1].mean() - 42.5) < 3.0


def test_a_patient_has_the_same_signs_in_every_image_and_others_have_others():
    fracture = FractureTruth(Level.L1, "osteoporotic", {}, 0.0, {"retropulsion": True, "pedicle_destroyed": False})
    assert mr_signs(fracture, 7) == mr_signs(fracture, 7)
    assert len({tuple(mr_signs(fracture, seed).items()) for seed in range(30)}) > 10
    signs = mr_signs(fracture, 7)
    assert (signs["retropulsion_mr"], signs["posterior_elements_dark"]) == (True, False)


@pytest.mark.parametrize(
    ("sign", "osteoporotic", "metastatic"),
    [
        ("fluid_sign", 0.40, 0.06),  # Baur 2002
        ("high_adc", 0.91, 0.08),  # Suh 2018, pooled
        ("t1_diffuse", 27 / 89, 20 / 27),  # two Korean series
        ("t1_band", 35 / 75, 0.15),  # Ahn 2016; ours
        ("opposed_phase_drop", 0.85, 0.12),  # ours
        ("intense_uptake", 0.35, 0.65),  # ours
    ],
)
def test_signs_are_as_frequent_as_published_widened_towards_one_half(sign, osteoporotic, metastatic):
    for cause, published in (("osteoporotic", osteoporotic), ("metastatic", metastatic)):
        fracture = FractureTruth(Level.T12, cause, {}, 0.0, {})
        share = np.mean([mr_signs(fracture, seed)[sign] for seed in range(1500)])
        assert share == pytest.approx(published, abs=0.09)
        assert abs(share - 0.5) <= abs(published - 0.5) + 0.04


def test_a_fracture_that_the_anatomy_does_not_hold_changes_nothing(anatomy):
    other = replace(broken(anatomy).fractures[0], level=Level.T9)
    flat = np.full(SHAPE, 1.5, np.float32)
    mr_fracture.lay_marrow(flat, broken(anatomy), other, NONE | {"t1_band": True}, "t1", np.random.default_rng(0))
    mr_fracture.lay_fluid(flat, broken(anatomy), other, "t1", np.random.default_rng(0))
    assert (flat == 1.5).all()
