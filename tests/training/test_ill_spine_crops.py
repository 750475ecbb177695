"""Crops for the spine network with patients that are ill, and what becomes of them."""

import itertools

import numpy as np
import pytest
import torch
from hydra.utils import instantiate
from test_run import composed

from spinemets.anatomy import Level, Subregion
from spinemets.datasets.case import CENTRE_ROWS, Case
from spinemets.datasets.disease_overlay import FULL, DiseaseOverlay, case_checksum
from spinemets.simulate.tissues import Tissue
from spinemets.training.ill_spine_crops import IllSpineCropDataset, moved_centres
from spinemets.training.randomise import SpineRandomiser

SIZE = 90
MIDDLES = {Level.L1: (44, 44, 66), Level.L2: (44, 44, 30)}
HALF = 8


def healthy():
    structure = np.full((SIZE,) * 3, int(Tissue.FAT), np.uint8)
    vertebra, centres = np.zeros_like(structure), np.full((CENTRE_ROWS, 3), np.nan, np.float32)
    for level, middle in MIDDLES.items():
        box = tuple(slice(n - HALF, n + HALF) for n in middle)
        structure[box], vertebra[box] = int(Subregion.BODY), level.verse_id
        centres[level.verse_id] = np.array(middle) - 0.5
    return Case("patient", structure, vertebra, centres, 1.5)


def collapsed(case, level=Level.L1, lost=6):
    """The top of a body turned into fat, and the rest of it made dense."""
    own = np.argwhere(case.vertebra == level.verse_id)
    gone = own[:, 2] >= MIDDLES[level][2] + HALF - lost
    structure = np.where(gone, int(Tissue.FAT), int(Subregion.BODY)).astype(np.uint8)
    vertebra = np.where(gone, 0, level.verse_id).astype(np.uint8)
    keep = np.where(gone, FULL, 0).astype(np.uint8)
    add = np.where(gone, 0, 900).astype(np.int16)
    nothing = np.zeros(len(own), np.uint8)
    return DiseaseOverlay(
        "osteoporosis", case_checksum(case), own.astype(np.int16), structure, vertebra, nothing, keep, add, nothing
    )


@pytest.fixture
def files(tmp_path):
    case = healthy()
    case.save(tmp_path / "patient.npz")
    collapsed(case).save(tmp_path / "patient-ill-0.npz")
    return [(tmp_path / "patient.npz", 1.0, [tmp_path / "patient-ill-0.npz"])]


@pytest.mark.parametrize("lost", [2, 6, 10])
def test_the_centre_of_a_body_that_lost_its_top_sinks_by_half_of_what_it_lost(lost):
    case = healthy()
    moved = moved_centres(case, collapsed(case, lost=lost))
    expected = case.centres.copy()
    expected[Level.L1.verse_id, 2] -= lost / 2
    assert moved == pytest.approx(expected, abs=1e-4, nan_ok=True)


def test_a_disease_that_leaves_shapes_alone_moves_no_centre():
    case = healthy()
    assert np.array_equal(moved_centres(case, collapsed(case, lost=0)), case.centres, equal_nan=True)


def test_a_body_without_a_centre_gets_none():
    case = healthy()
    case.centres[Level.L1.verse_id] = np.nan
    assert np.isnan(moved_centres(case, collapsed(case))[Level.L1.verse_id]).all()


def test_healthy_and_ill_crops_take_turns_each_with_its_own_centres(files):
    ill = 0
    drawn = list(itertools.islice(IllSpineCropDataset(files, 60, 3), 40))
    for crop in drawn:
        assert {*crop} == {"structure", "vertebra", "centres", "keep", "add", "rise"}
        low = np.array(MIDDLES[Level.L2]) - 0.5 - crop["centres"][Level.L2.verse_id].numpy()
        assert low == pytest.approx(np.round(low))
        sunk = MIDDLES[Level.L1][2] - 0.5 - low[2] - float(crop["centres"][Level.L1.verse_id, 2])
        changed = bool((crop["keep"] < FULL).any())
        assert sunk == pytest.approx(0.0 if not changed else 3.0, abs=1e-3) or not changed
        ill += changed
    assert 8 < ill < 32


def test_disease_is_laid_over_the_image_and_its_shape_is_what_is_to_be_drawn(files):
    crop = next(
        one
        for one in IllSpineCropDataset(files, 60, 0)
        if (one["keep"] == 0).sum() > 1000 and (one["vertebra"] == Level.L2.verse_id).sum() > 1000
    )
    batch = {name: value[None] for name, value in crop.items()}
    make = SpineRandomiser(patch_size=60, augment=False)
    torch.manual_seed(0)
    shown = make(batch["structure"], batch["vertebra"], batch["centres"], None, batch)
    window = make.window
    dense = batch["keep"][0] == 0
    assert float(shown.image[0, 0][dense].median()) > window(torch.tensor(600.0))
    other = batch["vertebra"][0] == Level.L2.verse_id
    assert float(shown.image[0, 0][other].median()) < window(torch.tensor(600.0))
    torch.manual_seed(0)
    without = make(batch["structure"], batch["vertebra"], batch["centres"], None, None)
    assert torch.equal(without.target, shown.target)
    assert (shown.target[0][dense] == shown.target[0][dense][0]).all()


def test_an_mr_shows_the_disease_where_it_is_and_its_targets_are_those_of_the_bone():
    """Gas has no signal in any sequence; the same patch without it is told by the same random numbers before it."""
    structure = np.full((1, 60, 60, 60), Subregion.BODY, np.uint8)
    vertebra = np.full((1, 60, 60, 60), Level.L3.verse_id, np.uint8)
    batch = {"structure": torch.from_numpy(structure), "vertebra": torch.from_numpy(vertebra)}
    centres = torch.full((1, 29, 3), 30.0)
    keep = torch.full((1, 60, 60, 60), FULL, dtype=torch.uint8)
    keep[:, 20:40, 20:40, 20:40] = 0
    deposits = {"keep": keep, "add": torch.where(keep == 0, -800, 0), "rise": torch.zeros_like(keep)}
    make = SpineRandomiser(patch_size=60, augment=False, any_contrast=1.0)
    darker = []
    for seed in range(6):
        torch.manual_seed(seed)
        shown = make(batch["structure"], batch["vertebra"], centres, None, deposits)
        image = shown.image[0, 0]
        darker.append(float(image[26:34, 26:34, 26:34].median()) < float(image[4:14, 20:40, 20:40].median()))
        assert (shown.target[0] == shown.target[0, 30, 30, 30]).float().mean() > 0.6
    assert sum(darker) >= 5


@pytest.mark.parametrize(("task", "source"), [("spine", "ill"), ("spine_mr", "ill_mr")])
def test_the_spine_task_can_learn_from_patients_that_are_ill(task, source):
    data = instantiate(composed(f"task={task}", f"data={source}", "data.root=maps").data)
    assert data.disease.draws == 2
    assert ("lumbar_mr" in data.sources) == (task == "spine_mr")
    dataset = data.ill_crops([], 10, 1)
    assert isinstance(dataset, IllSpineCropDataset)
