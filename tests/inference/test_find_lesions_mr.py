"""What the lesion network for MR sees: sequences of a patient made of boxes, beside the signal of marrow."""

import dataclasses

import numpy as np
import pytest
from oblique import world_of
from test_find_lesions import BALLS, BONE_HU, CARD, ball_ml, patient

from spinemets.anatomy import LesionLabel
from spinemets.geometry import Grid, crop
from spinemets.inference.canal_preprocess import SignalRange
from spinemets.inference.lesion_classes import MR_LESION_INPUTS
from spinemets.inference.lesions import MrLesionModel, find_lesions
from spinemets.inference.marrow_scale import MarrowScale

SCALE = MarrowScale()
CHANNELS = list(MR_LESION_INPUTS)
MR_CARD = dataclasses.replace(
    CARD,
    name="lesion_mr",
    signal_range=SignalRange(0.0, 100.0, 1.4),
    details={"input": {"channels": CHANNELS, "marrow_scale": dataclasses.asdict(SCALE)}},
)
BLACK, BRIGHT = 0.0, 400.0
SIGNALS = {"lytic": (*BALLS["lytic"][:2], 90.0), "blastic": (*BALLS["blastic"][:2], BRIGHT)}


def input_of(ratio):
    """The value of a signal of so many times that of marrow, as the definition has it."""
    return np.clip(np.log2((ratio + SCALE.floor) / (1 + SCALE.floor)), SCALE.least, SCALE.most)


def mr(stored, balls):
    """Image and mask: marrow of 200 in what has no signal, and balls in it."""
    hu, mask = patient(stored, balls)
    image = hu.with_array(np.where(hu.array == 40.0, BLACK, hu.array).astype(np.float32))
    return image, mask


def seen_by(images, mask):
    """All windows that the network is shown, and the lesions of one that takes dark on T1 and bright on STIR."""
    windows = []

    def network(batch):
        windows.append(batch.copy())
        t1, bone, stir = (batch[:, CHANNELS.index(name)] for name in ("t1", "vertebra", "stir"))
        output = np.zeros((len(batch), 3, *t1.shape[1:]), np.float32)
        output[:, 0] = 5.0
        output[:, 1][(bone > 0) & (t1 < input_of(0.725))] = 10.0
        output[:, 2][(bone > 0) & (stir > input_of(1.5))] = 10.0
        return output

    return windows, find_lesions(images, mask, MrLesionModel(network, MR_CARD))


@pytest.mark.parametrize(("gain", "offset"), [(1.0, 0.0), (37.0, 500.0)])
def test_lesions_are_found_by_two_sequences_on_grids_of_their_own_whatever_their_scale(gain, offset):
    t1, mask = mr(1, {"lytic": SIGNALS["lytic"]})
    stir, _ = mr(2, {"blastic": SIGNALS["blastic"]})
    assert t1.shape != stir.shape
    t1, stir = (one.with_array(one.array * np.float32(gain) + np.float32(offset)) for one in (t1, stir))
    windows, found = seen_by({"t1": t1, "stir": stir}, mask)
    assert found.shape == t1.shape
    for label, name in ((LesionLabel.LYTIC, "lytic"), (LesionLabel.BLASTIC, "blastic")):
        own = found.array == label
        assert own.sum() * t1.voxel_volume_mm3 / 1000 == pytest.approx(ball_ml(BALLS[name][1]), rel=0.25)
        assert world_of(Grid.of(t1))[own].mean(axis=0) == pytest.approx(BALLS[name][0], abs=0.8)
    every = np.concatenate(windows)
    for name, signal in (("t1", 90.0), ("stir", BRIGHT)):
        values = every[:, CHANNELS.index(name)]
        assert np.median(values[every[:, 1] > 0]) == pytest.approx(0.0, abs=1e-4)
        extreme = values.max() if signal > BONE_HU else values[every[:, 1] > 0].min()
        assert extreme == pytest.approx(input_of(signal / BONE_HU), abs=0.03)


def test_a_sequence_that_is_not_given_is_black_and_one_that_shows_no_vertebra_as_well():
    t1, mask = mr(0, {"lytic": SIGNALS["lytic"]})
    affine = t1.affine.copy()
    affine[:3, 3] += 500.0
    elsewhere = dataclasses.replace(t1, affine=affine)
    windows, found = seen_by({"t1": t1, "stir": elsewhere, "dwi_b0": t1}, mask)
    for name in ("t2", "stir"):
        assert all((one[:, CHANNELS.index(name)] == SCALE.least).all() for one in windows)
    assert set(np.unique(found.array)) == {0, LesionLabel.LYTIC}


def test_marrow_is_the_median_over_what_of_the_vertebrae_a_series_shows():
    t1, mask = mr(0, {})
    lower = np.argwhere(mask.array == 21)
    part = crop(mask, lower.min(axis=0), lower.max(axis=0) + 1)
    t2 = part.with_array(np.where(part.array == 21, 50.0, BLACK).astype(np.float32))
    windows, _ = seen_by({"t1": t1, "t2": t2}, mask)
    every = np.concatenate(windows)
    values = every[:, CHANNELS.index("t2")][every[:, 1] > 0]
    assert (values == SCALE.least).mean() > 0.3  # the upper vertebra
    assert np.median(values[values > SCALE.least]) == pytest.approx(0.0, abs=1e-4)
