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
