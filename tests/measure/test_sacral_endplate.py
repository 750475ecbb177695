"""The endplate of S1 on sacra of known shape: a body with wings on either side and an arch behind its canal."""

import numpy as np
import pytest
from oblique import STORED, centred_affine, world_of
from scipy.spatial.transform import Rotation

from spinemets.anatomy import Level
from spinemets.geometry import Grid, crop
from spinemets.measure.alignment import BodyEnds, cobb_deg, slip_mm
from spinemets.measure.axes import VertebraAxes
from spinemets.measure.endplates import Endplate
from spinemets.measure.sacral_endplate import sacral_endplate
from spinemets.volume import Volume

DEPTH, WIDTH, DISC = 34.0, 48.0, 10.0
WHOLE = Rotation.from_euler("xyz", [4, -3, 5], degrees=True).as_matrix()


def lumbar():
    """L5 in the world's middle, turned as a whole: its lower endplate lies 13 mm below its centre."""
    rows = WHOLE.T
    axes = VertebraAxes(Level.L5, np.zeros(3), rows.T @ [0.0, -30.0, 0.0], *rows)

    def plate(up):
        ends = [rows.T @ np.array([0.0, front, up]) for front in (0.0, DEPTH / 2, -DEPTH / 2)]
        return Endplate(ends[0], rows[2], ends[1], ends[2])

    return BodyEnds(axes, plate(13.0), plate(-13.0), DEPTH, WIDTH, 1.0)


def sacrum(stored=0, *, front=0.0, right=0.0, lordosis=12.0, spacing=1.0, depth=DEPTH):
    """A sacrum under L5 whose endplate is shifted and tilted about its own middle."""
    size = tuple((150, 110, 130)[axis] for axis in STORED[stored]["axes"])
    affine = centred_affine(
        size, centre_mm=(0.0, -10.0, -40.0), spacing_mm=(spacing,) * 3, angles_deg=(3, -2, 6), **STORED[stored]
    )
    own = world_of(Grid(size, affine)) @ WHOLE - [right, front, -13.0 - DISC]
    x, y, z = np.moveaxis(own @ Rotation.from_euler("x", -lordosis, degrees=True).as_matrix(), -1, 0)
    body = (np.abs(x) < WIDTH / 2) & (np.abs(y) < depth / 2) & (z < 0) & (z > -60)
    wings = (np.abs(x) < 55) & (np.abs(y) < 13) & (z < -1.0) & (z > -50)
    arch = (np.abs(x) < 16) & (y < -depth / 2 - 15) & (y > -depth / 2 - 21) & (z < 4) & (z > -50)
    return Volume((body | wings | arch).astype(np.uint8), affine)


@pytest.mark.parametrize("stored", range(len(STORED)))
@pytest.mark.parametrize(("front", "right"), [(0.0, 0.0), (-6.0, 0.0), (4.0, 3.0)])
def test_the_slip_of_l5_on_the_sacrum_is_what_the_sacrum_was_moved_back(stored, front, right):
    """Along the tilted endplate; its corners lie in front of and behind its middle, the arch is none of it."""
    above = lumbar()
    found = sacral_endplate(sacrum(stored, front=front, right=right), above)
    straight = sacral_endplate(sacrum(stored), above)
    moved = np.subtract(
        slip_mm(above.lower, found.upper, found.axes), slip_mm(above.lower, straight.upper, straight.axes)
    )
    assert moved == pytest.approx((-front * np.cos(np.radians(12.0)), -right), abs=0.7)
    assert found.depth_mm == pytest.approx(DEPTH, abs=1.0)


@pytest.mark.parametrize("lordosis", [0.0, 12.0, 22.0])
def test_its_tilt_is_the_lordosis_of_the_disc(lordosis):
    above = lumbar()
    found = sacral_endplate(sacrum(lordosis=lordosis), above)
    kyphosis, side = cobb_deg(above.lower.normal, found.upper.normal, above.axes)
    assert (kyphosis, side) == pytest.approx((-lordosis, 0.0), abs=1.5)


def test_there_is_none_without_a_sacrum_beneath_or_where_it_is_no_body():
    above = lumbar()
    empty = sacrum()
    assert sacral_endplate(empty.with_array(np.zeros_like(empty.array)), above) is None
    assert sacral_endplate(sacrum(depth=60.0), above) is None


def test_there_is_none_where_the_image_ends_at_it():
    mask = sacrum()
    bottom = mask.index(np.array([[0.0, 0.0, -13.0 - DISC - 8.0]]))[0]
    axis = int(np.abs(mask.affine[2, :3]).argmax())
    start, stop = [0, 0, 0], list(mask.shape)
    if mask.affine[2, axis] > 0:
        start[axis] = round(bottom[axis])
    else:
        stop[axis] = round(bottom[axis])
    assert sacral_endplate(crop(mask, start, stop), lumbar()) is None
    assert sacral_endplate(mask, lumbar()) is not None
