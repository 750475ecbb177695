import dataclasses

import numpy as np
import pytest
from knowing_networks import card

from spinemets.inference import input_scale as module
from spinemets.inference.canal_preprocess import SignalRange
from spinemets.inference.input_scale import input_scale, without_padding
from spinemets.inference.locate import FILL_HU
from spinemets.volume import Volume

SIGNAL = np.arange(1000.0).reshape(10, 10, 10).transpose(2, 0, 1)


def mr_card(**percentiles):
    return dataclasses.replace(card("spine_mr", 1.5, (8, 8, 8), ()), signal_range=SignalRange(**percentiles))


def test_the_percentiles_of_an_image_become_minus_one_and_one():
    scale = input_scale(Volume(SIGNAL, np.eye(4)), mr_card(low=10.0, high=90.0))
    assert scale.normalise(np.array([99.9, 899.1])) == pytest.approx([-1.0, 1.0])
    assert scale.normalise(np.array([0.0, 999.0])) == pytest.approx([-1.0, 1.25])
    assert scale.normalise(np.float32(scale.fill)) == pytest.approx(-1.0)
    assert scale.fill == pytest.approx(99.9)


def test_what_is_brighter_than_the_range_is_cut():
    scale = input_scale(Volume(SIGNAL, np.eye(4)), mr_card(low=0.0, high=50.0, most=1.4))
    assert scale.normalise(np.array([999.0])) == pytest.approx([1.4])


@pytest.mark.parametrize("value", [0, -5, 700])
def test_planes_of_one_value_round_an_image_do_not_move_its_percentiles(value):
    padded = np.pad(SIGNAL, ((3, 0), (0, 9), (4, 4)), constant_values=value)
    assert without_padding(padded) == pytest.approx(SIGNAL)
    assert (
        input_scale(Volume(padded, np.eye(4)), mr_card()).fill == input_scale(Volume(SIGNAL, np.eye(4)), mr_card()).fill
    )


def test_an_image_of_one_value_is_no_padding_and_has_a_scale():
    flat = np.full((4, 5, 6), 7, np.int16)
    assert without_padding(flat).shape == flat.shape
    scale = input_scale(Volume(flat, np.eye(4)), mr_card())
    assert scale.normalise(np.array([7.0])) == pytest.approx([-1.0])


def test_of_a_large_image_a_regular_part_is_looked_at(monkeypatch):
    monkeypatch.setattr(module, "LARGEST_SAMPLE", 200)
    seen = []

    def of(self, signal):
        seen.append(signal.size)
        return 0.0, 1.0

    monkeypatch.setattr(SignalRange, "of", of)
    input_scale(Volume(SIGNAL, np.eye(4)), mr_card())
    assert seen == [125]


def test_a_ct_is_scaled_by_its_window_whatever_it_shows():
    own = card("spine", 1.5, (8, 8, 8), ())
    scale = input_scale(Volume(SIGNAL, np.eye(4)), own)
    assert (scale.fill, scale.normalise) == (FILL_HU, own.window)
