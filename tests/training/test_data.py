import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

from spinemets.anatomy import Level, Subregion
from spinemets.datasets.case import CENTRE_ROWS, Case
from spinemets.datasets.splits import TRAINING_LABEL_MAPS
from spinemets.simulate.tissues import Tissue
from spinemets.training import data
from spinemets.training.crops import COARSE_FOCUS, FOCUS, CropDataset
from spinemets.training.data import LabelMapSource, SimulatedSource, SpineData


def case(name, code, size=20):
    """A cube of one tissue with one body in its middle."""
    structure = np.full((size,) * 3, int(code), np.uint8)
    vertebra = np.zeros_like(structure)
    middle = (slice(size // 2 - 2, size // 2 + 2),) * 3
    structure[middle], vertebra[middle] = int(Subregion.BODY), Level.L3.verse_id
    centres = np.full((CENTRE_ROWS, 3), np.nan, np.float32)
    centres[Level.L3.verse_id] = size / 2 - 0.5
    return Case(name, structure, vertebra, centres, 1.5)


@pytest.fixture
def files(tmp_path):
    """Two patients: one of fat, one of muscle, three times as likely."""
    result = []
    for name, code, weight in (("fat", Tissue.FAT, 1.0), ("muscle", Tissue.MUSCLE, 3.0)):
        case(name, code).save(tmp_path / f"{name}.npz")
        result.append((tmp_path / f"{name}.npz", weight))
    return result


def drawn(dataset, count):
    return list(itertools.islice(dataset, count))


def test_crops_have_the_size_and_types_that_the_randomiser_takes(files):
    (one,) = drawn(CropDataset(files, 12, seed=0), 1)
    assert one["structure"].shape == one["vertebra"].shape == (12, 12, 12)
    assert one["structure"].dtype == one["vertebra"].dtype == torch.uint8
    assert one["centres"].shape == (CENTRE_ROWS, 3)
    assert one["centres"].dtype == torch.float32


def test_the_same_seed_draws_the_same_crops_and_another_one_others(files):
    first, again, other = (drawn(CropDataset(files, 12, seed=seed), 6) for seed in (3, 3, 4))
    assert all(torch.equal(a["structure"], b["structure"]) for a, b in zip(first, again, strict=True))
    assert not all(torch.equal(a["structure"], b["structure"]) for a, b in zip(first, other, strict=True))


def test_patients_are_drawn_by_their_weight(files):
    crops = drawn(CropDataset(files, 40, seed=1), 200)
    muscle = np.mean([(crop["structure"] == int(Tissue.MUSCLE)).any().item() for crop in crops])
    assert muscle == pytest.approx(0.75, abs=0.1)


def test_a_patient_without_weight_is_never_drawn(files):
    only = [(path, float(path.stem == "fat")) for path, _ in files]
    assert all((crop["structure"] != int(Tissue.MUSCLE)).all() for crop in drawn(CropDataset(only, 40, seed=1), 40))


def test_centres_lie_on_the_body_that_a_crop_shows(files):
    for crop in drawn(CropDataset(files, 60, seed=2), 20):
        body = np.argwhere(crop["vertebra"].numpy() == Level.L3.verse_id)
        if len(body) == 64:
            assert crop["centres"][Level.L3.verse_id].numpy() == pytest.approx(body.mean(axis=0))


def test_for_the_locator_every_second_voxel_is_taken(files):
    crop = drawn(CropDataset(files, 60, seed=0, coarse=True), 1)[0]
    assert (crop["vertebra"] > 0).sum() == 8


def test_most_crops_are_centred_near_a_vertebral_body(files):
    near = [
        np.abs(crop["centres"][Level.L3.verse_id].numpy() - 15).max() <= 27
        for crop in drawn(CropDataset(files, 30, seed=5), 100)
    ]
    assert np.mean(near) > 0.7
    assert all(sum(share for share, _ in focus) < 1 for focus in (FOCUS, COARSE_FOCUS))


def test_vertebrae_take_turns_however_large_they_are(tmp_path):
    one = case("both", Tissue.FAT, size=60)
    one.structure[10:14, 10:14, 50:54], one.vertebra[10:14, 10:14, 50:54] = int(Subregion.BODY), Level.C7.verse_id
    one.structure[20:40, 20:40, 5:25], one.vertebra[20:40, 20:40, 5:25] = int(Subregion.BODY), Level.L4.verse_id
    one.save(tmp_path / "both.npz")
    seen = [
        (crop["vertebra"] == Level.C7.verse_id).any().item()
        for crop in drawn(CropDataset([(tmp_path / "both.npz", 1.0)], 30, seed=2), 200)
    ]
    assert np.mean(seen) > 0.06  # 64 of 8,064 voxels are C7's, and a crop shows a quarter of what it is centred near


def test_no_crop_is_centred_on_nothing_but_air(tmp_path):
    size = 80
    structure = np.zeros((size,) * 3, np.uint8)
    structure[60:, 60:, 60:] = int(Tissue.FAT)
    centres = np.full((CENTRE_ROWS, 3), np.nan, np.float32)
    Case("fat", structure, np.zeros_like(structure), centres, 1.5).save(tmp_path / "fat.npz")
    for crop in drawn(CropDataset([(tmp_path / "fat.npz", 1.0)], 8, seed=0), 30):
        assert (crop["structure"] == int(Tissue.FAT)).any()


def test_a_case_of_air_alone_still_gives_crops(tmp_path):
    nothing = np.zeros((20,) * 3, np.uint8)
    centres = np.full((CENTRE_ROWS, 3), np.nan, np.float32)
    Case("air", nothing, nothing, centres, 1.5).save(tmp_path / "air.npz")
    assert drawn(CropDataset([(tmp_path / "air.npz", 1.0)], 8, seed=0), 1)[0]["structure"].shape == (8, 8, 8)


class Given:
    def __init__(self, files):
        self.files, self.asked = files, 0

    def paths(self):
        self.asked += 1
        return self.files


def test_missing_cases_of_every_source_are_made_before_training(files):
    sources, validation = {"a": Given(files[:1]), "b": Given(files[1:])}, Given(files)
    SpineData(sources, validation).prepare_data()
    assert [source.asked for source in (*sources.values(), validation)] == [1, 1, 1]


def test_training_draws_from_all_sources_and_validation_is_the_same_every_time(files):
    spine_data = SpineData({"a": Given(files[:1]), "b": Given(files[1:])}, Given(files), 12, batch_size=2, workers=0)
    assert len(spine_data.train_dataloader().dataset.files) == 2
    first, again = (next(iter(spine_data.val_dataloader())) for _ in range(2))
    assert first["structure"].shape == (2, 12, 12, 12)
    assert torch.equal(first["structure"], again["structure"])


def test_a_resumed_training_does_not_see_the_first_crops_again(files):
    class At:
        def __init__(self, step):
            self.global_step = step

    spine_data = SpineData({"a": Given(files)}, Given(files), 12, workers=0)
    firsts = []
    for step in (0, 500):
        spine_data.trainer = At(step)
        firsts.append(next(iter(spine_data.train_dataloader()))["structure"])
    assert not torch.equal(*firsts)


def test_a_simulated_source_shares_its_weight_among_its_patients(monkeypatch):
    monkeypatch.setattr(
        data, "simulated_cases", lambda cache, split, count: iter([Path(f"{split}-{n}") for n in range(count)])
    )
    paths = SimulatedSource("cache", count=4, split="validation", weight=2.0).paths()
    assert [path.name for path, _ in paths] == [f"validation-{n}" for n in range(4)]
    assert sum(weight for _, weight in paths) == pytest.approx(2.0)


def test_maps_of_torsos_get_their_share_of_the_weight(monkeypatch):
    def cases(root, cache, *, variants, maps):
        return iter([Path(f"{name}-{seed}.npz") for name in maps for seed in range(variants)])

    monkeypatch.setattr(data, "training_cases", cases)
    paths = LabelMapSource("root", "cache", variants=3, weight=2.0, torso_share=0.55).paths()
    assert sum(weight for _, weight in paths) == pytest.approx(2.0)
    assert sum(weight for path, weight in paths if path.name.startswith("torso_")) == pytest.approx(1.1)
    assert {path.name.rpartition("-")[0] for path, _ in paths} == set(TRAINING_LABEL_MAPS)
    only = LabelMapSource("root", "cache", variants=4, weight=0.6, torso_share=0.0, maps=["lumbar"]).paths()
    assert [path.name for path, _ in only] == [f"lumbar-{n}.npz" for n in range(4)]
    assert sum(weight for _, weight in only) == pytest.approx(0.6)


def test_the_locator_is_shown_no_disease_at_the_wrong_scale():
    with pytest.raises(ValueError, match="diseases are drawn at the spacing of a case"):
        SpineData({}, None, coarse=True, disease=object())
