"""Vertebrae that both networks miss as a whole, as where tumour, metal or cement replaces them."""

from dataclasses import replace

import numpy as np
import pytest
from knowing_networks import KnownPatient, knowing_models, oblique_grid
from oblique import STORED

from spinemets.anatomy import Level
from spinemets.inference.segment import segment_spine
from spinemets.simulate.parametric import parametric_anatomy
from spinemets.simulate.tissues import Tissue

SPACING_MM = 3.0


@pytest.fixture(scope="module")
def patient():
    return parametric_anatomy(200000, spacing_mm=SPACING_MM, field="lumbar", variant="usual")


def without(patient, *levels):
    """The patient as networks see it that take some vertebrae for soft tissue."""
    lost = np.isin(patient.vertebra, [level.verse_id for level in levels])
    return replace(
        patient,
        tissue=np.where(lost, Tissue.MUSCLE, patient.tissue).astype(np.uint8),
        vertebra=np.where(lost, 0, patient.vertebra).astype(np.uint8),
        subregion=np.where(lost, 0, patient.subregion).astype(np.uint8),
    )


def found_in(patient, stored, *lost):
    """Truth on a turned grid, and what is found on it by networks that miss some levels."""
    grid = oblique_grid(patient, stored, spacing_mm=(3.0, 3.4, 3.8))
    models = knowing_models(without(patient, *lost), spine_mm=SPACING_MM, window=(40, 40, 40))
    image = KnownPatient(patient).image(grid)
    return KnownPatient(patient).truth(grid)[0], segment_spine(image, models)


@pytest.mark.parametrize("stored", STORED, ids=["ras", "las", "permuted", "reversed"])
def test_the_spine_goes_on_beyond_a_lost_vertebra_and_its_level_is_passed_over(stored, patient):
    truth, found = found_in(patient, stored, Level.L2)
    assert Level.L2 not in found.spine.levels
    assert {Level.T12, Level.L1, Level.L3, Level.L4, Level.L5, Level.SACRUM} <= set(found.spine.levels)
    for level in (Level.T12, Level.L1, Level.L3, Level.L4, Level.L5):
        own, true = found.vertebrae.array == level.verse_id, truth == level.verse_id
        assert 2 * (own & true).sum() / (own.sum() + true.sum()) > 0.8, level
    assert "level_passed_over" in found.spine.flags
    assert found.spine.level_ambiguous


@pytest.mark.parametrize("stored", STORED[1:3], ids=["las", "permuted"])
def test_a_lost_last_vertebra_leaves_its_level_open(stored, patient):
    _, found = found_in(patient, stored, Level.L5)
    assert {Level.L3, Level.L4, Level.SACRUM} <= set(found.spine.levels)
    assert Level.L5 not in found.spine.levels
    assert "level_passed_over" in found.spine.flags
    assert found.spine.level_ambiguous


def test_vertebrae_beyond_three_lost_ones_are_left_out_and_told(patient):
    truth, found = found_in(patient, STORED[3], Level.L1, Level.L2, Level.L3)
    assert found.spine.levels[-1] is Level.SACRUM
    assert not (found.vertebrae.array > 0)[truth == Level.T12.verse_id].any()
    assert "part_of_spine_left_out" in found.spine.flags
    assert found.spine.level_ambiguous


def test_of_a_whole_spine_nothing_is_told(patient):
    _, found = found_in(patient, STORED[0])
    assert not {"level_passed_over", "gap_between_neighbours", "part_of_spine_left_out"} & set(found.spine.flags)
    assert not found.spine.level_ambiguous
