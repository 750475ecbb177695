"""Two CTs of box vertebrae between which a known number of HU was added: a flare only where a response is stated."""

import numpy as np
import pytest
from disc_phantom import MIDDLE, Discs
from oblique import centred_affine, world_of

from spinemets.anatomy import LesionLabel, Level
from spinemets.errors import GeometryMismatchError
from spinemets.findings import NotApplicable, Reason
from spinemets.flare_signs import flare_signs
from spinemets.geometry import Grid, resample
from spinemets.volume import Volume

PRIOR_SHAPE = (70, 84, 150)
PRIOR_AFFINE = centred_affine(PRIOR_SHAPE, (0, 12, 0), spacing_mm=(1.0, 1.0, 1.25), angles_deg=(-3, 4, 1))
RADIUS = 7.0


def said(sign):
    return sign["value"] if isinstance(sign, dict) else sign.code


class Dates:
    """A lytic ball in L2 on two dates; `rise` is added in the 3 mm round it."""

    def __init__(self, stored=0, rise=0.0, general=0.0, inside=0.0, label=LesionLabel.LYTIC, before=40.0):
        scene = Discs(stored)
        far = np.hypot(np.hypot(scene.x, scene.y - MIDDLE), scene.z)
        scene.lesions[far < RADIUS] = label
        scene.ct[far < RADIUS] = before
        self.prior = self._resampled(scene)
        scene.ct[(far >= RADIUS) & (far < RADIUS + 3)] += rise
        scene.ct[far < RADIUS] += inside
        scene.ct[scene.bone] += general
        self.scene = scene

    @staticmethod
    def _resampled(scene):
        grid = Grid(PRIOR_SHAPE, PRIOR_AFFINE)
        return Volume(resample(Volume(scene.ct.astype(np.float32), scene.affine), grid, fill=-1000.0), PRIOR_AFFINE)

    def signs(self, response="yes", level=Level.L2, prior=None):
        ct, ids, lesions = self.scene.volumes()
        return flare_signs(level, lesions, ids, ct, prior or self.prior, response)


@pytest.mark.parametrize("rise", [30.0, 100.0, 150.0])
def test_the_interval_of_a_rise_contains_what_was_added(rise):
    found = Dates(1, rise=rise).signs()["rim_rise"]
    assert found.value == pytest.approx(rise, abs=5.0)
    assert found.low <= rise <= found.high


@pytest.mark.parametrize("stored", range(4))
def test_a_rim_that_grew_denser_with_a_response_may_be_a_flare(stored):
    found = Dates(stored, rise=220.0).signs()
    assert said(found["osteoblastic_flare"]) == "present"
    assert "not progression" in found["osteoblastic_flare"]["method"]
    assert found["rim_rise"].value == pytest.approx(220.0, abs=40.0)
    assert found["rim_rise"].low <= 220.0 <= found["rim_rise"].high
    assert said(found["denser_rim"]) == "present"
    assert said(found["new_sclerosis"]) == "absent"


def test_without_a_stated_response_it_is_left_open_and_with_none_it_is_no_flare():
    dates = Dates(rise=220.0)
    unknown = dates.signs("unknown")
    assert unknown["osteoblastic_flare"].code is Reason.NOT_STATED
    assert "no progression" in unknown["osteoblastic_flare"].detail
    assert unknown["rim_rise"].value > 150
    none = dates.signs("no")
    assert said(none["osteoblastic_flare"]) == "absent"
    assert not any("progression" in name for name in none)
    with pytest.raises(ValueError, match="got 'perhaps'"):
        dates.signs("perhaps")


def test_a_rise_of_all_bone_or_of_too_little_is_no_flare():
    assert said(Dates(rise=30.0).signs()["osteoblastic_flare"]) == "absent"
    brighter = Dates(general=180.0).signs()
    assert brighter["rim_rise"].value == pytest.approx(0.0, abs=30.0)
    assert said(brighter["osteoblastic_flare"]) == "absent"


