import os
from pathlib import Path

import numpy as np
import pytest
import torch
from hydra import compose, initialize_config_dir
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate

from spinemets.anatomy import Level, Subregion
from spinemets.datasets.case import CENTRE_ROWS, Case
from spinemets.datasets.simulated import case_file
from spinemets.inference.locator_classes import LOCATOR_CLASSES, POSITION_CHANNELS
from spinemets.inference.spine_classes import OFFSET_CHANNELS, SPINE_CLASSES, VERTEBRA_CLASSES
from spinemets.simulate.tissues import Tissue
from spinemets.training.run import automatic_precision, fit, resume_from

CONFIGS = Path(__file__).resolve().parents[2] / "configs"
TASKS = {"spine": (SPINE_CLASSES, OFFSET_CHANNELS), "locator": (LOCATOR_CLASSES, POSITION_CHANNELS)}


def composed(*overrides, folder="/nowhere"):
    with initialize_config_dir(str(CONFIGS), version_base="1.3"):
        config = compose("train", overrides=list(overrides), return_hydra_config=True)
    config.hydra.runtime.output_dir = str(folder)
    HydraConfig.instance().set_config(config)
    return config


@pytest.mark.parametrize(
    ("cuda", "cuda_bf16", "cpu", "precision"),
    [
        (True, True, {}, "bf16-mixed"),
        (True, False, {"amx_bf16": True}, "16-mixed"),
        (False, False, {"amx_bf16": True, "avx512_bf16": True}, "bf16-mixed"),
        (False, False, {"amx_bf16": False, "avx512_bf16": True}, "bf16-mixed"),
        (False, True, {"amx_bf16": False, "avx512_bf16": False}, "32-true"),
        (False, True, {}, "32-true"),
    ],
)
def test_precision_is_mixed_only_where_the_hardware_is_fast_at_it(cuda, cuda_bf16, cpu, precision, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: cuda_bf16)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: cpu)
    assert automatic_precision() == precision


def test_a_run_is_resumed_from_its_newest_checkpoint(tmp_path):
    (tmp_path / "checkpoints").mkdir()
    for age, name in enumerate(("recent", "last", "best")):
        path = tmp_path / "checkpoints" / f"{name}.ckpt"
        path.touch()
        os.utime(path, (1e9 - age, 1e9 - age))
    assert resume_from("last", tmp_path) == str(tmp_path / "checkpoints" / "recent.ckpt")


def test_a_run_without_checkpoint_starts_anew(tmp_path):
    assert resume_from("last", tmp_path) is None
    assert resume_from(None, tmp_path) is None


def test_a_checkpoint_that_is_named_is_the_one_resumed(tmp_path):
    assert resume_from("elsewhere/best.ckpt", tmp_path) == "elsewhere/best.ckpt"


@pytest.mark.parametrize("task", TASKS)
def test_every_task_trains_a_network_with_as_many_channels_as_it_has_classes(task):
    config = composed(f"task={task}")
    classes, offsets = TASKS[task]
    learner = instantiate(config.module)
    assert config.module.classes == len(classes)
    assert config.module.net.out_channels == len(classes) + offsets
    assert learner.randomiser.targets == task
    assert learner.randomiser.augment
    assert not learner.validator.augment
    assert learner.randomiser.patch_size == learner.validator.patch_size
    assert learner.randomiser.voxel_mm == learner.validator.voxel_mm
    made = learner.configure_optimizers()
    assert made["optimizer"].param_groups[0]["weight_decay"] == 1e-4
    assert config.name == task


def test_vertebra_dice_is_logged_over_the_classes_that_are_vertebral():
    first, last = instantiate(composed("task=spine").module).vertebra_classes
    assert tuple(range(first, last + 1)) == VERTEBRA_CLASSES
    first, last = composed("task=locator").module.vertebra_classes
    assert LOCATOR_CLASSES[first : last + 1] == ("vertebra",)


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("data", ["simulated", "labelmaps"])
def test_data_of_every_task_are_crops_that_can_be_turned_and_shrunk(task, data):
    config = composed(f"task={task}", f"data={data}", *(["data.root=maps"] if data == "labelmaps" else []))
    made = instantiate(config.data)
    assert list(made.sources) == (["simulated"] if data == "simulated" else ["simulated", "labelmaps"])
    randomiser = config.module.randomiser
    crop_mm = made.crop_size * randomiser.get("source_mm", randomiser.voxel_mm)
    assert crop_mm > randomiser.patch_size * randomiser.voxel_mm
    assert made.coarse == (task == "locator")


def test_without_a_root_label_maps_are_not_trained_on():
    from omegaconf.errors import MissingMandatoryValue

    with pytest.raises(MissingMandatoryValue, match="root"):
        _ = composed("data=labelmaps").data.root


def test_loggers_and_callbacks_write_into_the_folder_of_the_run(tmp_path):
    config = composed(folder=tmp_path)
    callbacks, loggers = instantiate(config.callbacks), instantiate(config.logger)
    assert set(callbacks) == {"checkpoint", "recent", "average", "rate"}
    for name in ("checkpoint", "recent"):
        assert Path(callbacks[name].dirpath) == tmp_path / "checkpoints"
    assert {Path(logger.save_dir) for logger in loggers.values()} == {tmp_path}


def cached_case(path, level):
    structure = np.full((40,) * 3, int(Tissue.FAT), np.uint8)
    vertebra = np.zeros_like(structure)
    structure[14:26, 16:28, 14:26], vertebra[14:26, 16:28, 14:26] = int(Subregion.BODY), level.verse_id
    centres = np.full((CENTRE_ROWS, 3), np.nan, np.float32)
    centres[level.verse_id] = (19.5, 21.5, 19.5)
    Case(path.stem, structure, vertebra, centres, 1.5).save(path)


def tiny_run(folder, cache, steps, *more):
    net = ("channels=[8,16]", "strides=[2]", "num_res_units=0")
    return composed(
        *(f"module.net.{option}" for option in net),
        "module.randomiser.patch_size=16",
        "module.validator.patch_size=16",
        "data.crop_size=24",
        "data.workers=0",
        "data.sources.simulated.count=2",
        "data.validation.count=1",
        "trainer.val_check_interval=2",
        "trainer.limit_val_batches=1",
        "trainer.accelerator=cpu",
        "trainer.log_every_n_steps=1",
        "+trainer.enable_progress_bar=false",
        "+trainer.enable_model_summary=false",
        f"steps={steps}",
        f"cache={cache}",
        *more,
        folder=folder,
    )


@pytest.mark.filterwarnings("ignore::UserWarning:lightning.*")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:lightning.*")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch.*")
@pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")
def test_a_run_leaves_weights_logs_and_a_checkpoint_from_which_it_goes_on(tmp_path):
    cache, folder = tmp_path / "cache", tmp_path / "run"
    cache.mkdir()
    for seed, level in ((0, Level.L1), (1, Level.L2), (100_000, Level.L3)):
        cached_case(case_file(cache, seed), level)
    fit(tiny_run(folder, cache, 2))
    state = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=False)
    assert state["global_step"] == 2
    assert (folder / "checkpoints" / "best.ckpt").is_file()
    assert "val/vertebra_dice" in next(folder.glob("csv/**/metrics.csv")).read_text()
    weights = torch.load(folder / "weights.pt", weights_only=True)

    fit(tiny_run(folder, cache, 4, "ckpt_path=last"))
    state = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=False)
    assert state["global_step"] == 4
    later = torch.load(folder / "weights.pt", weights_only=True)
    assert set(later) == set(weights)
    assert any(not torch.equal(later[name], weights[name]) for name in weights)
