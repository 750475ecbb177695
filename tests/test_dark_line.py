"""Dark lines painted across a body on T1 and T2, and what is not one."""

import numpy as np
import pytest
from marrow_phantom import MIDDLE, T1, T2, Marrow
from test_marrow_assessment import said

from spinemets.findings import Reason


def line(half_width, z=0.0, thick=2.0, lean=0.0):
    """Across the body of L2 from side to side, 20 mm deep; it leans to the right by so much a millimetre."""
    return lambda x, y, z_: (
        (np.abs(x) < half_width) & (np.abs(y - MIDDLE) < 10) & (np.abs(z_ - z - lean * x) < thick / 2)
    )


def oedema(x, y, z):
    """The upper half of the body of L2."""
    return (np.abs(x) < 21) & (y > 8) & (y < 38) & (z > 0) & (z < 13)


def painted(shape, t1=60.0, t2=100.0, role="t2", stored=0, noise=0.03, **options):
    """The line lies in oedema, dark on T1 and bright on T2."""
    scene = Marrow(stored=stored, noise=noise)
    scene.paint("t1", T1, (oedema, 160.0), (shape, t1), **options)
    return scene.paint(role, T2, (oedema, 400.0), (shape, t2), **options)


@pytest.mark.parametrize(
    ("stored", "role", "shape"),
    [(0, "t2", line(18.0, 4.0)), (1, "stir", line(18.0, 3.0, lean=0.15)), (2, "t2", line(19.0, 5.0, thick=2.5))],
)
def test_a_line_across_the_body_dark_on_both_series_is_one(stored, role, shape):
    found = painted(shape, role=role, stored=stored).signs()
    assert found["dark_line_width"].value == pytest.approx(36 / 42, abs=0.12)
    assert said(found["dark_t1_line"]) == "present"
    assert found["dark_t1_line"]["method"].startswith("MR1, favours osteoporotic")


@pytest.mark.parametrize(
    ("shape", "signals"),
    [
        (line(18.0, 4.0), {"t2": 700.0}),  # fluid, or the vein of the body: bright on T2
        (line(18.0, 4.0), {"t1": 160.0}),  # as bright as what lies beside it on T1
        (line(18.0, 4.0), {"t1": 150.0, "t2": 380.0}),  # darker by less than a fifth
        (line(6.0, 4.0), {}),  # a third of the width
        (line(18.0, 4.0, thick=7.0), {}),  # thick
        (lambda x, y, z: (np.abs(x - 4) < 1) & (np.abs(y - MIDDLE) < 12) & (np.abs(z) < 11), {}),  # upright
        (line(0.0), {"noise": 0.1}),  # the edge of oedema alone, and noise
    ],
)
def test_what_is_not_dark_on_both_thin_wide_and_level_is_no_line(shape, signals):
    assert said(painted(shape, **signals).signs()["dark_t1_line"]) == "absent"


def test_a_line_needs_both_series_that_show_the_body_and_low_voxels_and_a_body_high_enough():
    scene = painted(line(18.0, 4.0))
    assert painted(line(18.0), spacing=(1.0, 1.0, 3.0)).signs()["dark_t1_line"].code is Reason.RESOLUTION
    short = Marrow().paint("t1", T1).paint("t2", T2, extent=(64.0, 84.0, 30.0), centre=(0, 2, 60))
    assert short.signs()["dark_t1_line"].code is Reason.OUT_OF_FIELD
    del scene.series["t2"]
    assert scene.signs()["dark_line_width"].code is Reason.MISSING_SEQUENCE
    assert "T2 or STIR" in scene.signs()["dark_t1_line"].detail
    flat = Marrow(squeezed=18.0).paint("t1", T1).paint("t2", T2)
    assert flat.signs()["dark_t1_line"].code is Reason.TOO_SMALL
