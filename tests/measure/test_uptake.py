"""Tracer painted into box vertebrae on the coarse grid of a PET: SUV and ratio are those that were painted."""

import numpy as np
import pytest
from disc_phantom import MIDDLE, PITCH_MM, Discs
from oblique import STORED, centred_affine, painted

from spinemets.anatomy import LesionLabel, Level
from spinemets.errors import GeometryMismatchError
from spinemets.findings import NotApplicable, Reason
from spinemets.measure.uptake import SPECT, uptake
from spinemets.volume import Volume

UNAFFECTED = (Level.T12, Level.L1, Level.L3, Level.L4)


def pet(hot=9.0, usual=1.5, stored=1, reach=50, lower=None):
    """4 mm voxels; a ball of 12 mm in L2 is hot, the bodies below it may differ from those above."""
    options = STORED[stored]
    shape = tuple((24, 26, reach)[axis] for axis in options["axes"])
    spacing = tuple((4.0, 4.0, 4.2)[axis] for axis in options["axes"])
    affine = centred_affine(shape, (0, 12, 0), spacing_mm=spacing, angles_deg=(3, 1, -2), **options)

    def suv(x, y, z):
        level = np.where(z < -PITCH_MM / 2, usual if lower is None else lower, usual)
        return np.where(np.hypot(np.hypot(x, y - MIDDLE), z) < 12, hot, level)

    return painted(shape, affine, suv)


def scene(radius=8.0, label=LesionLabel.LYTIC, stored=0):
    found = Discs(stored)
    found.lesions[np.hypot(np.hypot(found.x, found.y - MIDDLE), found.z) < radius] = label
    return found


def of(found, image, level=Level.L2, unaffected=UNAFFECTED):
    _, ids, lesions = found.volumes()
    return uptake(level, lesions, ids, image, unaffected)


@pytest.mark.parametrize("stored", range(len(STORED)))
def test_suv_and_ratio_are_those_painted_on_every_grid(stored):
    found = of(scene(stored=stored), pet(stored=3 - stored))
    assert found["suv_max"].value == pytest.approx(9.0)
    assert found["suv_mean"].value == pytest.approx(9.0, abs=0.1)
    assert found["suv_to_unaffected"].value == pytest.approx(6.0, abs=0.1)
    assert "L1 and L3" in found["suv_to_unaffected"].method


def test_the_nearest_unaffected_bodies_are_taken_and_their_difference_widens_the_interval():
    image = pet(lower=3.0)
    found = of(scene(), image)["suv_to_unaffected"]
    assert found.value == pytest.approx(9.0 / 2.25, abs=0.1)
    assert found.low <= 3.05
    assert found.high >= 5.95
    assert of(scene(), image, unaffected=(Level.T12,))["suv_to_unaffected"].value == pytest.approx(6.0, abs=0.1)
    assert "L4" in of(scene(), image, unaffected=(Level.L4, Level.L2))["suv_to_unaffected"].method


def test_a_mask_larger_than_the_hot_spot_has_an_interval_that_holds_the_true_mean():
    found = of(scene(radius=12.0), pet())
    assert found["suv_mean"].low <= 9.0 <= found["suv_mean"].high + 0.5
    assert found["suv_mean"].low < found["suv_mean"].value < found["suv_mean"].high


def test_cold_sclerotic_lesions_carry_their_caveat_and_lytic_ones_do_not():
    assert "clears nothing" in of(scene(label=LesionLabel.BLASTIC), pet(hot=1.0))["suv_max"].method
    assert "clears" not in of(scene(), pet(hot=1.0))["suv_mean"].method


@pytest.mark.parametrize(("label", "clears"), [(LesionLabel.LYTIC, False), (LesionLabel.BLASTIC, True)])
def test_of_a_spect_only_the_ratio_is_told_and_no_uptake_clears_no_lytic_lesion(label, clears):
    _, ids, lesions = scene(label=label).volumes()
    found = uptake(Level.L2, lesions, ids, pet(hot=4500.0, usual=900.0), UNAFFECTED, SPECT)
    assert list(found) == ["spect_to_unaffected"]
    assert found["spect_to_unaffected"].value == pytest.approx(5.0, abs=0.1)
    assert ("purely lytic metastases" in found["spect_to_unaffected"].method) is not clears
    assert "SUV" not in found["spect_to_unaffected"].method
    none = uptake(Level.L2, lesions, ids, pet(reach=1), UNAFFECTED, SPECT)["spect_to_unaffected"]
    assert none.code is Reason.OUT_OF_FIELD
    assert "SPECT" in none.detail


def test_every_reason_for_no_value():
    one = scene()
    assert of(one, pet(), Level.L3)["suv_max"] == NotApplicable("no_lesion")
    assert of(one, pet(), Level.T3)["suv_max"].code is Reason.MISSING_MASK
    assert of(scene(radius=1.8), pet())["suv_mean"].code is Reason.TOO_SMALL
    far = pet().affine.copy()
    far[2, 3] += 500
    assert of(one, Volume(pet().array, far))["suv_max"].code is Reason.OUT_OF_FIELD
    assert of(one, pet(), unaffected=())["suv_to_unaffected"].code is Reason.NO_REFERENCE
    assert of(one, pet(), unaffected=(Level.T3,))["suv_to_unaffected"].code is Reason.NO_REFERENCE
    assert of(one, pet(usual=0.0))["suv_to_unaffected"].code is Reason.NO_REFERENCE
    holes = pet().with_array(np.full(pet().shape, np.nan, np.float32))
    assert of(one, holes)["suv_max"].code is Reason.OUT_OF_FIELD
    assert of(one, pet(reach=9))["suv_to_unaffected"].code is Reason.NO_REFERENCE


def test_lesions_on_another_grid_are_refused():
    _, ids, lesions = scene().volumes()
    off = ids.affine.copy()
    off[1, 3] += 4.0
    with pytest.raises(GeometryMismatchError, match=r"another grid.*4 mm"):
        uptake(Level.L2, Volume(lesions.array, off), ids, pet(), UNAFFECTED)
