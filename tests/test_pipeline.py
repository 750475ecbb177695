import dataclasses

import numpy as np
import pytest
from oblique import STORED, centred_affine, painted

from spinemets import lesion_search, series_assessment
from spinemets.anatomy import Level
from spinemets.diffuse_marrow import UNCHECKED as MARROW_UNCHECKED
from spinemets.errors import GeometryMismatchError, StudyError
from spinemets.findings import Reason
from spinemets.inference.segment import SpineSegmentation
from spinemets.lesion_search import LESIONS_BY_NETWORK
from spinemets.measure.spine_from_mask import spine_from_mask
from spinemets.pipeline import Clinical, assess, examine
from spinemets.series_assessment import BY_NETWORK
from spinemets.volume import LeftOut, Series, Study, Volume

SHAPE = (20, 22, 24)


def bricks(x, y, z):
    return np.where((np.abs(x) < 6) & (np.abs(y) < 6), np.where(z > 2, 20, np.where(z < -2, 21, 0)), 0)


def image(role="ct", name="", uid=None, **stored):
    return Series(role, Volume(np.zeros(SHAPE, np.int16), centred_affine(SHAPE, **stored)), name or f"{role}.nii", uid)


def mask(**stored):
    return painted(SHAPE, centred_affine(SHAPE, **stored), bricks, np.uint8)


def body_of(vertebrae):
    return vertebrae.with_array(np.where(vertebrae.array > 0, 50, 0).astype(np.uint8))


def study(*series, left_out=()):
    return Study(tuple(series), tuple(left_out))


@pytest.fixture
def network(monkeypatch):
    """What a network would find, and with what it was called."""
    calls = []

    def segment(volume, models, *, anchor, report):
        calls.append((volume, models, anchor, report))
        vertebrae = volume.with_array(mask(**STORED[2]).array)
        parts = volume.with_array(np.where(vertebrae.array > 0, 50, 0).astype(np.uint8))
        canal = volume.with_array(np.zeros(SHAPE, np.uint8))
        spine = dataclasses.replace(spine_from_mask(vertebrae), flags=())
        return SpineSegmentation(vertebrae, parts, canal, spine, {"locate": 1.234, "segment": 2.0})

    monkeypatch.setattr(series_assessment, "segment_spine", segment)
    return calls


class Card:
    def __init__(self, name):
        self.name, self.version, self.licence, self.sha256 = name, "0.1.0", "CC-BY-SA-4.0", name * 2


class Spine:
    locator_card, spine_card = Card("locator"), Card("spine")


class Models:
    spine, spine_mr, lesion, lesion_mr, canal = Spine, None, None, None, None


def test_a_ct_is_segmented_and_the_report_says_by_what_and_how_fast(network):
    ct = image(name="chest", **STORED[2])
    told = Level.L1, np.zeros(3)
    result = examine(study(ct), models=Models, anchor=told, progress=print)
    assert network == [(ct.volume, Spine, told, print)]
    assert result.report.spine.levels == (Level.L1, Level.L2)
    assert result.report.provenance["seconds"] == {"locate": 1.23, "segment": 2.0}
    assert {one.lesions.code for one in result.report.vertebrae} == {Reason.NO_MODEL}
    assert result.report.provenance["flags"] == [MARROW_UNCHECKED, BY_NETWORK]
    assert [card["sha256"] for card in result.report.provenance["models"]] == ["locatorlocator", "spinespine"]
    assert [(entry.name, entry.used) for entry in result.report.inputs] == [("chest", True)]
    assert (result.results[0].subregions.array > 0).any()


class WithLesions(Models):
    class lesion:
        card = Card("lesion")


