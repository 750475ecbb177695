"""Lesions on MR: where a network looks for them, and what a mask that was given does."""

from types import SimpleNamespace

import numpy as np
import pytest
from marrow_phantom import MUSCLE, T1, T2
from mr_studies import ADC, card, examined, lesions_on, networks, scene, shipping, true_parts

from spinemets import lesion_search
from spinemets.anatomy import Level
from spinemets.findings import Reason
from spinemets.pipeline import Clinical
from spinemets.results import write_results
from spinemets.volume import Series, Volume

__all__ = ["networks"]
STIR = MUSCLE | {"marrow": 60.0, "lesion": 330.0, "disc": 180.0, "csf": 850.0, "fat": 30.0}
WITH_LESIONS = shipping(SimpleNamespace(card=card("spine_mr")), SimpleNamespace(card=card("lesion_mr")))


@pytest.fixture
def lesion_network(monkeypatch, networks):
    """A network that knows the tumour, and the roles of the images it was shown."""
    asked = []

    def find(images, vertebrae, model, progress):
        assert model is WITH_LESIONS.lesion_mr
        assert set(np.unique(vertebrae.array)) > {0}
        assert [networks.role_of[id(image)] for image in images.values()] == list(images)
        asked.append(" ".join(images))
        return lesions_on(SimpleNamespace(volume=next(iter(images.values()))))

    monkeypatch.setattr(lesion_search, "find_lesions", find)
    return asked


def test_lesions_are_looked_for_on_all_mr_of_the_frame_that_the_network_knows(networks, lesion_network, tmp_path):
    series = scene({"t1": T1, "stir": STIR, "adc": ADC})
    found = examined(networks, *series, models=WITH_LESIONS, clinical=Clinical(malignancy="known"))
    assert lesion_network == ["t1 stir"]
    flags = found.report.provenance["flags"]
    assert [flag for flag in flags if flag.startswith("lesions_")] == ["lesions_by_network", "lesions_without_t2"]
    assert [card["name"] for card in found.report.provenance["models"]] == ["spine_mr", "lesion_mr"]
    assert "lesions.nii.gz" in {path.name for path in write_results(found, tmp_path, dicom=False)}
    (own,) = (one for one in found.report.vertebrae if one.level is Level.L2)
    assert len(own.lesions) == 1
    assert own.sins_case["lesion_quality"] == "not_assessable"


def moved(series, up_mm):
    affine = series.volume.affine.copy()
    affine[2, 3] += up_mm
    return Series(series.role, Volume(series.volume.array, affine, series.volume.frame_of_reference), series.name)


def test_a_stir_that_shows_no_vertebra_is_none(networks, lesion_network):
    t1, stir = scene({"t1": T1, "stir": STIR})
    found = examined(networks, t1, moved(stir, 600.0), models=WITH_LESIONS)
    assert lesion_network == []
    assert {one.lesions.code for one in found.report.vertebrae} == {Reason.NO_MODEL}
    assert not any(flag.startswith("lesions_") for flag in found.report.provenance["flags"])


@pytest.mark.parametrize("far_first", [True, False])
def test_of_several_stations_the_one_that_shows_the_vertebrae_is_taken(
    networks, lesion_network, monkeypatch, far_first
):
    t1, stir = scene({"t1": T1, "stir": STIR})
    far: Series = moved(stir, 600.0)
    shown: list[Volume] = []
    find = lesion_search.find_lesions

    def look(images, *rest):
        shown.append(images["stir"])
        return find(images, *rest)

    monkeypatch.setattr(lesion_search, "find_lesions", look)
    found = examined(networks, t1, *((far, stir) if far_first else (stir, far)), models=WITH_LESIONS)
    assert shown == [stir.volume]
    (own,) = (one for one in found.report.vertebrae if one.level is Level.L2)
    assert len(own.lesions) == 1


def test_a_level_that_the_stir_cuts_or_does_not_reach_was_not_looked_at(networks, lesion_network):
    t1, stir = scene({"t1": T1, "stir": STIR})
    found = examined(networks, t1, moved(stir, -70.0), models=WITH_LESIONS)
    told = {one.level: one.lesions for one in found.report.vertebrae}
    top = stir.volume.world(np.array(stir.volume.shape) - 1)[2] - 70.0
    above = {one.level for one in found.report.spine.vertebrae if one.centroid_mm[2] > top + 20}
    below = {one.level for one in found.report.spine.vertebrae if one.centroid_mm[2] < top - 30}
    assert above
    assert below
    for level in above:
        assert told[level].code is Reason.OUT_OF_FIELD
        assert "STIR" in told[level].detail
    assert all(isinstance(told[level], tuple) for level in below)


def test_a_lesion_mask_that_was_given_replaces_the_network_on_mr(networks, lesion_network):
    t1, stir = scene({"t1": T1, "stir": STIR})
    found = examined(networks, t1, stir, models=WITH_LESIONS, masks={"lesions": lesions_on(t1)})
    assert lesion_network == []
    assert "lesions_by_network" not in found.report.provenance["flags"]


def test_vertebrae_that_were_given_are_searched_as_well(networks, lesion_network):
    (stir,) = scene({"stir": STIR})
    ids = stir.volume.with_array(true_parts(stir.volume)[0])
    examined(networks, stir, models=WITH_LESIONS, masks={"vertebrae": ids})
    assert lesion_network == ["stir"]


def test_no_lesion_is_looked_for_on_a_sequence_or_a_stack_that_training_did_not_draw(networks, lesion_network):
    (in_phase,) = scene({"in_phase": T1})
    examined(networks, in_phase, models=WITH_LESIONS)
    (axial,) = scene({"stir": STIR}, spacing=(0.9, 0.9, 4.0))
    ids = axial.volume.with_array(true_parts(axial.volume)[0])
    examined(networks, axial, models=WITH_LESIONS, masks={"vertebrae": ids})
    found = examined(networks, *scene({"t1": T1, "t2": T2}), models=WITH_LESIONS)  # no STIR beside them
    assert lesion_network == []
    assert {one.lesions.code for one in found.report.vertebrae} == {Reason.NO_MODEL}
