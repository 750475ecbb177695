"""How much more of a cord there is than a straight line between slices above and below makes of it.

Healthy means are those of `clinical.md` §3.3, heights of bodies those of Panjabi, both typed here once more.
"""

import nibabel
import numpy as np
import pytest

from spinemets.anatomy import Level
from spinemets.measure.canal_bend import Bend, bends, healthy_bend
from spinemets.measure.canal_reference import slice_references, worst_kind
from spinemets.measure.canal_slices import canal_stack
from spinemets.volume import Volume

BODY = {"T6": 17.5, "T7": 18.0, "T8": 18.5}
AREA = {"T6": 34.9, "T7": 35.6, "T8": 37.3}
TO_T6 = (BODY["T6"] + BODY["T7"]) / 2 + 5.0  # from the middle of T7, over a disc
TO_T8 = (BODY["T7"] + BODY["T8"]) / 2 + 5.0
SIDES = (np.arange(18.0, 39.0, 4.0), -np.arange(18.0, 39.0, 4.0))
FLAT = (np.full((6, 3), 40.0), np.full((6, 3), 40.0))
LINE = np.full(3, 40.0)


def test_a_level_bends_as_its_mean_does_between_its_neighbours():
    line = (AREA["T6"] * TO_T8 + AREA["T8"] * TO_T6) / (TO_T6 + TO_T8)
    found = healthy_bend(0, Level.T7, (np.array([TO_T6]), np.array([-TO_T8])))
    assert found.usual == pytest.approx(AREA["T7"] / line)
    assert found.low <= found.usual <= found.high


def test_the_sides_may_come_in_either_order():
    assert healthy_bend(1, Level.C5, SIDES) == healthy_bend(1, Level.C5, SIDES[::-1])


def test_the_cord_is_thicker_in_the_neck_thinner_at_t1_and_ends_below_t12():
    at = {level: healthy_bend(0, level, SIDES) for level in (Level.C5, Level.T1, Level.T7, Level.T12)}
    assert at[Level.C5].low > 1.05
    assert at[Level.T1].high < 0.98
    assert 0.95 < at[Level.T7].low < at[Level.T7].high < 1.02
    assert at[Level.T12].usual > 1.2
    anywhere = healthy_bend(0, None, SIDES)
    assert anywhere.usual == 1.0
    assert anywhere.low == pytest.approx(at[Level.T1].low, abs=0.01)
    assert anywhere.high == pytest.approx(at[Level.T12].high, abs=0.01)


def test_a_level_that_the_table_does_not_have_may_be_anywhere():
    assert healthy_bend(0, Level.T13, SIDES) == healthy_bend(0, None, SIDES)


def test_where_no_healthy_cord_reaches_nothing_is_known_of_its_bend():
    assert healthy_bend(0, Level.L1, (np.array([-40.0]), np.array([-60.0]))) == Bend()


def test_slices_bend_by_a_parabola_through_them():
    x = [side[:, None] for side in SIDES]
    rows = [np.array([50.0, 7.0, 9.0]) - 0.008 * np.array([1.0, 0.1, 0.1]) * side**2 for side in x]
    line = np.mean([side.mean(axis=0) for side in rows], axis=0)
    assert bends(SIDES, rows, line, None) == pytest.approx(np.array([50.0, 7.0, 9.0]) / line)


def test_a_bend_that_is_less_than_its_error_is_none_and_one_that_is_more_counts_in_part():
    """Sides of one height each way, so that the parabola at 0 is 4/3 of the mean at 20 less 1/3 of that at 40 mm."""
    sides_mm = [sign * np.repeat([20.0, 40.0], 4) for sign in (1, -1)]
    wobble = np.tile([1.0, -1.0, 1.0, -1.0], 2)[:, None] * np.ones(3)
    error = 1.0 * np.sqrt(16 / 13 * (16 / 9 + 1 / 9) / 8)  # of 16 values less 3 coefficients; 8 at either distance
    for dip, line in ((0.0, 40.0), (0.3, 39.85), (3.0, 38.5)):
        rows = [40.0 + wobble - dip * (np.abs(side[:, None]) > 30.0) for side in sides_mm]
        apart = 40.0 + dip / 3 - line
        expected = line + (apart * (1 - error**2 / apart**2) if apart > error else 0.0)
        found = bends(sides_mm, rows, np.full(3, line), None)
        assert found == pytest.approx(expected / line)


def test_noise_bends_no_cord_further_than_a_healthy_one_bends_there():
    rows = [40.0 - 0.02 * (side[:, None] - 18.0) ** 2 * np.ones(3) for side in map(np.abs, SIDES)]
    line = np.mean([side.mean(axis=0) for side in rows], axis=0)
    known = [healthy_bend(number, Level.T7, SIDES) for number in range(3)]
    assert bends(SIDES, rows, line, Level.T7)[0] == pytest.approx(known[0].high)


