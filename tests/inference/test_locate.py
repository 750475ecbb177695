import dataclasses

import numpy as np
import pytest
from knowing_networks import LOG_ERROR, KnownPatient, knowing_models
from oblique import STORED, centred_affine, world_of
from scipy import special

from spinemets.anatomy import Level
from spinemets.errors import NoSpineFoundError
from spinemets.geometry import Grid, corners_mm
from spinemets.inference.card import load_card
from spinemets.inference.locate import (
    MARGIN_MM,
    locate_spine,
    softmax,
    too_small_to_locate,
    whole_image,
)
from spinemets.inference.locator_classes import LOCATOR_CLASSES, POSITION_OF_VERSE_ID
from spinemets.volume import Volume


def located(patient, grid, **options):
    models = knowing_models(patient)
    return locate_spine(KnownPatient(patient).image(grid), models.locator, models.locator_card, **options)


def tight_grid(patient, stored):
    """An oblique grid that shows most of the patient."""
    shape_mm = np.array(patient.tissue.shape) * 2.0
    spacing_mm = (1.8, 2.4, 3.0)
    shape = tuple(int(0.9 * shape_mm[axis] / step) for axis, step in zip(stored["axes"], spacing_mm, strict=True))
    middle = patient.affine[:3, 3] + shape_mm / 2
    return Grid(shape, centred_affine(shape, middle, spacing_mm=spacing_mm, angles_deg=(4, -6, 5), **stored))


@pytest.mark.parametrize("stored", STORED)
def test_the_box_for_the_fine_network_holds_every_vertebra_and_nothing_beyond_the_image(stored, lumbar_patient):
    grid = tight_grid(lumbar_patient, stored)
    found = located(lumbar_patient, grid)
    truth, _ = KnownPatient(lumbar_patient).truth(grid)
    bone = world_of(grid)[truth > 0]
    assert (bone.min(axis=0) >= found.lower_mm - 0.1).all()
    assert (bone.max(axis=0) <= found.upper_mm + 0.1).all()
    corners = corners_mm(grid.shape, grid.affine)
    assert (found.lower_mm >= corners.min(axis=0) - 4.0).all()
    assert (found.upper_mm <= corners.max(axis=0) + 4.0).all()
    assert (found.upper_mm - found.lower_mm <= np.ptp(bone, axis=0) + 2 * MARGIN_MM + 16).all()


def test_vertebrae_and_their_positions_lie_where_the_levels_are(lumbar_patient):
    grid = tight_grid(lumbar_patient, STORED[1])
    found = located(lumbar_patient, grid)
    assert found.probability.sum(axis=0) == pytest.approx(np.ones(found.grid.shape), abs=1e-5)
    checked = 0
    for level, centre in lumbar_patient.centres_mm.items():
        in_image = np.linalg.inv(grid.affine) @ [*centre, 1.0]
        if ((in_image[:3] > 2) & (in_image[:3] < np.array(grid.shape) - 3)).all():
            index = np.round(np.linalg.inv(found.grid.affine) @ [*centre, 1.0]).astype(int)[:3]
            kind = "sacrum" if level is Level.SACRUM else "vertebra"
            assert found.probability[LOCATOR_CLASSES.index(kind)][tuple(index)] > 0.9
            assert found.position[tuple(index)] == pytest.approx(POSITION_OF_VERSE_ID[level.verse_id], abs=0.02)
            assert found.position_error[tuple(index)] == pytest.approx(np.exp(LOG_ERROR), rel=1e-3)
            checked += 1
    assert checked >= 5


def test_progress_is_told(lumbar_patient):
    shares = []
    located(lumbar_patient, tight_grid(lumbar_patient, STORED[0]), progress=shares.append)
    assert shares[-1] == 1.0


def test_an_image_without_a_spine_is_refused_with_what_was_found(lumbar_patient):
    far = dataclasses.replace(lumbar_patient, vertebra=np.zeros_like(lumbar_patient.vertebra))
    with pytest.raises(NoSpineFoundError, match=r"no spine found: 0\.0 ml .* at least 8 ml are needed"):
        located(far, tight_grid(lumbar_patient, STORED[0]))


def test_a_bit_of_bone_is_no_spine(lumbar_patient):
    bit = np.zeros_like(lumbar_patient.vertebra)
    middle = tuple(n // 2 for n in bit.shape)
    bit[tuple(slice(m, m + 8) for m in middle)] = 22  # 16 mm cubed, 4 ml
    with pytest.raises(NoSpineFoundError, match=r"no spine found: [2-7]\.\d ml"):
        located(dataclasses.replace(lumbar_patient, vertebra=bit), tight_grid(lumbar_patient, STORED[0]))


def test_softmax_is_that_of_scipy():
    logits = np.random.default_rng(0).normal(0, 30, (5, 3, 4, 2)).astype(np.float32)
    assert softmax(logits.copy()) == pytest.approx(special.softmax(logits, axis=0), abs=1e-6)


@pytest.mark.parametrize(
    ("size_mm", "small"), [((200, 200, 40), True), ((128, 300, 300), True), ((130, 130, 130), False)]
)
def test_an_image_too_small_for_the_coarse_pass_is_told_by_its_shortest_side(size_mm, small):
    shape = tuple(int(mm / 2) for mm in size_mm)
    assert too_small_to_locate(Volume(np.zeros(shape, np.int16), np.diag([2.0, 2.0, 2.0, 1.0]))) is small


def test_a_small_image_is_looked_at_whole_and_tells_no_position():
    image = Volume(np.zeros((40, 30, 20), np.int16), centred_affine((40, 30, 20), **STORED[3]))
    located = whole_image(image, load_card("locator").spacing_mm)
    assert located.spine.all()
    corners = corners_mm(image.shape, image.affine)
    assert (located.lower_mm <= corners.min(axis=0) + 1e-6).all()
    assert (located.upper_mm >= corners.max(axis=0) - 1e-6).all()
    assert np.isnan(located.position).all()