@pytest.fixture
def lesion_network(monkeypatch):
    """A network that takes the head end of the upper vertebra for lytic, and what it was shown."""
    calls = []

    def find(images, vertebrae, model, progress):
        calls.append((images["ct"], vertebrae, model))
        top = np.zeros(SHAPE, np.uint8)
        top[np.nonzero(vertebrae.array == Level.L1.verse_id)] = 1
        return images["ct"].with_array(top)

    monkeypatch.setattr(lesion_search, "find_lesions", find)
    return calls


def test_a_network_looks_for_lesions_in_what_another_outlined(network, lesion_network):
    ct = image(**STORED[2])
    result = examine(study(ct), models=WithLesions)
    (seen,) = lesion_network
    assert seen == (ct.volume, result.results[0].vertebrae, WithLesions.lesion)
    assert result.report.provenance["flags"] == [MARROW_UNCHECKED, BY_NETWORK, LESIONS_BY_NETWORK]
    assert [card["name"] for card in result.report.provenance["models"]] == ["locator", "spine", "lesion"]
    assert "lesions" in result.report.provenance["seconds"]
    upper, lower = result.report.vertebrae
    assert [one["type"] for one in upper.lesions] == ["lytic"]
    assert lower.lesions == ()
    assert result.report.governing["sins_level"] == "L1"
    assert (result.results[0].lesions.array > 0).any()


def test_a_network_looks_for_lesions_in_vertebrae_of_a_mask_and_says_nothing_of_the_sacrum(network, lesion_network):
    given = mask()
    sacrum = given.with_array(np.where(given.array == 21, Level.SACRUM.verse_id, given.array).astype(np.uint8))
    masks = {"vertebrae": sacrum, "subregions": body_of(sacrum)}
    result = examine(study(image()), models=WithLesions, masks=masks)
    assert network == []
    assert len(lesion_network) == 1
    assert result.report.provenance["flags"] == [MARROW_UNCHECKED, LESIONS_BY_NETWORK]
    assert [card["name"] for card in result.report.provenance["models"]] == ["lesion"]
    below = result.report.vertebrae[-1]
    assert {below.lesions.code, below.sins.code} == {Reason.NOT_TRAINED_FOR}


def test_a_lesion_mask_replaces_the_lesion_network(network, lesion_network):
    lesions = image(**STORED[2]).volume.with_array(np.zeros(SHAPE, np.uint8))
    result = examine(study(image(**STORED[2])), models=WithLesions, masks={"lesions": lesions})
    assert lesion_network == []
    assert result.results[0].lesions is lesions
    assert {one.lesions for one in result.report.vertebrae} == {()}


def test_no_network_looks_for_lesions_on_mr(lesion_network):
    masks = {"vertebrae": mask(), "subregions": body_of(mask())}
    result = examine(study(image("t2")), models=WithLesions, masks=masks)
    assert lesion_network == []
    assert {one.lesions.code for one in result.report.vertebrae} == {Reason.NO_MODEL}


@pytest.mark.parametrize("stored", STORED)
def test_a_vertebra_mask_replaces_the_network(stored, network):
    result = examine(study(image(**stored)), models=Models, masks={"vertebrae": mask(**stored)})
    assert network == []
    assert result.report.spine.levels == (Level.L1, Level.L2)
    assert result.report.spine.flags == ("levels_from_mask",)
    assert result.report.spine[Level.L1].centroid_mm[2] > 0 > result.report.spine[Level.L2].centroid_mm[2]
    assert "models" not in result.report.provenance
    assert result.results[0].subregions is None


def test_a_subregion_mask_replaces_only_the_networks_subregions(network):
    given = mask(**STORED[2])
    result = examine(study(image(**STORED[2])), models=Models, masks={"subregions": given})
    assert len(network) == 1
    assert result.results[0].subregions is given
    assert result.masks == {}


@pytest.mark.parametrize("name", ["vertebrae", "subregions"])
def test_a_mask_on_another_grid_is_refused_by_its_name(name, network):
    with pytest.raises(GeometryMismatchError, match=f"the {name} mask lies on another grid"):
        examine(study(image(**STORED[1])), models=Models, masks={name: mask(**STORED[0])})


