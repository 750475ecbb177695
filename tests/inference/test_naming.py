from dataclasses import replace

import numpy as np
import pytest
from knowing_networks import KnownPatient, knowing_models, oblique_grid
from oblique import STORED

from spinemets.anatomy import Level
from spinemets.inference.naming import has_unnamed_gap, passes_over
from spinemets.inference.segment import segment_spine
from spinemets.simulate.tissues import Tissue


@pytest.mark.parametrize(
    ("names", "over"),
    [
        ("C1 C2 C3", False),
        ("C1 C3 C4", True),
        ("T11 T12 T13 L1", False),  # thirteen ribs
        ("T10 T11 L1 L2", True),  # eleven, or a T12 that was missed
        ("T10 T12 L1", True),
        ("L4 L5 L6", False),
        ("L3", False),
    ],
)
def test_a_level_that_is_left_out_is_seen_and_a_variant_is_none(names, over):
    assert passes_over([Level(name) for name in names.split()]) is over


@pytest.mark.parametrize(
    ("names", "over"),
    [
        ("L3 L4", True),  # the fifth grew into the sacrum, was missed, or was taken for a part of it
        ("L3 L4 L5", False),
        ("L4 L5 L6", False),
        ("T12 L1 L2", True),
    ],
)
def test_a_level_between_the_last_one_and_the_sacrum_is_left_out_too(names, over):
    row = [Level(name) for name in names.split()]
    assert passes_over(row, sacrum=True) is over
    assert not passes_over(row)


@pytest.mark.parametrize(
    ("names", "gaps", "unnamed"),
    [
        ("L1 L2 L3", [0, 0, 0], False),
        ("L1 L2 L3", [0, 1, 0], True),
        ("L1 L3 L4", [0, 1, 0], False),  # the names tell of the gap
        ("C1 C2 C3", [0, 0, 1], False),  # the centre of the axis lies high in everybody
        ("C2 C3 C4", [0, 0, 1], True),
    ],
)
def test_a_gap_that_the_names_do_not_tell_of_is_seen(names, gaps, unnamed):
    assert has_unnamed_gap([Level(name) for name in names.split()], gaps) is unnamed


def test_a_vertebra_without_its_body_leaves_the_count_in_doubt(lumbar_patient):
    """The body of L3 is destroyed and its arch is taken for a part of L4."""
    own = lumbar_patient.vertebra == Level.L3.verse_id
    body = own & (lumbar_patient.tissue == Tissue.VERTEBRAL_BODY)
    patient = replace(
        lumbar_patient,
        tissue=np.where(body, Tissue.MUSCLE, lumbar_patient.tissue).astype(np.uint8),
        vertebra=np.where(body, 0, np.where(own, Level.L4.verse_id, lumbar_patient.vertebra)).astype(np.uint8),
        subregion=np.where(body, 0, lumbar_patient.subregion).astype(np.uint8),
    )
    image = KnownPatient(patient).image(oblique_grid(patient, STORED[0]))
    spine = segment_spine(image, knowing_models(patient)).spine
    assert Level.L3 not in spine.levels
    assert {Level.L2, Level.L4} <= set(spine.levels)
    assert spine.level_ambiguous
    assert "level_passed_over" in spine.flags
