"""The lesion network's way round: a network that takes dark and bright bone for lesion, on patients made of boxes."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from oblique import STORED, centred_affine, painted, world_of

from spinemets.anatomy import LesionLabel, Level
from spinemets.errors import GeometryMismatchError, ModelError
from spinemets.geometry import Grid
from spinemets.inference import shipped
from spinemets.inference.card import ModelCard, load_card
from spinemets.inference.lesion_classes import LESION_CLASSES
from spinemets.inference.lesions import (
    LEAST_LESION_ML,
    REACH_MM,
    LesionModel,
    MrLesionModel,
    Thresholds,
    find_lesions,
)
from spinemets.inference.models import Models
from spinemets.inference.preprocess import CtWindow
from spinemets.volume import Volume

CARD = ModelCard(
    "lesion",
    "0",
    "none",
    Path("model.onnx"),
    "0" * 64,
    1.5,
    (32, 32, 32),
    LESION_CLASSES,
    CtWindow(-1e9, 1e9, 0, 1),
    {"input": {"channels": ["ct", "vertebra"]}},
)
SHAPE, SPACING = (78, 70, 60), (0.9, 1.0, 1.6)
HALF_BOX = (20.0, 20.0, 14.0)
LYTIC_HU, BONE_HU, BLASTIC_HU = 0.0, 200.0, 900.0
BALLS = {
    "lytic": ((-6.0, 3.0, 22.0), 8.0, LYTIC_HU),
    "blastic": ((8.0, -5.0, -20.0), 6.5, BLASTIC_HU),
    "tiny": ((10.0, 10.0, 22.0), 3.5, LYTIC_HU),
}


def by_hu(batch):
    """Logits of a network that takes bone under 100 HU for lytic and over 550 HU for blastic."""
    hu, bone = batch[:, 0], batch[:, 1]
    output = np.zeros((len(batch), 3, *hu.shape[1:]), np.float32)
    output[:, 0] = 5.0
    output[:, 1][(bone > 0) & (hu < 100)] = 10.0
    output[:, 2][(bone > 0) & (hu > 550)] = 10.0
    return output


def bone_at(x, y, z):
    beside = (np.abs(x) < HALF_BOX[0]) & (np.abs(y) < HALF_BOX[1])
    return np.where(
        beside & (np.abs(z - 20) < HALF_BOX[2]), 20, np.where(beside & (np.abs(z + 20) < HALF_BOX[2]), 21, 0)
    )


def patient(stored=0, balls=BALLS, bone=bone_at):
    """CT and vertebra mask of two boxes with balls in them, on an oblique grid stored in one of several ways."""
    options = STORED[stored]
    shape = tuple(SHAPE[axis] for axis in options["axes"])
    spacing = tuple(SPACING[axis] for axis in options["axes"])
    affine = centred_affine(shape, spacing_mm=spacing, angles_deg=(4, -6, 5), **options)
    mask = painted(shape, affine, bone, np.uint8)
    hu = np.where(mask.array > 0, BONE_HU, 40.0)
    for centre, radius, value in balls.values():
        hu[np.linalg.norm(world_of(Grid.of(mask)) - centre, axis=-1) < radius] = value
    return mask.with_array(hu.astype(np.float32)), mask


def ball_ml(radius):
    return 4 / 3 * np.pi * radius**3 / 1000


@pytest.mark.parametrize("stored", range(len(STORED)))
def test_a_lesion_is_found_where_it_is_with_its_volume_and_type_in_any_storage_order(stored):
    image, mask = patient(stored)
    found = find_lesions({"ct": image}, mask, LesionModel(by_hu, CARD))
    assert found.shape == image.shape
    world = world_of(Grid.of(image))
    for label, name in ((LesionLabel.LYTIC, "lytic"), (LesionLabel.BLASTIC, "blastic")):
        centre, radius, _ = BALLS[name]
        own = found.array == label
        assert own.sum() * image.voxel_volume_mm3 / 1000 == pytest.approx(ball_ml(radius), rel=0.1)
        assert world[own].mean(axis=0) == pytest.approx(centre, abs=0.7)
    assert ball_ml(BALLS["tiny"][1]) < LEAST_LESION_ML
    tiny = np.linalg.norm(world - BALLS["tiny"][0], axis=-1) < BALLS["tiny"][1]
    assert not found.array[tiny].any()


def everywhere(batch):
    output = np.zeros((len(batch), 3, *batch.shape[2:]), np.float32)
    output[:, 2] = 9.0
    return output


def test_a_lesion_reaches_no_further_beyond_bone_than_destroyed_cortex():
    image, mask = patient(1, {})
    found = find_lesions({"ct": image}, mask, LesionModel(everywhere, CARD)).array > 0
    away = np.abs(world_of(Grid.of(image)) - np.where(world_of(Grid.of(image))[..., 2:] > 0, [0, 0, 20], [0, 0, -20]))
    outside = np.linalg.norm(np.maximum(away - HALF_BOX, 0), axis=-1)
    assert found[mask.array > 0].all()
    assert found[(outside > 0.5) & (outside < REACH_MM - CARD.spacing_mm)].mean() > 0.95
    assert not found[outside > REACH_MM + CARD.spacing_mm].any()


def test_nothing_is_said_of_levels_that_training_never_made_ill():
    image, mask = patient(0, {})
    sacrum = mask.with_array(np.where(mask.array == 21, Level.SACRUM.verse_id, mask.array).astype(np.uint8))
    found = find_lesions({"ct": image}, sacrum, LesionModel(everywhere, CARD)).array > 0
    assert found[sacrum.array == 20].all()
    assert not found[sacrum.array == Level.SACRUM.verse_id].any()


def test_the_network_sees_windows_of_hu_and_mask_only_where_vertebrae_are():
    def shown(gap_mm):
        """What the network sees of two ends of a column with a gap."""
        windows, told = [], []

        def watched(batch):
            windows.append(batch.copy())
            return by_hu(batch)

        def column(x, y, z):
            bone = (np.abs(x) < 6) & (np.abs(y) < 6) & (np.abs(z) > gap_mm / 2)
            return np.where(bone, np.where(z > 0, 8, 20), 0)

        image, mask = patient(0, {}, column)
        find_lesions({"ct": image}, mask, LesionModel(watched, CARD), told.append)
        assert told[-1] == 1.0
        return windows

    apart, whole = shown(gap_mm=84), shown(gap_mm=0)
    assert 0 < len(apart) < len(whole)
    for one in (*apart, *whole):
        assert one.shape[1:] == (2, *CARD.patch_size)
        assert set(np.unique(one[:, 1])) <= {0.0, 1.0}
    assert all(one[:, 1].any() for one in (*apart, *whole))
    assert min(one[:, 0].min() for one in apart) >= -1024


def test_a_network_with_a_window_of_marrow_sees_it_beside_the_others():
    windows = []

    def watched(batch):
        windows.append(batch.copy())
        return by_hu(batch)

    window = {"low_hu": 50.0, "high_hu": 450.0, "centre_hu": 150.0, "scale_hu": 100.0}
    details = {"input": {"channels": ["ct", "vertebra", "ct_marrow"], "marrow_window": window}}
    image, mask = patient(0)
    find_lesions({"ct": image}, mask, LesionModel(watched, dataclasses.replace(CARD, details=details)))
    assert windows
    for one in windows:
        assert one.shape[1] == 3
        assert one[:, 2] == pytest.approx((np.clip(one[:, 0], 50, 450) - 150) / 100, abs=1e-5)


def test_without_bone_or_on_another_grid_there_is_nothing_to_look_at():
    image, mask = patient(0)
    with pytest.raises(ValueError, match="the vertebra mask is empty"):
        find_lesions({"ct": image}, mask.with_array(np.zeros_like(mask.array)), LesionModel(by_hu, CARD))
    affine = mask.affine.copy()
    affine[0, 3] += 5
    moved = Volume(mask.array, affine)
    with pytest.raises(GeometryMismatchError, match="the vertebra mask lies on another grid"):
        find_lesions({"ct": image}, moved, LesionModel(by_hu, CARD))


def test_a_model_that_is_not_shipped_is_none_and_one_without_its_card_an_error(monkeypatch, tmp_path):
    monkeypatch.setattr(shipped, "models_folder", lambda: tmp_path)
    assert LesionModel.load() is None
    (tmp_path / "lesion").mkdir()
    monkeypatch.setattr(shipped, "load_card", lambda name: load_card(name, tmp_path))
    with pytest.raises(ModelError, match=r"no lesion/card\.yaml"):
        LesionModel.load()


def test_a_shipped_model_is_opened_on_the_engine_that_was_asked_for(monkeypatch, tmp_path):
    (tmp_path / "lesion").mkdir()
    asked = []

    def opened(*words):
        asked.append(words)
        return by_hu

    monkeypatch.setattr(shipped, "models_folder", lambda: tmp_path)
    monkeypatch.setattr(shipped, "load_card", lambda name: CARD)
    monkeypatch.setattr(shipped, "open_network", opened)
    model = LesionModel.load("openvino", 3)
    assert model == LesionModel(by_hu, CARD)
    assert asked == [(CARD.onnx, "openvino", 3)]


def test_each_network_has_thresholds_of_its_own(monkeypatch):
    def doubtful(batch):
        output = np.zeros((len(batch), 3, *batch.shape[2:]), np.float32)
        output[:, 0], output[:, 1] = np.log(8 / 3), np.log(3)  # 4 of 20/3 are lesion
        return output

    image, mask = patient(0, {})
    monkeypatch.setattr(MrLesionModel, "thresholds", Thresholds(voxel=0.2, core=0.5, core_ml=0.1))
    assert find_lesions({"ct": image}, mask, MrLesionModel(doubtful, CARD)).array.any()
    for model in (MrLesionModel(doubtful, CARD), LesionModel(doubtful, CARD)):
        monkeypatch.setattr(type(model), "thresholds", Thresholds(voxel=0.2, core=0.7, core_ml=0.0))
        assert not find_lesions({"ct": image}, mask, model).array.any()
    monkeypatch.setattr(LesionModel, "thresholds", Thresholds(voxel=0.2, core=0.5, core_ml=0.2))
    assert find_lesions({"ct": image}, mask, LesionModel(doubtful, CARD)).array.any()


def test_the_network_for_mr_lies_in_a_folder_of_its_own(monkeypatch, tmp_path):
    monkeypatch.setattr(shipped, "models_folder", lambda: tmp_path)
    (tmp_path / "lesion").mkdir()
    assert MrLesionModel.load() is None
    assert Models().lesion_mr is None
