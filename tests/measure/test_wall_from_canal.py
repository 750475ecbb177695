"""Vertebrae whose posterior wall is a known curve behind which a canal of known depth lies, on oblique grids."""

import numpy as np
import pytest
from oblique import STORED, centred_affine, world_of
from scipy.spatial.transform import Rotation

from spinemets.anatomy import Level
from spinemets.findings import NotAssessed, Reason
from spinemets.geometry import Grid
from spinemets.measure.axes import VertebraAxes
from spinemets.measure.wall_from_canal import walls_from_canal
from spinemets.measure.wall_profile import WallProfile
from spinemets.rules.posterior_wall import wall_label
from spinemets.volume import Volume

HEIGHT, CANAL, PITCH = 26.0, 16.0, 34.0
LEVELS = (Level.L1, Level.L2, Level.L3)
TURN = Rotation.from_euler("xyz", (6, -8, 5), degrees=True).as_matrix()


def flat(x, z):
    return np.zeros_like(x)


def vertebra(x, y, z, shape, added=None):
    """A body whose back stands `shape(x, z)` mm behind y = 0, pedicles, and a lamina behind a canal 16 mm deep."""
    inside = (np.abs(x) < 21) & (y < 34) & (y > -shape(x, z)) & (np.abs(z) < HEIGHT / 2)
    inside |= (np.abs(x) > 11) & (np.abs(x) < 17) & (y > -CANAL - 3) & (y < 1) & (z > 0) & (z < 11)
    inside |= (np.abs(x) < 17) & (y > -CANAL - 6) & (y < -CANAL) & (z > -14) & (z < 8)
    return inside if added is None else added(x, y, z, inside)


def walls(
    shape=flat, *, stored=0, spacing=(1.0, 1.2, 1.5), shift=(0.0, 0.0, 0.0), levels=None, added=None, names=LEVELS
):
    """Three vertebrae, the middle one with that wall, each shifted to the front by so many mm."""
    order = list(STORED[stored]["axes"])
    size = tuple(int(np.ceil(mm / step)) for mm, step in zip(np.array([64, 84, 112])[order], spacing, strict=True))
    affine = centred_affine(
        size, centre_mm=TURN @ [0, 6.0, 0], spacing_mm=spacing, angles_deg=(9, -12, 8), **STORED[stored]
    )
    x, y, z = np.moveaxis(world_of(Grid(size, affine)) @ TURN, -1, 0)
    ids = np.zeros(size, np.uint8)
    axes = {}
    for number, level in enumerate(names):
        middle = number == 1
        at = np.array([0.0, shift[number], (1 - number) * PITCH])
        own = vertebra(x, y - at[1], z - at[2], shape if middle else flat, added if middle else None)
        ids[own] = level.verse_id
        centre, canal = (TURN @ (at + np.array([0, y0, 0])) for y0 in (17.0, -CANAL / 2))
        axes[level] = VertebraAxes(level, centre, canal, *TURN.T)
    return walls_from_canal(Volume(ids, affine), axes, levels or names)


def bulge(x, z):
    return 4.0 * np.clip(1 - (2 * z / HEIGHT) ** 2, 0, 1)


def hollow(x, z):
    return -3.0 * np.clip(1 - (2 * z / HEIGHT) ** 2, 0, 1)


def ridge(x, z):
    """5 mm of bone pushed back in the upper third, 10 mm wide."""
    return np.where(np.abs(x) < 5, 5.0 * np.clip(1 - np.abs(z - 6) / 5, 0, 1), 0.0)


def narrow_ridge(x, z):
    return np.where(np.abs(x) < 3, ridge(x, z), 0.0)


def corner(x, z):
    """The upper corner pushed back by 6 mm, from the middle of the height on."""
    return 6.0 * np.clip((z - 1) / 12, 0, 1)


