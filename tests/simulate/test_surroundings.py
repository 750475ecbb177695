import numpy as np
import pytest
from scipy import ndimage

from spinemets.measure.canal import CanalAxis
from spinemets.simulate.surroundings import INVENTED, add_surroundings, smooth_noise
from spinemets.simulate.tissues import Tissue

SPACING_MM = 4.0
SHAPE = (90, 80, 24)
AXIS = CanalAxis(np.arange(SHAPE[2]), np.tile([45.0, 30.0], (SHAPE[2], 1)))


def spine_only():
    tissue = np.zeros(SHAPE, np.uint8)
    tissue[40:51, 33:43, 2:22] = Tissue.VERTEBRAL_BODY
    tissue[43:48, 18:27, 2:22] = Tissue.POSTERIOR_ELEMENTS
    tissue[43:48, 28:33, 2:22] = Tissue.CSF
    return tissue


def filled(seed, tissue=None, *, invented=True):
    tissue = spine_only() if tissue is None else tissue.copy()
    add_surroundings(tissue, AXIS, np.random.default_rng(seed), SPACING_MM, invented=invented)
    return tissue


@pytest.mark.parametrize("seed", range(4))
def test_what_is_known_is_not_painted_over(seed):
    known = spine_only()
    tissue = filled(seed)
    assert (tissue[known > 0] == known[known > 0]).all()


@pytest.mark.parametrize("seed", range(4))
def test_the_spine_lies_inside_a_body_that_air_surrounds(seed):
    tissue = filled(seed)
    body = tissue != Tissue.AIR
    _, pieces = ndimage.label(body)
    assert pieces == 1
    spine = ndimage.binary_dilation(spine_only() > 0, iterations=2)
    spine[:, :, [0, 1, -2, -1]] = False
    assert body[spine].mean() > 0.9  # the spinous process may reach the skin
    assert (~body).any()


@pytest.mark.parametrize("seed", range(4))
def test_muscle_lies_behind_and_beside_the_spine(seed):
    tissue = filled(seed)
    beside = np.s_[[45 - 6, 45 + 6], 30 - 7, 12]
    assert (tissue[beside] == Tissue.MUSCLE).all()


def test_nothing_is_invented_that_is_not_in_the_list():
    found = set(np.unique(filled(5))) - set(np.unique(spine_only()))
    assert found <= {int(t) for t in (*INVENTED, Tissue.SKIN, Tissue.AIR)}
    assert {int(Tissue.FAT), int(Tissue.MUSCLE)} <= found


def test_the_same_seed_is_the_same_body_and_another_one_is_not():
    assert (filled(1) == filled(1)).all()
    assert (filled(1) != filled(2)).any()


def test_round_a_labelled_torso_lies_fat_and_skin_and_its_organs_stay():
    torso = spine_only()
    torso[15:75, 20:60, 2:22] = np.where(torso[15:75, 20:60, 2:22] == 0, Tissue.LIVER, torso[15:75, 20:60, 2:22])
    torso[20:24, 30:50, 2:22] = Tissue.RIB
    tissue = filled(0, torso, invented=False)
    assert (tissue[torso > 0] == torso[torso > 0]).all()
    rim = (tissue != torso) & ndimage.binary_dilation(torso > 0)
    assert set(np.unique(tissue[rim])) <= {int(t) for t in (Tissue.FAT, Tissue.MUSCLE, Tissue.SKIN)}
    assert tissue[0, 0, 12] == Tissue.AIR


def test_empty_slices_of_a_torso_stay_empty():
    torso = np.zeros(SHAPE, np.uint8)
    torso[30:60, 20:50, 0:4] = Tissue.LIVER
    assert not filled(0, torso, invented=False)[:, :, 20:].any()


@pytest.mark.parametrize("scale", [4.0, 9.0])
def test_noise_has_unit_variance_and_varies_over_its_scale(scale):
    noise = smooth_noise((40, 33, 50), scale, np.random.default_rng(0))
    assert noise.shape == (40, 33, 50)
    assert noise.mean() == pytest.approx(0, abs=1e-3)
    assert noise.std() == pytest.approx(1, abs=1e-3)
    step = np.diff(noise, axis=2).std()
    assert 0.3 / scale < step < 3 / scale
