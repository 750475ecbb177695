"""What is no spine, images that are too small, and bone that is not looked at."""

import dataclasses

import knowing_networks
import numpy as np
import pytest
from knowing_networks import SURE, KnownPatient, knowing_models
from oblique import STORED, centred_affine, world_of
from test_segment import dice

from spinemets.anatomy import Level
from spinemets.errors import NoSpineFoundError
from spinemets.geometry import Grid
from spinemets.inference import no_vertebra, segment
from spinemets.inference.segment import segment_spine
from spinemets.inference.spine_classes import SPINE_CLASSES


def says(name, offset=0.0):
    """A network that sees one class everywhere and votes `offset` units to the right and front and up."""

    def network(batch):
        output = np.zeros((len(batch), len(SPINE_CLASSES) + 3, *batch.shape[2:]), np.float32)
        output[:, SPINE_CLASSES.index(name)] = SURE
        output[:, -3:] = offset
        return output

    return network


def test_located_bone_without_a_vertebra_is_no_spine(plain):
    image, models = plain
    with pytest.raises(NoSpineFoundError, match=r"no spine found: 0\.0 ml of bone look like vertebrae"):
        segment_spine(image, dataclasses.replace(models, spine=says("sacrum")))


def test_bone_that_votes_for_no_centre_is_no_spine(plain):
    image, models = plain
    with pytest.raises(NoSpineFoundError, match="no vertebra that can be told apart"):
        segment_spine(image, dataclasses.replace(models, spine=says("body", offset=1e4)))


def test_bone_that_lies_nowhere_near_the_canal_is_no_spine(plain, monkeypatch):
    monkeypatch.setattr(no_vertebra, "FROM_CANAL_MM", 0.1)
    image, models = plain
    with pytest.raises(NoSpineFoundError, match="nothing that looks like a vertebra lies beside the canal"):
        segment_spine(image, models)


def test_an_image_too_small_for_the_coarse_pass_goes_whole_to_the_fine_network(lumbar_patient):
    def not_asked(batch):
        raise AssertionError("the locator was asked about an image that it has not learnt to read")

    spacing_mm = (2.2, 2.0, 2.4)
    shape = (44, 48, 40)
    affine = centred_affine(shape, lumbar_patient.centres_mm[Level.L3], spacing_mm=spacing_mm, **STORED[1])
    patient, models = KnownPatient(lumbar_patient), knowing_models(lumbar_patient, window=(48, 48, 48))
    image = patient.image(Grid(shape, affine))
    found = segment_spine(image, dataclasses.replace(models, locator=not_asked))
    truth, _ = patient.truth(Grid(shape, affine))
    assert dice(found.vertebrae.array > 0, truth > 0) > 0.85
    assert found.spine.level_ambiguous
    assert found.spine.flags == ("no_level_landmark",)


def test_stages_report_their_progress_and_their_time(plain):
    image, models = plain
    told = []
    found = segment_spine(image, models, report=lambda stage, share: told.append((stage, share)))
    assert list(dict.fromkeys(stage for stage, _ in told)) == ["locating the spine", "segmenting vertebrae"]
    assert told[-1][1] == 1.0
    assert set(found.seconds) == {"locate", "segment", "separate and name", "back to the image grid"}
    assert min(found.seconds.values()) > 0


def test_bone_far_from_the_located_spine_is_not_looked_at(plain, lumbar_patient):
    """A second spine beside the patient, which the locator does not see, is left out."""
    image, models = plain
    shifted = dataclasses.replace(
        lumbar_patient,
        centres_mm={level: centre + np.array([60, 0, 0]) for level, centre in lumbar_patient.centres_mm.items()},
        **{name: np.roll(getattr(lumbar_patient, name), 30, axis=0) for name in ("vertebra", "subregion", "tissue")},
    )
    double = dataclasses.replace(
        shifted,
        vertebra=np.maximum(lumbar_patient.vertebra, shifted.vertebra),
        subregion=np.maximum(lumbar_patient.subregion, shifted.subregion),
    )
    both = knowing_models(double, spine_mm=3.0, window=(40, 40, 40))
    found = segment_spine(image, dataclasses.replace(models, spine=both.spine))
    away = KnownPatient(lumbar_patient).looked_up(lumbar_patient.vertebra, world_of(Grid.of(image))) == 0
    x, _, z = np.moveaxis(world_of(Grid.of(image)), -1, 0)
    beside = x > max(centre[0] for centre in lumbar_patient.centres_mm.values()) + 65
    beside &= z > lumbar_patient.centres_mm[Level.L4][2]  # the sacrum is as wide as that
    assert (KnownPatient(double).looked_up(double.vertebra, world_of(Grid.of(image)))[beside & away] > 0).any()
    assert not found.vertebrae.array[beside & away].any()


def test_shipped_models_are_opened_once_each_on_the_engine_asked_for(monkeypatch):
    opened = []

    def open_network(onnx, backend, threads):
        opened.append((onnx, backend, threads))
        return onnx

    cards = {name: knowing_networks.card(name, 2.0, (8, 8, 8), ()) for name in ("locator", "spine")}
    monkeypatch.setattr(segment, "load_card", lambda name: dataclasses.replace(cards[name], onnx=f"{name}.onnx"))
    monkeypatch.setattr(segment, "open_network", open_network)
    models = segment.SpineModels.load("openvino", 3)
    assert opened == [("locator.onnx", "openvino", 3), ("spine.onnx", "openvino", 3)]
    assert (models.locator, models.spine) == ("locator.onnx", "spine.onnx")
    assert (models.locator_card.name, models.spine_card.name) == ("locator", "spine")