@pytest.mark.parametrize("sag", [[0.0, 0.02, -0.02], [0.004, 0.01, -0.01]])
def test_no_diameter_bends_further_than_the_area_nor_to_its_other_side(sag):
    x = [side[:, None] for side in SIDES]
    rows = [np.array([50.0, 7.0, 9.0]) - 0.1 * np.array(sag) * side**2 for side in x]
    line = np.mean([side.mean(axis=0) for side in rows], axis=0)
    area, front, side = bends(SIDES, rows, line, None)
    assert area == pytest.approx(50.0 / line[0])
    assert (front, side) == pytest.approx((area, 1.0))


def test_too_few_slices_bend_as_is_usual_at_the_level():
    few = [side[:2] for side in SIDES]
    known = [healthy_bend(number, Level.C5, few) for number in range(3)]
    found = bends(few, [side[:2] for side in FLAT], LINE, Level.C5)
    assert found[0] == pytest.approx(known[0].usual)
    assert found == pytest.approx(np.clip([each.usual for each in known], 1.0, known[0].usual))
    assert bends(few, [side[:2] for side in FLAT], LINE, None) == pytest.approx([1.0, 1.0, 1.0])


@pytest.fixture(scope="module")
def template(data_root):
    """(N, 141, 141) cord of the PAM50 template, a slice every 4 mm from below, and the heights of its levels."""
    anatomy = data_root / "anatomy"
    cord = np.asanyarray(nibabel.load(anatomy / "pam50_cord_full.nii.gz").dataobj)[:, :, ::8] > 0
    levels = np.asanyarray(nibabel.load(anatomy / "pam50_levels.nii.gz").dataobj)  # every 2 mm from the same end
    middles = {n: 2.0 * np.flatnonzero((levels == n).any(axis=(0, 1))).mean() for n in (5, 8, 14, 19)}
    return cord, middles


@pytest.mark.parametrize(
    ("number", "level", "straight_is_off", "off_at_most"),
    [(5, Level.C5, -0.15, 0.09), (8, Level.T1, 0.12, 0.06), (14, Level.T7, 0.0, 0.05), (19, Level.T12, -0.29, 0.13)],
)
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("upwards", [True, False])
def test_the_reference_of_a_real_cord_is_its_own_size(
    template, number, level, straight_is_off, off_at_most, known, upwards
):
    cord, middles = template
    at = round(middles[number] / 4.0)
    low, high = max(at - 12, 0), min(at + 13, cord.shape[2])
    piece = cord[:, :, low:high]
    area = piece.sum(axis=(0, 1)) * 0.25
    z = 4.0 * (np.arange(low, high) - at)
    means = [area[(side * z >= 18.0) & (side * z <= 38.0) & (area > 0)].mean() for side in (1, -1)]
    truth = area[z == 0][0]
    assert np.mean(means) / truth - 1 == pytest.approx(straight_is_off, abs=0.05)

    grown, tumour = _canal(piece, z)
    step = 4.0 if upwards else -4.0
    order = slice(None) if upwards else slice(None, None, -1)
    volumes = [Volume(m[:, :, order].astype(np.uint8), np.diag([0.5, 0.5, step, 1.0])) for m in (piece, grown, tumour)]
    stack = canal_stack(*volumes)
    found = slice_references(stack, level if known else None)
    assert worst_kind(found.values()) == "adjacent"
    ours = found[int(np.flatnonzero(z[order] == 0)[0])]
    assert ours.cord_area_mm2 == pytest.approx(truth, rel=off_at_most)
    smallest, largest = (factor * ours.cord_area_mm2 for factor in ours.span.cord)
    assert smallest * 0.97 <= truth <= largest * 1.03


def _canal(cord, z):
    """A sac round a cord, and a tumour in front of it in the middle 16 mm."""
    index = np.moveaxis(np.indices(cord.shape[:2]), 0, -1)
    sac, tumour = np.zeros_like(cord), np.zeros_like(cord)
    for k in np.flatnonzero(cord.any(axis=(0, 1))):
        from_cord = index - np.argwhere(cord[:, :, k]).mean(axis=0)
        sac[:, :, k] = np.hypot(*np.moveaxis(from_cord, -1, 0)) < 16
        tumour[:, :, k] = (np.abs(from_cord[..., 0]) < 10) & (np.abs(from_cord[..., 1] - 20) < 4) & (abs(z[k]) <= 8)
    return sac, tumour & ~sac
