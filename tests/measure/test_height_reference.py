import numpy as np
import pytest

from spinemets.anatomy import Level
from spinemets.findings import Measured, NotAssessed, Reason
from spinemets.measure.height_reference import ALL, height_losses
from spinemets.measure.heights import BodyHeights
from spinemets.measure.population import usual_height_mm

# Posterior heights of Panjabi as clinical.md §3.1 prints them, typed a second time.
PANJABI = dict(zip(["T11", "T12", "L1", "L2", "L3", "L4", "L5"], (21.5, 22.5, 24, 24.5, 24, 24, 23), strict=True))
NATURAL_WEDGE = {"L1": (0.98, 1.0), "L4": (1.05, 1.2), "L5": (1.05, 1.2), "T11": (0.93, 0.97)}


def body(level, *, scale=1.1, lost=None, error=0.5):
    """A normal body of a person somewhat larger than the mean, less the fractions that it lost."""
    lost = lost or {}
    columns = {}
    for name in ALL:
        height = usual_height_mm(level, name) * scale * (1 - lost.get(name, 0.0))
        columns[name] = Measured(height, "mm", height - error, height + error, "typed")
    return BodyHeights(columns, {name: np.zeros((2, 3)) for name in ALL}, 30.0, 40.0)


def spine(first="T10", last="L5", **changed):
    names = list(Level)
    levels = [one for one in names[names.index(Level(first)) : names.index(Level(last)) + 1] if one is not Level.T13]
    return {level: body(level, **changed.get(level.value, {})) for level in levels}


@pytest.mark.parametrize(("name", "height"), PANJABI.items())
def test_posterior_heights_are_panjabis(name, height):
    assert usual_height_mm(Level(name), "posterior") == height


@pytest.mark.parametrize(("name", "between"), NATURAL_WEDGE.items())
def test_the_natural_wedge_lies_in_the_published_range(name, between):
    ratio = usual_height_mm(Level(name), "anterior") / usual_height_mm(Level(name), "posterior")
    assert between[0] <= ratio <= between[1]


def test_a_column_that_no_body_has_is_refused():
    with pytest.raises(ValueError, match="'top' is no column"):
        usual_height_mm(Level.L1, "top")


def test_levels_without_a_published_height_have_none():
    assert usual_height_mm(Level.C1, "middle") is None


def test_a_normal_spine_has_lost_nothing_its_wedged_l5_included():
    for level, loss in height_losses(spine()).items():
        assert loss.largest.value < 0.06, level
        assert loss.largest.low == 0.0


@pytest.mark.parametrize("level", ["T12", "L2", "L5", "T10"])
@pytest.mark.parametrize("lost", [0.2, 0.5])
def test_what_was_taken_from_a_column_is_what_is_lost(level, lost):
    found = height_losses(spine(**{level: {"lost": {"anterior": lost}}}))[Level(level)]
    assert found.loss["anterior"].value == pytest.approx(lost, abs=0.03)
    assert found.loss["anterior"].low <= lost <= found.loss["anterior"].high
    assert found.loss["posterior"].value < 0.06
    assert found.largest.value == found.loss["anterior"].value


def test_a_collapsed_neighbour_is_no_reference():
    everything = dict.fromkeys(ALL, 0.4)
    found = height_losses(spine(L1={"lost": everything}, L2={"lost": everything}))
    assert found[Level.L1].neighbours == (Level.T12, Level.L3)
    assert found[Level.L2].loss["middle"].value == pytest.approx(0.4, abs=0.03)
    assert found[Level.T12].largest.value < 0.06


@pytest.mark.parametrize(("first", "last", "level", "lost"), [("C3", "T1", "C5", 0.2), ("T4", "T10", "T7", 0.14)])
def test_a_body_that_is_no_lower_than_normal_ones_may_be_stays_a_reference(first, last, level, lost):
    names = list(Level)
    above, below = (names[names.index(Level(level)) + step] for step in (-1, 1))
    found = height_losses(spine(first, last, **{level: {"lost": dict.fromkeys(ALL, lost)}}))
    assert Level(level) in found[above].neighbours
    assert Level(level) in found[below].neighbours
    collapsed = height_losses(spine(first, last, **{level: {"lost": dict.fromkeys(ALL, 0.4)}}))
    assert Level(level) not in collapsed[above].neighbours


def test_the_further_apart_the_neighbours_the_wider_the_interval():
    widths = []
    for excluded in ([], [Level.T8], [Level.T8, Level.T6]):
        loss = height_losses(spine("T4", "T10"), excluded=excluded)[Level.T7].reference_mm["middle"]
        widths.append((loss.high - loss.low) / loss.value)
    assert widths[1] == pytest.approx(1.25 * widths[0])
    assert widths[2] == pytest.approx(1.75 * widths[0])


def test_an_excluded_body_is_no_reference_though_it_looks_normal():
    found = height_losses(spine(), excluded={Level.L1})
    assert found[Level.T12].neighbours == (Level.T11, Level.L2)


def test_a_body_with_one_neighbour_uses_the_populations_ratio_and_a_wider_interval():
    ends = height_losses(spine())
    assert ends[Level.L5].neighbours == (Level.L4,)
    spread = {
        level: (m.high - m.low) / m.value for level, m in ((k, v.reference_mm["middle"]) for k, v in ends.items())
    }
    assert spread[Level.L5] > spread[Level.L2]


def test_a_body_alone_has_no_reference():
    (found,) = height_losses(spine("L3", "L3")).values()
    assert isinstance(found.largest, NotAssessed)
    assert found.largest.code is Reason.NO_REFERENCE
    assert isinstance(found.asymmetry, NotAssessed)


def test_neighbours_further_than_four_levels_are_none():
    bodies = spine()
    far = {level: bodies[level] for level in (Level.T10, Level.L5)}
    assert all(isinstance(loss.largest, NotAssessed) for loss in height_losses(far).values())


def test_a_side_that_collapsed_makes_the_body_asymmetric():
    found = height_losses(spine(L2={"lost": {"left": 0.3}}))[Level.L2]
    assert found.asymmetry.value == pytest.approx(0.3, abs=0.03)
    assert found.largest.value == pytest.approx(0.3, abs=0.03)
    assert height_losses(spine())[Level.L2].asymmetry.value == pytest.approx(0.0, abs=0.02)


def test_a_taller_body_has_lost_nothing():
    found = height_losses(spine(L2={"scale": 1.2}))[Level.L2]
    assert found.largest.value == 0.0
