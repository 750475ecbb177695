"""Vertebrae on sagittal MR: a network that knows the patient, thick oblique slices stored in every way."""

import dataclasses

import numpy as np
import pytest
from knowing_networks import KnownPatient, knowing_models, levels_in
from oblique import STORED, centred_affine
from test_segment import dice
from test_segment_refusals import says

from spinemets.anatomy import Level, Subregion
from spinemets.errors import NoSpineFoundError, StudyError
from spinemets.geometry import Grid
from spinemets.inference import separate
from spinemets.inference.canal_preprocess import SignalRange
from spinemets.inference.instances import Instances
from spinemets.inference.segment import MrSpineModel, segment_mr_spine
from spinemets.volume import require_same_grid

WHOLE = SignalRange(low=0.0, high=100.0)
"""Percentiles that cut nothing off, so that a network can be told the signal again."""


def slab(patient, stored, *, width_mm=90.0, down_to=0.0, thick_mm=3.6, pixel_mm=1.6):
    """An oblique sagittal stack round the middle of a patient, whose lowest `down_to` (a share) is left out."""
    size_mm = np.array(patient.tissue.shape) * patient.affine[0, 0]
    extent = np.array([width_mm, 0.92 * size_mm[1], (0.94 - down_to) * size_mm[2]])
    spacing = [thick_mm if axis == 0 else pixel_mm for axis in stored["axes"]]
    shape = tuple(int(extent[axis] / step) for axis, step in zip(stored["axes"], spacing, strict=True))
    middle = patient.affine[:3, 3] + size_mm / 2 + [0, 0, down_to / 2 * size_mm[2]]
    return Grid(shape, centred_affine(shape, middle, spacing_mm=spacing, angles_deg=(4, -5, 6), **stored))


def knowing_model(patient, image, network=None):
    """A model that sees -1 where the image ends, and whose network is told the signal as it was."""
    models = knowing_models(patient)
    low, high = float(image.array.min()), float(image.array.max())

    def unscaled(batch):
        signal = np.where(batch > -1, (batch.astype(np.float64) + 1) / 2 * (high - low) + low, 0)
        return (network or models.spine)(signal)

    return MrSpineModel(unscaled, dataclasses.replace(models.spine_card, signal_range=WHOLE))


@pytest.fixture(scope="module", params=range(len(STORED)), ids=["ras", "las", "permuted", "reversed"])
def assessed(request, lumbar_patient):
    """True vertebrae and subregions on a sagittal slab, and what was found there."""
    patient = KnownPatient(lumbar_patient)
    grid = slab(lumbar_patient, STORED[request.param])
    image = patient.image(grid)
    return image, patient.truth(grid), segment_mr_spine(image, knowing_model(lumbar_patient, image))


def test_masks_lie_on_the_grid_of_the_mr(assessed):
    image, _, found = assessed
    for mask in (found.vertebrae, found.subregions, found.canal):
        require_same_grid(image, mask)
    assert set(found.seconds) == {"segment", "separate and name", "back to the image grid"}


def test_every_vertebra_has_its_name_and_its_place_counted_from_the_sacrum(assessed):
    _, (truth, parts), found = assessed
    assert found.spine.flags == ("levels_by_sacrum",)
    assert found.spine.level_ambiguous  # the first sacral segment may have been taken for one of them
    whole = [one.level for one in found.spine.vertebrae if not one.partly_visible and one.level is not Level.SACRUM]
    assert len(whole) >= 5
    for level in whole:
        own = truth == level.verse_id
        assert dice(found.vertebrae.array == level.verse_id, own) > 0.8, level
        bodies = [
            (ids == level.verse_id) & (labels == Subregion.BODY)
            for ids, labels in ((truth, parts), (found.vertebrae.array, found.subregions.array))
        ]
        assert dice(*bodies) > 0.85, level
    assert set(levels_in(found.vertebrae.array)) <= set(levels_in(truth))


def test_left_is_the_patients_left_however_the_stack_is_stored(assessed):
    _, (_, truth), found = assessed
    for left, right in (
        (Subregion.PEDICLE_LEFT, Subregion.PEDICLE_RIGHT),
        (Subregion.TRANSVERSE_PROCESS_LEFT, Subregion.TRANSVERSE_PROCESS_RIGHT),
    ):
        assert ((found.subregions.array == left) & (truth == left)).sum() > 100
        assert not (found.subregions.array[truth == left] == right).any()
        assert not (found.subregions.array[truth == right] == left).any()