@pytest.mark.parametrize("stored", range(len(STORED)))
def test_a_bulge_stands_out_by_its_depth_in_the_middle_smoothly_and_across_the_canal(stored):
    found = walls(bulge, stored=stored)[Level.L2]
    assert found.depth_mm.low <= 4.0 <= found.depth_mm.high
    assert found.depth_mm.value == pytest.approx(4.0, abs=0.5)
    assert found.height_fraction.value == pytest.approx(0.5, abs=0.12)
    assert found.turning_deg.value < 30
    assert found.width_fraction.value == pytest.approx(1.0)
    assert found.roundness.value > 0.8
    assert found.reference == "corners"
    assert found.canal_encroachment.low <= 4.0 / CANAL <= found.canal_encroachment.high
    assert found.canal_encroachment.value == pytest.approx(4.0 / CANAL, abs=0.05)


@pytest.mark.parametrize("spacing", [(1.0, 1.0, 1.0), (0.8, 2.5, 0.8), (2.0, 2.0, 2.0)])
@pytest.mark.parametrize("shape", [flat, hollow])
def test_a_flat_or_hollow_wall_does_not_stand_out(shape, spacing):
    for found in walls(shape, spacing=spacing).values():
        assert found.depth_mm.value < 0.9 * max(spacing) + 0.2  # an oblique plane of voxels is a staircase
        assert found.canal_encroachment.low < 0.04
        assert not found.has_fragment


@pytest.mark.parametrize("stored", range(len(STORED)))
def test_a_ridge_in_the_upper_third_is_sharp_and_narrow(stored):
    found = walls(ridge, stored=stored)[Level.L2]
    assert found.depth_mm.value == pytest.approx(5.0, abs=1.3)  # its tip is finer than the 5 mm that are averaged
    assert found.height_fraction.value == pytest.approx((6 + 13) / HEIGHT, abs=0.08)
    assert found.turning_deg.value > 45
    assert found.width_fraction.value < 0.8


def test_a_corner_pushed_back_is_seen_against_the_neighbours():
    found = walls(corner)[Level.L2]
    assert found.reference == "neighbours"
    assert found.depth_mm.value == pytest.approx(5.5, abs=0.7)  # 6 mm at the very corner, which is rounded
    assert found.height_fraction.value > 0.85
    below = walls(lambda x, z: corner(x, -z))[Level.L2]
    assert below.depth_mm.value == pytest.approx(5.5, abs=1.0)
    assert below.height_fraction.value < 0.15


@pytest.mark.parametrize(
    ("shape", "label"), [(flat, "normal"), (hollow, "normal"), (bulge, "bulge"), (narrow_ridge, "retropulsion")]
)
def test_the_rule_reads_these_shapes_as_what_they_are(shape, label):
    found = walls(shape, spacing=(0.8, 0.8, 1.0))[Level.L2]
    features = (found.depth_mm, found.height_fraction, found.turning_deg, found.width_fraction, found.roundness)
    assert wall_label(*features).value == label


def test_a_corner_is_not_told_from_a_lean_without_neighbours():
    found = walls(corner, levels=(Level.L2,))[Level.L2]
    assert found.reference == "corners"
    assert found.depth_mm.value < 2.0
    assert found.depth_mm.high > 5.5  # nor is a corner pushed back by 6 mm ruled out
    assert found.canal_encroachment.code is Reason.NO_REFERENCE


@pytest.mark.parametrize("pushed_mm", [1.0, 2.6, 4.0, 6.0])
def test_the_interval_holds_how_far_a_corner_was_pushed_back_also_where_it_may_be_a_lean(pushed_mm):
    found = walls(lambda x, z: pushed_mm / 6.0 * corner(x, z), spacing=(0.8, 0.8, 1.0))[Level.L2]
    assert found.depth_mm.low <= pushed_mm <= found.depth_mm.high + 0.5  # its very edge is rounded


def test_walls_that_do_not_lean_alike_do_not_tell_a_depth_to_a_voxel():
    found = walls(corner, spacing=(0.8, 0.8, 1.0))[Level.L2].depth_mm
    assert found.high - found.low > 4.0  # normal ones differ by 2 mm
    plain = walls(bulge, spacing=(0.8, 0.8, 1.0))[Level.L2].depth_mm
    assert plain.high - plain.low < 1.5


@pytest.mark.parametrize(
    "shift", [(0.0, -3.0, 0.0), (0.0, 3.0, 0.0), (8.0, 8.0, 0.0), (0.0, -8.0, -8.0), (12.0, 6.0, 0.0)]
)
def test_a_slip_is_no_retropulsion(shift):
    found = walls(shift=shift)[Level.L2]
    assert found.reference == "corners"
    assert found.depth_mm.value < 1.0


