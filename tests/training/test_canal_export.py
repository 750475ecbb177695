"""The canal network as a file: slices that are not cubes, and the signal range in the place of a CT window."""

import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from omegaconf import OmegaConf

from spinemets.inference.backends import open_network
from spinemets.inference.canal_preprocess import SignalRange
from spinemets.inference.card import load_card
from spinemets.simulate.axial_tissues import CANAL_CLASSES
from spinemets.training import export

TINY = OmegaConf.create(
    {
        "module": {
            "net": {
                "_target_": "spinemets.training.networks.StridedUNet",
                "spatial_dims": 3,
                "in_channels": 1,
                "out_channels": len(CANAL_CLASSES),
                "channels": [8, 16, 16],
                "strides": [[2, 2, 1], [2, 2, 2]],
                "num_res_units": 1,
                "_convert_": "all",
            },
            "randomiser": {"patch_size": [32, 32, 8], "voxel_mm": 0.5},
        }
    }
)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::UserWarning:torch.*")
def test_the_card_says_how_slices_become_input_and_the_file_answers_as_torch_does(monkeypatch, tmp_path):
    monkeypatch.setattr(export, "_task_config", lambda name: TINY)
    net = instantiate(TINY.module.net)
    torch.save({"state_dict": {f"net.{key}": value for key, value in net.state_dict().items()}}, tmp_path / "a.ckpt")
    export.export_model("canal", tmp_path / "a.ckpt", tmp_path, "0.1.0", "Apache-2.0", "python train.py task=canal")
    card = load_card("canal", tmp_path)
    assert card.patch_size == (32, 32, 8)
    assert card.classes == CANAL_CLASSES
    assert SignalRange(**card.details["input"]["signal_range"]) == SignalRange()
    image = np.random.default_rng(0).standard_normal((2, 1, 48, 32, 12)).astype(np.float32)
    with torch.no_grad():
        expected = net.eval()(torch.from_numpy(image)).numpy()
    assert open_network(card.onnx, "onnx", 1)(image) == pytest.approx(expected, abs=export.PARITY)


@pytest.mark.parametrize(
    ("task", "entry", "value"),
    [
        ("canal", "data._target_", "spinemets.training.canal_data.CanalData"),
        ("canal", "module.net.out_channels", len(CANAL_CLASSES)),
        ("locator", "data.crop_size", 144),
        ("spine", "data.crop_size", 136),
    ],
)
def test_a_task_chooses_its_data(task, entry, value):
    assert OmegaConf.select(export._task_config(task), entry) == value


def test_training_and_validation_use_the_patch_that_the_network_is_read_with():
    module = export._task_config("canal").module
    assert module.randomiser.patch_size == module.validator.patch_size
    assert module.randomiser.voxel_mm == module.validator.voxel_mm
    assert module.validator.augment is False
