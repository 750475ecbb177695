"""The edges of bulge and retropulsion."""

import pytest

from spinemets.findings import Measured, NotAssessed
from spinemets.rules.posterior_wall import WallLabel, wall_label


def known(value, error=0.0):
    return Measured(value, "1", value - error, value + error, "typed")


# clinical.md §1.3, typed a second time: bulge is max d >= 2 mm, in the middle 60 %, turning under 30 degrees, over at
# least half of the width, R2 at least 0.8; retropulsion turns by 30 degrees or more in the upper or lower third.
SHAPE = {"depth_mm": 3.0, "height_fraction": 0.5, "turning_deg": 20.0, "width_fraction": 1.0, "roundness": 0.9}


@pytest.mark.parametrize(
    ("changed", "label"),
    [
        ({}, "bulge"),
        ({"depth_mm": 1.9}, "normal"),
        ({"depth_mm": 2.0}, "bulge"),
        ({"turning_deg": 30.0}, "indeterminate"),
        ({"turning_deg": 30.0, "height_fraction": 0.85}, "retropulsion"),
        ({"width_fraction": 0.4}, "indeterminate"),
        ({"roundness": 0.7}, "indeterminate"),
        ({"height_fraction": 0.9}, "indeterminate"),
    ],
)
def test_the_edges_of_bulge_and_retropulsion(changed, label):
    assert wall_label(**{name: known(value) for name, value in (SHAPE | changed).items()}).value == label


def test_a_depth_at_its_limit_is_indeterminate_and_none_has_no_label():
    findings = {name: known(value) for name, value in SHAPE.items()}
    assert wall_label(**findings | {"depth_mm": known(2.2, 0.5)}) is WallLabel.INDETERMINATE
    absent = NotAssessed("too_small", "x")
    assert wall_label(**findings | {"depth_mm": absent}) is None
    assert wall_label(**findings | {"turning_deg": absent}) is WallLabel.INDETERMINATE