def test_a_slab_that_cuts_processes_shows_the_vertebrae_whose_bodies_it_shows(assessed):
    _, (truth, parts), found = assessed
    last = np.array(truth.shape) - 1
    for vertebra in found.spine.vertebrae[:-1]:
        own = truth == vertebra.level.verse_id
        faces = [np.argwhere(voxels) for voxels in (own, own & (parts == Subregion.BODY))]
        at_face = [int(((index == 0) | (index == last)).any(axis=1).sum()) for index in faces]
        if at_face[1] > 10:
            assert vertebra.partly_visible, vertebra.level
        if at_face[1] == 0 and not ((faces[1] <= 1) | (faces[1] >= last - 1)).any():
            assert not vertebra.partly_visible, vertebra.level


def test_a_vertebra_whose_arch_alone_the_image_shows_is_judged_by_its_arch(lumbar_patient):
    grid = slab(lumbar_patient, STORED[0])
    image = KnownPatient(lumbar_patient).image(grid)
    behind = lumbar_patient.centres_mm[Level.L3][1] - 20
    start = int(np.floor(image.index([0, behind, 0])[1]))
    cut = dataclasses.replace(image, array=image.array[:, : max(start, 40)])
    found = segment_mr_spine(cut, knowing_model(lumbar_patient, cut))
    assert all(one.partly_visible for one in found.spine.vertebrae if one.level is not Level.SACRUM)


def test_without_the_sacrum_only_looks_name_levels_and_that_is_said(lumbar_patient):
    grid = slab(lumbar_patient, STORED[2], down_to=0.45)
    image = KnownPatient(lumbar_patient).image(grid)
    found = segment_mr_spine(image, knowing_model(lumbar_patient, image))
    assert Level.SACRUM not in found.spine.levels
    assert found.spine.level_ambiguous
    assert not any(flag in ("levels_by_first_rib", "levels_by_last_rib") for flag in found.spine.flags)


def test_room_above_the_spine_on_mr_does_not_settle_the_count(lumbar_patient):
    """The network sees nothing of the upper half, as where the coil's signal ends."""
    grid = slab(lumbar_patient, STORED[0], down_to=0.3)
    image = KnownPatient(lumbar_patient).image(grid)
    highest = lumbar_patient.centres_mm[Level.L2][2]
    hidden = dataclasses.replace(
        lumbar_patient, vertebra=lumbar_patient.vertebra.copy(), subregion=lumbar_patient.subregion.copy()
    )
    first = int((highest - lumbar_patient.affine[2, 3]) / lumbar_patient.affine[2, 2])
    hidden.vertebra[:, :, first:] = 0
    hidden.subregion[:, :, first:] = 0
    found = segment_mr_spine(image, knowing_model(lumbar_patient, image, knowing_models(hidden).spine))
    assert "levels_by_upper_end" in found.spine.flags
    assert found.spine.level_ambiguous


def test_an_anchor_names_a_vertebra_on_mr_and_one_beside_all_is_refused(lumbar_patient):
    grid = slab(lumbar_patient, STORED[3])
    image = KnownPatient(lumbar_patient).image(grid)
    model = knowing_model(lumbar_patient, image)
    point = lumbar_patient.centres_mm[Level.L3]
    found = segment_mr_spine(image, model, anchor=(Level.L4, point))
    assert found.spine.flags == ("levels_by_anchor",)
    assert not found.spine.level_ambiguous
    assert found.spine[Level.L4].centroid_mm == pytest.approx(point, abs=25)
    with pytest.raises(StudyError, match=r"the anchor L3 at .* lies in no vertebra"):
        segment_mr_spine(image, model, anchor=(Level.L3, point + np.array([0, 70, 0])))


def test_an_mr_without_a_vertebra_has_no_spine_and_progress_is_told(lumbar_patient):
    grid = slab(lumbar_patient, STORED[0], thick_mm=6.0, pixel_mm=4.0)
    image = KnownPatient(lumbar_patient).image(grid)
    told = []
    model = knowing_model(lumbar_patient, image, says("background"))
    with pytest.raises(NoSpineFoundError, match=r"no spine found: 0\.0 ml of bone look like vertebrae"):
        segment_mr_spine(image, model, report=lambda *words: told.append(words))
    assert told[-1] == ("segmenting vertebrae", 1.0)


def test_segments_of_the_sacrum_that_look_like_vertebrae_are_the_sacrum_on_mr(lumbar_patient, monkeypatch):
    """Whatever tells them: here the lowest vertebra is said to be one."""

    def lowest(found, body, beyond):
        count = len(found.centres)
        segments = found.labels == count
        return Instances(np.where(segments, 0, found.labels).astype(np.uint8), found.centres[:-1]), segments

    monkeypatch.setattr(separate, "without_sacral_segments", lowest)
    patient = KnownPatient(lumbar_patient)
    grid = slab(lumbar_patient, STORED[0])
    image = patient.image(grid)
    found = segment_mr_spine(image, knowing_model(lumbar_patient, image))
    true = patient.truth(grid)[0]
    assert (found.vertebrae.array[true == Level.L5.verse_id] == Level.SACRUM.verse_id).mean() > 0.9
