"""Vertebrae beyond what the locator found: networks that know the patient, but for a locator half blind."""

import dataclasses

import numpy as np
import pytest
from knowing_networks import SURE, KnownPatient, knowing_models, levels_in, oblique_grid, place
from oblique import STORED, world_of

from spinemets.anatomy import Level
from spinemets.geometry import Grid
from spinemets.inference.fine_pass import FOLLOWED, FinePass, along_spine, followed
from spinemets.inference.locate import Located, locate_spine
from spinemets.inference.locator_classes import LOCATOR_CLASSES
from spinemets.inference.segment import segment_spine
from spinemets.inference.spine_classes import SPINE_CLASSES


@pytest.fixture(scope="module")
def known(lumbar_patient):
    """An image stored left to right reversed, its true vertebrae, models that know it, and what they find."""
    grid = oblique_grid(lumbar_patient, STORED[1])
    patient, models = KnownPatient(lumbar_patient), knowing_models(lumbar_patient, window=(40, 40, 40))
    image = patient.image(grid)
    return image, patient.truth(grid)[0], models, segment_spine(image, models)


def blind(models, anatomy, *, above_mm=np.inf, below_mm=-np.inf):
    """The same models, whose locator sees no spine above and none below a height of the world."""

    def locator(batch):
        output = models.locator(batch)
        where, _, _ = place(batch[0, 0].astype(np.float64), models.locator_card.spacing_mm)
        if where is not None:
            height = (where + KnownPatient(anatomy).corner)[..., 2]
            hidden = (height > above_mm) | (height < below_mm)
            output[0, : len(LOCATOR_CLASSES), hidden] = 0
            output[0, 0, hidden] = SURE
        return output

    return dataclasses.replace(models, locator=locator)


@pytest.mark.parametrize(("side", "level"), [("above_mm", Level.L4), ("below_mm", Level.L1)])
def test_vertebrae_and_sacrum_that_the_locator_missed_are_followed_to_their_end(known, lumbar_patient, side, level):
    image, truth, models, reference = known
    half_blind = blind(models, lumbar_patient, **{side: lumbar_patient.centres_mm[level][2]})
    located = locate_spine(image, half_blind.locator, half_blind.locator_card)
    seen = 4.0 * np.flatnonzero(located.spine.any(axis=(0, 1)))
    assert np.ptp(seen) < 0.75 * np.ptp(world_of(Grid.of(image))[truth > 0][:, 2])
    found = segment_spine(image, half_blind)
    assert len(reference.spine.vertebrae) >= len(levels_in(truth)) - 1
    for vertebra in reference.spine.vertebrae:
        own, same = (one.vertebrae.array == vertebra.level.verse_id for one in (found, reference))
        assert 2 * (own & same).sum() / (own.sum() + same.sum()) > 0.97, vertebra.level


def test_where_the_fine_network_finds_no_spine_it_is_asked_once(known):
    image, _, models, _ = known
    located = locate_spine(image, models.locator, models.locator_card)

    def other_bone(batch):
        output = np.zeros((len(batch), len(SPINE_CLASSES) + 3, *batch.shape[2:]), np.float32)
        output[:, SPINE_CLASSES.index("other_bone")] = SURE
        return output

    result = along_spine(image, located, other_bone, models.spine_card)
    assert not np.isin(result.output[: len(SPINE_CLASSES)].argmax(axis=0), FOLLOWED).any()
    assert result.located is located


def test_bone_beyond_all_that_the_locator_looked_at_is_not_followed_for_ever():
    """The locator's grid is spine from end to end; what lies 30 mm above it can make that no longer."""
    coarse = Grid((5, 5, 10), np.diag([4.0, 4.0, 4.0, 1.0]))
    everywhere = np.ones(coarse.shape, bool)
    nothing = np.zeros(coarse.shape, np.float32)
    known = Located(coarse, nothing[None], nothing, nothing, everywhere, np.zeros(3), np.full(3, 40.0))
    fine = Grid((10, 10, 35), np.diag([2.0, 2.0, 2.0, 1.0]))
    output = np.zeros((len(SPINE_CLASSES) + 3, *fine.shape), np.float16)
    output[SPINE_CLASSES.index("body")] = SURE
    assert followed(FinePass(known, fine, output)) is None
    shorter = dataclasses.replace(known, spine=everywhere & (np.arange(10) < 5))
    longer = followed(FinePass(shorter, fine, output))
    assert longer is not None
    assert longer.spine.all()
