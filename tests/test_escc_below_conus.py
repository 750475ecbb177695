"""What a network drew as cord, with the image that it was drawn from: graded, refused or below the conus."""

from dataclasses import replace

import numpy as np
import pytest
from canal_phantom import phantom

from spinemets.anatomy import Level
from spinemets.escc_assessment import assess_escc
from spinemets.escc_masks import EsccMasks
from spinemets.measure.canal_slices import stack_axis
from spinemets.rules.escc_cauda import CORD_BELOW_CONUS, CORD_OR_ROOTS
from spinemets.simulate.epidural import EpiduralCase

CSF, DARK = 500.0, 170.0


def drawn(masks, image):
    volumes = {name: image.with_array(array) for name, array in masks.items()}
    return EsccMasks(volumes["cord"], volumes["sac"], volumes["tumour"], image, by_network=True)


def roots_instead_of_cord(*, everywhere):
    """The phantom with roots for a cord, in all slices or in those with tumour and below, and specks drawn as cord."""
    image, masks = phantom()
    array = image.array.copy()
    end = array.shape[2] if everywhere else int(np.flatnonzero(masks["tumour"].any(axis=(0, 1)))[-1]) + 1
    cord = masks["cord"].copy()
    for k in range(end):
        inside = np.argwhere(masks["cord"][:, :, k] > 0)
        array[..., k][masks["cord"][:, :, k] > 0] = CSF
        cord[:, :, k] = 0
        i, j = inside.mean(axis=0).astype(int)
        for di, dj in ((-6, 0), (-3, -2), (0, 0), (3, -2), (6, 0)):
            array[i + di : i + di + 2, j + dj : j + dj + 2, k] = DARK
        cord[i : i + 2, j : j + 2, k] = 1
    return drawn(masks | {"cord": cord}, image.with_array(array))


def test_a_cord_that_a_network_drew_is_graded_as_one_that_a_reader_drew():
    image, masks = phantom()
    given = drawn(masks, image)
    by_hand = assess_escc(replace(given, by_network=False))
    assert assess_escc(given)["grade"] == by_hand["grade"] == "2"


def test_specks_drawn_among_roots_are_no_cord_to_grade():
    answer = assess_escc(roots_instead_of_cord(everywhere=True))
    assert answer["status"] == "not_applicable_below_conus"
    assert (answer["grade"], answer["possible_grades"]) == (None, [])


def test_tumour_at_the_end_of_the_cord_is_not_graded_and_stays_suspected():
    answer = assess_escc(roots_instead_of_cord(everywhere=False))
    assert (answer["grade"], answer["status"]) == (None, "not_assessable")
    assert CORD_OR_ROOTS in answer["flags"]
    assert "3" in answer["possible_grades"]


@pytest.mark.parametrize(("level", "status"), [(Level.L4, "not_applicable_below_conus"), (Level.T8, "graded")])
def test_a_known_level_decides_where_there_can_be_no_cord(level, status):
    image, masks = phantom()
    assert assess_escc(drawn(masks, image), level=level)["status"] == status


@pytest.mark.parametrize("level", [Level.L4, Level.L5, Level.SACRUM])
def test_a_cord_that_a_reader_drew_where_none_runs_is_not_graded_and_stays_suspected(level):
    image, masks = phantom()
    given = replace(drawn(masks, image), by_network=False)
    answer = assess_escc(given, level=level)
    assert (answer["grade"], answer["status"]) == (None, "not_assessable")
    assert "below L3" in answer["reason"]
    assert CORD_BELOW_CONUS in answer["flags"]
    assert "2" in answer["possible_grades"]


@pytest.mark.parametrize("level", [None, Level.T8, Level.L3])
def test_a_cord_that_a_reader_drew_is_believed_down_to_l3(level):
    image, masks = phantom()
    given = replace(drawn(masks, image), by_network=False)
    assert assess_escc(given, level=level)["grade"] == "2"


def test_a_cord_that_is_not_drawn_beside_tumour_alone_is_not_said_to_have_ended():
    image, masks = phantom()
    cord = masks["cord"] * ~masks["tumour"].any(axis=(0, 1))
    answer = assess_escc(drawn(masks | {"cord": cord}, image))
    assert answer["status"] == "not_assessable"
    assert "3" in answer["possible_grades"]


def test_among_roots_without_tumour_there_is_no_cord_to_clear():
    given = roots_instead_of_cord(everywhere=True)
    nothing = given.epidural.with_array(np.zeros_like(given.epidural.array))
    answer = assess_escc(replace(given, epidural=nothing), bone_metastasis="yes")
    assert answer["status"] == "not_applicable_below_conus"


def test_a_speck_in_one_slice_does_not_turn_the_stack_on_its_side():
    image, masks = phantom(case=EpiduralCase(length_mm=0.0))
    speck = np.zeros_like(masks["cord"])
    i, j = np.argwhere(masks["cord"][:, :, 8] > 0).mean(axis=0).astype(int)
    speck[i, j : j + 5, 8] = 1
    assert stack_axis(image.with_array(speck)) == 2
