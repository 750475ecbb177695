import numpy as np
import pytest

from spinemets.inference.preprocess import CtWindow

HU = np.array([-3000, -1000, 100, 600, 1500, 3071], np.float32)


def test_hu_are_clipped_centred_and_scaled():
    assert CtWindow()(HU) == pytest.approx([-2.2, -2.2, 0.0, 1.0, 2.8, 2.8])
    assert CtWindow(-200, 300, 50, 250)(HU) == pytest.approx([-1, -1, 0.2, 1, 1, 1])


def test_training_and_use_normalise_alike():
    torch = pytest.importorskip("torch", reason="training needs the extra [train]")
    assert CtWindow()(torch.from_numpy(HU)).numpy() == pytest.approx(CtWindow()(HU))