def test_a_sclerotic_lesion_that_was_sound_bone_is_new_and_one_that_was_dense_is_not():
    new = Dates(inside=500.0, before=120.0, label=LesionLabel.BLASTIC).signs()
    assert new["new_lesion_rise"].value == pytest.approx(500.0, abs=50.0)
    assert said(new["new_sclerosis"]) == "present"
    assert said(new["osteoblastic_flare"]) == "present"
    old = Dates(inside=150.0, before=500.0, label=LesionLabel.BLASTIC).signs()
    assert old["new_lesion_rise"] == NotApplicable("no_new_sclerotic_lesion")
    assert said(old["osteoblastic_flare"]) == "absent"


def test_every_reason_why_two_dates_are_not_compared():
    dates = Dates(rise=220.0)
    assert dates.signs(level=Level.L3)["rim_rise"] == NotApplicable("no_lesion")
    assert dates.signs(level=Level.T3)["rim_rise"].code is Reason.MISSING_MASK
    short = Volume(dates.prior.array[:, :, :70], dates.prior.affine)
    assert dates.signs(prior=short)["osteoblastic_flare"].code is Reason.OUT_OF_FIELD
    thick = Volume(np.zeros((20, 20, 20), np.float32), np.diag([4.0, 4.0, 4.0, 1.0]))
    assert dates.signs(prior=thick)["rim_rise"].code is Reason.RESOLUTION


@pytest.mark.parametrize(
    ("moved_mm", "detail"),
    [
        ((0, 0, 17), "correlation 0"),
        ((2, 0, 0), "more than 1 mm apart"),
        ((0, -1.6, 0), "apart"),
        ((0, 0, 1.8), "apart"),
    ],
)
def test_two_dates_that_do_not_lie_on_one_another_are_not_compared(moved_mm, detail):
    dates, affine = Dates(rise=220.0), PRIOR_AFFINE.copy()
    affine[:3, 3] += moved_mm
    found = dates.signs(prior=Volume(dates.prior.array, affine))["rim_rise"]
    assert found.code is Reason.MOTION
    assert detail in found.detail


def test_half_a_millimetre_between_two_dates_is_borne():
    dates, affine = Dates(rise=220.0), PRIOR_AFFINE.copy()
    affine[:3, 3] += (0.3, -0.3, 0.3)
    found = dates.signs(prior=Volume(dates.prior.array, affine))["rim_rise"]
    assert found.low <= 220.0 <= found.high


def test_metal_and_missing_sound_bone_and_specks_are_named():
    dates = Dates(rise=220.0)
    x, y, z = np.moveaxis(world_of(Grid(PRIOR_SHAPE, PRIOR_AFFINE)), -1, 0)
    metal = dates.prior.array.copy()
    metal[np.hypot(np.hypot(x, y - MIDDLE), z) < 5] = 2800.0
    assert dates.signs(prior=Volume(metal, PRIOR_AFFINE))["rim_rise"].code is Reason.METAL
    ill = Dates()
    ill.scene.lesions[ill.scene.bone] = 1
    assert ill.signs()["rim_rise"].code is Reason.NO_REFERENCE
    speck = Dates()
    speck.scene.lesions[:] = 0
    speck.scene.lesions[speck.scene.within(r=0.9, z=(0, 2))] = 1
    assert speck.signs()["rim_rise"].code is Reason.TOO_SMALL


def test_a_lesion_that_takes_the_whole_vertebra_has_no_rim():
    dates = Dates()
    dates.scene.lesions[dates.scene.ids == Level.L2.verse_id] = 1
    assert dates.signs()["rim_rise"].code is Reason.TOO_SMALL


def test_masks_on_another_grid_are_refused():
    ct, ids, lesions = Dates().scene.volumes()
    off = ids.affine.copy()
    off[0, 3] += 3.0
    with pytest.raises(GeometryMismatchError, match=r"the lesion mask lies on another grid.*3 mm"):
        flare_signs(Level.L2, Volume(lesions.array, off), ids, ct, ct, "yes")
    with pytest.raises(GeometryMismatchError, match="the vertebra mask"):
        flare_signs(Level.L2, lesions, Volume(ids.array, off), ct, ct, "yes")
