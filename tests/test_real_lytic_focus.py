"""The real focus of `lytic_lumbar_ct`, given by its reader's box, on vertebrae that the networks outline.

The data set calls it lytic. Within its box, which tells the place and not the edge, the CT does not: hardly any of it
is less dense than the spongy bone of the bodies beside it, and the middle has some 370 HU against some 105. It looks
like an erosion of the rim with sclerosis round it. So the type is what the label says, and what is measured is dense
bone: what the attenuation shows by the limits of `clinical.md` §1.6 is tested here, not the label.
"""

import numpy as np
import pytest
from scipy import ndimage

import spinemets as sm
from spinemets.anatomy import LEVEL_OF_VERSE_ID, LesionLabel, Level, Subregion
from spinemets.findings import Measured
from spinemets.formats.study import read_study
from spinemets.measure.body_view import body_view
from spinemets.measure.trabecular import reference_for, shares, trabecular
from spinemets.measure.vertebra_regions import vertebra_regions

BOX_CENTRE_LPS_MM, BOX_SIZE_MM = (24.45, 169.88, -547.54), (14.7, 12.6, 11.2)


class Focus:
    """The CT, the box, and what the program finds with the box as a mask of a lesion of a type."""

    def __init__(self, root):
        self.study = read_study(root / "ct" / "lytic_lumbar_ct.nii.gz")
        self.ct = self.study.series[0].volume
        index = np.stack(np.indices(self.ct.shape), axis=-1)
        away = np.abs(self.ct.world(index) - np.array(BOX_CENTRE_LPS_MM) * [-1, -1, 1])
        self.box = (away <= np.array(BOX_SIZE_MM) / 2).all(axis=-1)
        self.middle = (away <= np.array(BOX_SIZE_MM) / 8).all(axis=-1)
        self.lesions = self.ct.with_array(np.where(self.box, LesionLabel.LYTIC, 0).astype(np.uint8))
        assessment = sm.examine(self.study, masks={"lesions": self.lesions})
        self.report, self.found = assessment.report, assessment.results[0]
        ids = self.found.vertebrae.array
        self.level = LEVEL_OF_VERSE_ID[int(np.bincount(ids[self.box & (ids > 0)]).argmax())]

    @property
    def neighbours(self):
        """Bodies of the levels above and below as the network outlines them."""
        near = [level for level in Level if abs(level.order - self.level.order) == 1]
        ids, parts = self.found.vertebrae.array, self.found.subregions.array
        return [(ids == level.verse_id) & (parts == Subregion.BODY) for level in near]


@pytest.fixture(scope="module")
def focus(data_root):
    return Focus(data_root)


def test_the_box_is_measured_with_its_volume_and_its_hu(focus):
    measured = [one for v in focus.report.vertebrae if isinstance(v.lesions, tuple) for one in v.lesions]
    one = max(measured, key=lambda each: getattr(each["volume_ml"], "value", 0.0))
    assert one["volume_ml"].value == pytest.approx(np.prod(BOX_SIZE_MM) / 1000, rel=0.1)
    assert one["mean_hu"].value == pytest.approx(focus.ct.array[focus.box].mean(), abs=25)  # all of it, soft parts too
    assert one["p99_hu"].value == pytest.approx(np.percentile(focus.ct.array[focus.box], 99), abs=60)
    others = sum(getattr(each["volume_ml"], "value", 0.0) for each in measured if each is not one)
    assert others < 0.05 * one["volume_ml"].value


def test_by_numpy_alone_the_box_is_denser_than_the_spongy_bone_beside_it_and_hardly_any_of_it_is_lytic(focus):
    spongy = [focus.ct.array[ndimage.binary_erosion(body, iterations=4)] for body in focus.neighbours]
    mean = np.mean([values.mean() for values in spongy])
    spread = np.sqrt(np.mean([values.var() for values in spongy]))
    hu = focus.ct.array[focus.box & (focus.found.vertebrae.array > 0)]
    lytic, blastic = (hu < mean - 2 * spread).mean(), (hu > mean + 2 * spread).mean()
    assert focus.ct.array[focus.middle].mean() > mean + 3 * spread
    assert lytic < 0.05
    assert blastic > 0.25
    assert lytic / (lytic + blastic) < 0.2  # clinical.md §1.6: no mixed lesion either


def test_what_is_measured_of_the_box_inside_the_shell_of_the_body_is_dense_and_not_lytic(focus):
    regions = vertebra_regions(focus.found.vertebrae, focus.found.subregions)
    near = [level for level in regions.axes if abs(level.order - focus.level.order) <= 1]
    views = {
        level: body_view(focus.ct, focus.found.vertebrae, regions.labels, regions.axes[level], focus.lesions)
        for level in near
    }
    reference = reference_for(focus.level, {level: trabecular(view) for level, view in views.items()}, ())
    found = shares(views[focus.level], reference)
    assert isinstance(found.lesion_lytic, Measured)
    assert found.lesion_lytic.value < 0.05
    assert found.lesion_blastic.low > found.lesion_lytic.high
    both = found.lesion_lytic.value + found.lesion_blastic.value
    assert found.lesion_lytic.value / both < 0.2  # by clinical.md §1.6 it would be blastic


def test_a_label_alone_does_not_make_the_type_measured(focus):
    """The image cuts every vertebra, so no sign is read that could contradict the label: the report says why."""
    own = next(one for one in focus.report.vertebrae if one.level is focus.level)
    assert own.signs.code.value == "out_of_field"
    assert {each["type"] for each in own.lesions} == {"lytic"}
