"""The lesion network's training from its configuration on."""

import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from test_run import cached_case, composed, tiny_run

from spinemets.anatomy import LesionLabel, Level, Subregion
from spinemets.datasets import diseased_cases
from spinemets.datasets.disease_overlay import DiseaseOverlay, case_checksum
from spinemets.datasets.simulated import case_file
from spinemets.inference.lesion_classes import LESION_CLASSES, LESION_INPUTS, MR_LESION_INPUTS
from spinemets.training.data import SpineData
from spinemets.training.lesion_crops import LesionCropDataset
from spinemets.training.lesion_mr_randomise import MrLesionRandomiser
from spinemets.training.lesion_randomise import LesionRandomiser
from spinemets.training.run import fit


@pytest.mark.parametrize(
    ("task", "kind", "inputs", "patch"),
    [("lesion", LesionRandomiser, LESION_INPUTS, 80), ("lesion_mr", MrLesionRandomiser, MR_LESION_INPUTS, 48)],
)
def test_the_network_takes_and_gives_as_many_channels_as_it_is_said_to(task, kind, inputs, patch):
    config = composed(f"task={task}")
    learner = instantiate(config.module)
    assert config.name == task
    assert type(learner.randomiser) is type(learner.validator) is kind
    assert config.module.net.in_channels == len(inputs)
    assert config.module.net.out_channels == len(LESION_CLASSES)
    assert learner.randomiser.augment
    assert not learner.validator.augment
    assert learner.randomiser.patch_size == learner.validator.patch_size == patch
    with torch.no_grad():
        assert learner(torch.zeros(1, len(inputs), 32, 32, 32)).shape == (1, 3, 32, 32, 32)


def test_the_numbers_of_the_classes_are_those_of_the_labels():
    assert [LESION_CLASSES.index(label.name.lower()) for label in LesionLabel] == [int(label) for label in LesionLabel]


@pytest.mark.parametrize(
    ("task", "data", "sources"),
    [
        ("lesion", "simulated", ["simulated"]),
        ("lesion", "labelmaps", ["simulated", "labelmaps"]),
        ("lesion_mr", "labelmaps_mr", ["simulated", "labelmaps", "lumbar_mr"]),
    ],
)
def test_disease_is_drawn_into_the_cases_of_every_source(task, data, sources):
    config = composed(f"task={task}", f"data={data}", *(["data.root=maps"] if data != "simulated" else []))
    made = instantiate(config.data)
    assert list(made.sources) == sources
    assert made.disease.draws == 3
    assert made.crop_size > config.module.randomiser.patch_size


@pytest.mark.parametrize("task", ["spine", "locator"])
def test_no_disease_is_drawn_for_the_other_networks(task):
    assert instantiate(composed(f"task={task}").data).disease is None


class Given:
    def __init__(self, *names):
        self.names = names

    def paths(self):
        return [(name, 1.0) for name in self.names]


class Draws:
    def __init__(self):
        self.prepared = []

    def prepare(self, cases):
        self.prepared.append(cases)

    def paths(self, case):
        return [f"{case}-ill"]


def test_diseases_of_all_sources_and_of_validation_are_made_before_training():
    draws = Draws()
    data = SpineData({"a": Given("one"), "b": Given("two")}, Given("three"), 12, workers=0, disease=draws)
    data.prepare_data()
    assert draws.prepared == [["one", "two", "three"]]
    dataset = data.train_dataloader().dataset
    assert isinstance(dataset, LesionCropDataset)
    assert dataset.files == [("one", 1.0, ["one-ill"]), ("two", 1.0, ["two-ill"])]
    assert data.val_dataloader().dataset.files == [("three", 1.0, ["three-ill"])]


def island(case, seed):
    """A dense cube in the middle of the body."""
    index = np.argwhere(case.structure == Subregion.BODY)
    index = index[(np.abs(index - index.mean(axis=0)) < 4).all(axis=1)].astype(np.int16)
    at = tuple(index.T)
    filled = np.ones(len(index), np.uint8)
    matter = (filled * np.uint8(LesionLabel.BLASTIC), filled * 0, filled.astype(np.int16) * 700, filled * 0)
    return DiseaseOverlay("mixed", case_checksum(case), index, case.structure[at], case.vertebra[at], *matter)


@pytest.mark.filterwarnings("ignore::UserWarning:lightning.*")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:lightning.*")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch.*")
@pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")
def test_a_run_logs_how_lesions_are_found_and_goes_on_from_its_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setattr(diseased_cases, "make_overlay", island)
    cache, folder = tmp_path / "cache", tmp_path / "run"
    cache.mkdir()
    for seed, level in ((0, Level.L1), (1, Level.L2), (100_000, Level.L3)):
        cached_case(case_file(cache, seed), level)
    fit(tiny_run(folder, cache, 2, "task=lesion", "data.disease.draws=1"))
    assert len(list(cache.glob("*-ill-*-0.npz"))) == 3
    metrics = next(folder.glob("csv/**/metrics.csv")).read_text()
    for name in ("lesion_dice", "lytic_dice", "blastic_dice", "sensitivity", "false_lesions", "probability", "loss"):
        assert f"val/{name}" in metrics
    fit(tiny_run(folder, cache, 4, "task=lesion", "data.disease.draws=1", "ckpt_path=last"))
    assert torch.load(folder / "checkpoints" / "last.ckpt", weights_only=False)["global_step"] == 4