def leaning(x, y, z, shape, lip_mm=6.0):
    """A body whose endplates lean to the front by 18 degrees, as in the neck, with a lip below its front."""
    down = z + np.tan(np.radians(18)) * np.maximum(y, 0)
    body = (np.abs(x) < 21) & (y < 34) & (y > -shape(x, z)) & (np.abs(down) < HEIGHT / 2)
    return body | ((np.abs(x) < 21) & (y > 28) & (y < 38) & (down < 0) & (down > -HEIGHT / 2 - lip_mm))


@pytest.mark.parametrize("stored", range(len(STORED)))
@pytest.mark.parametrize(("shape", "depth_mm"), [(flat, 0.0), (bulge, 4.0), (corner, 6.0)])
def test_endplates_that_lean_and_a_lip_in_front_are_no_part_of_the_wall(stored, shape, depth_mm):
    def added(x, y, z, inside):
        return (inside & (y < -9)) | leaning(x, y, z, shape)

    found = walls(stored=stored, added=added)[Level.L2]
    assert found.depth_mm.value == pytest.approx(depth_mm, abs=1.3)  # voxels of 1.5 mm
    assert found.reference == ("neighbours" if shape is corner else "corners")


def test_bone_beyond_the_middle_of_the_canal_is_still_wall():
    found = walls(lambda x, z: 10.0 * np.clip(1 - (2 * z / HEIGHT) ** 2, 0, 1))[Level.L2]
    assert found.depth_mm.value == pytest.approx(10.0, abs=0.8)
    assert found.canal_encroachment.value == pytest.approx(10.0 / CANAL, abs=0.06)


def test_a_cavity_behind_the_wall_leaves_the_wall_where_it_is():
    def cavity(x, y, z, inside):
        return inside & ~((np.abs(x) < 12) & (y > 2.5) & (y < 20) & (np.abs(z) < 10))

    assert walls(added=cavity)[Level.L2].depth_mm.value < 1.0


def test_loose_bone_in_the_canal_is_a_fragment_and_elsewhere_it_is_none():
    def ball_at(centre):
        def added(x, y, z, inside):
            return inside | ((x - centre[0]) ** 2 + (y - centre[1]) ** 2 + (z - centre[2]) ** 2 < 9)

        return added

    assert walls(added=ball_at((0, -6.5, 5)))[Level.L2].has_fragment
    assert not walls(added=ball_at((0, 40, 5)))[Level.L2].has_fragment


def test_a_vertebra_without_a_body_has_no_wall():
    found = walls(added=lambda x, y, z, inside: inside & (y < -10))[Level.L2]
    assert isinstance(found.depth_mm, NotAssessed)
    assert found.depth_mm.code is Reason.TOO_SMALL
    assert isinstance(found.canal_encroachment, NotAssessed)


def test_without_a_lamina_the_neighbours_tell_how_deep_the_canal_was():
    found = walls(bulge, added=lambda x, y, z, inside: inside & (y > -10))[Level.L2]
    assert found.canal_encroachment.value == pytest.approx(4.0 / CANAL, abs=0.06)


def test_levels_that_are_not_asked_for_or_have_no_such_wall_are_passed_over():
    assert set(walls(levels=(Level.L1, Level.C2, Level.SACRUM, Level.T4))) == {Level.L1}


def test_a_canal_without_a_back_has_no_depth():
    profile = WallProfile(0.0, 0.0, 0.5, 0.0, 0.0, 0.0, 0.0, False, -13.0, 26.0, 0.0, None, -17.0)
    with pytest.raises(ValueError, match="no lamina"):
        _ = profile.narrowest_mm


@pytest.mark.parametrize("names", [(Level.T12, Level.T13, Level.L1), (Level.L4, Level.L5, Level.L6)])
def test_a_canal_next_to_a_vertebra_that_most_people_do_not_have_is_compared_with_its_neighbours(names):
    for own in walls(names=names).values():
        assert own.canal_encroachment.value == pytest.approx(0.0, abs=0.05)