def test_other_masks_are_handed_on():
    lesions = mask(**STORED[0])
    given = {"vertebrae": mask(**STORED[0]), "lesions": lesions}
    assert examine(study(image(**STORED[0])), masks=given).masks == {"lesions": lesions}


def test_an_mr_with_a_vertebra_mask_is_assessed():
    result = examine(study(image("t2")), masks={"vertebrae": mask()})
    assert [(entry.role, entry.used) for entry in result.report.inputs] == [("t2", True)]


def test_a_mask_belongs_to_the_ct_where_there_is_one():
    result = examine(study(image("t2"), image("ct")), models=Models, masks={"vertebrae": mask()})
    assert [found.series.role for found in result.results] == ["ct"]


def test_series_that_no_network_reads_are_listed_with_the_reason(network):
    unknown = LeftOut("localiser", "it is a localiser", "1.2.3")
    given = study(image("t2", "T2 sag", "1.2.4"), image(**STORED[2]), left_out=[unknown])
    report = examine(given, models=Models).report
    listed = {entry.name: (entry.used, entry.reason) for entry in report.inputs}
    assert listed["T2 sag"] == (False, "no network of this version reads the role t2")
    assert listed["localiser"] == (False, "it is a localiser")
    assert listed["ct.nii"][0]


def test_a_study_that_no_network_reads_is_refused_with_its_roles():
    with pytest.raises(StudyError, match="no network reads t2, stir; add a CT or give --vertebrae"):
        examine(study(image("t2"), image("stir")), models=Models)


def not_assessed(clinical):
    found = examine(study(image()), models=Models, masks={"vertebrae": mask()}, clinical=clinical)
    return dict(found.report.not_assessed)


def test_what_nobody_said_is_not_assessed_and_never_none():
    found = not_assessed(None)
    assert "nobody did" in found["pain"].detail
    assert "nobody stated one" in found["malignancy"].detail
    assert {found[name].code for name in ("pain", "malignancy")} == {Reason.NOT_STATED}


def test_what_was_said_is_assessed():
    assert not_assessed(Clinical(pain="none", pain_by="Dr A", malignancy="known")) == {}
    without = not_assessed(Clinical(pain="none", malignancy="no"))
    assert set(without) == {"malignancy"}
    assert without["malignancy"].code is Reason.NOT_TRAINED_FOR


@pytest.mark.parametrize(
    ("clinical", "flags"),
    [
        (Clinical(), []),
        (Clinical(pain="mechanical"), ["pain_source_not_stated"]),
        (Clinical(pain="mechanical", pain_by=""), ["pain_source_not_stated"]),
        (Clinical(pain="mechanical", pain_by="Dr A, today"), []),
    ],
)
def test_pain_without_the_name_of_who_stated_it_is_flagged(clinical, flags):
    report = examine(study(image()), models=Models, masks={"vertebrae": mask()}, clinical=clinical).report
    assert report.provenance["flags"] == flags
    assert report.provenance["clinical"]["pain"] == clinical.pain


def test_who_asks_for_a_report_gets_one_and_says_what_he_knows_by_name():
    masks = {"vertebrae": mask()}
    report = assess(study(image()), masks=masks, pain="mechanical", pain_by="Dr A", malignancy="known")
    assert report.provenance["clinical"]["pain"] == "mechanical"
    assert report.not_assessed == ()
    both = assess(study(image()), masks=masks, clinical=Clinical(pain="none", treated="yes"), pain="occasional")
    assert (both.provenance["clinical"]["pain"], both.provenance["clinical"]["treated"]) == ("occasional", "yes")


def test_an_option_that_does_not_exist_is_refused_by_its_name():
    with pytest.raises(TypeError, match="'pian'"):
        assess(study(image()), masks={"vertebrae": mask()}, pian="none")
