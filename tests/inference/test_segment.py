import dataclasses

import knowing_networks
import numpy as np
import pytest
from knowing_networks import SURE, KnownPatient, knowing_models, levels_in
from nibabel.orientations import apply_orientation, inv_ornt_aff
from oblique import STORED, centred_affine, world_of

from spinemets.anatomy import Level, Subregion
from spinemets.errors import NoSpineFoundError, StudyError
from spinemets.geometry import Grid
from spinemets.inference import segment
from spinemets.inference.segment import segment_spine
from spinemets.inference.spine_classes import SPINE_CLASSES
from spinemets.volume import Volume, require_same_grid


def oblique_grid(patient, stored, share=0.92, spacing_mm=(1.7, 1.9, 2.2)):
    size_mm = np.array(patient.tissue.shape) * patient.affine[0, 0]
    shape = tuple(int(share * size_mm[axis] / step) for axis, step in zip(stored["axes"], spacing_mm, strict=True))
    middle = patient.affine[:3, 3] + size_mm / 2
    return Grid(shape, centred_affine(shape, middle, spacing_mm=spacing_mm, angles_deg=(4, -6, 5), **stored))


def dice(a, b):
    return 2 * (a & b).sum() / (a.sum() + b.sum())


@pytest.fixture(scope="module", params=range(len(STORED)), ids=["ras", "las", "permuted", "reversed"])
def assessed(request, lumbar_patient):
    """True vertebrae and subregions on an oblique grid, and what was found there."""
    grid = oblique_grid(lumbar_patient, STORED[request.param])
    patient = KnownPatient(lumbar_patient)
    image = patient.image(grid)
    return image, patient.truth(grid), segment_spine(image, knowing_models(lumbar_patient))


def test_masks_lie_on_the_grid_of_the_image(assessed):
    image, _, found = assessed
    for mask in (found.vertebrae, found.subregions, found.canal):
        require_same_grid(image, mask)
        assert mask.array.dtype == np.uint8


def away_from_faces(labels, level):
    """Whether a level lies wholly inside the image, two voxels or more from where it ends."""
    index = np.argwhere(labels == level.verse_id)
    return (index > 2).all() and (index < np.array(labels.shape) - 3).all()


def test_every_vertebra_has_its_name_and_its_place(assessed):
    image, (truth, parts), found = assessed
    whole = [level for level in levels_in(truth) if away_from_faces(truth, level)]
    assert len(whole) >= 5
    for level in whole:
        own = truth == level.verse_id
        assert dice(found.vertebrae.array == level.verse_id, own) > 0.85, level
        centre = image.world(np.argwhere(own).mean(axis=0))
        assert found.spine[level].centroid_mm == pytest.approx(centre, abs=1.5)  # thin processes are lost at 2 mm
        assert found.spine[level].volume_ml == pytest.approx(own.sum() * image.voxel_volume_mm3 / 1000, rel=0.1)
        bodies = [
            np.argwhere((ids == level.verse_id) & (labels == Subregion.BODY)).mean(axis=0)
            for ids, labels in ((truth, parts), (found.vertebrae.array, found.subregions.array))
        ]
        # the networks look up the nearest voxel of 2 mm, which is up to 1 mm away along each axis
        assert image.world(bodies[1]) == pytest.approx(image.world(bodies[0]), abs=1.2)


def test_what_the_image_shows_of_a_vertebra_that_it_cuts_has_its_name_up_to_the_last_voxel(assessed):
    image, (truth, _), found = assessed
    cut = [level for level in found.spine.levels if not away_from_faces(truth, level)]
    assert cut
    assert found.spine.vertebrae[0].level in cut
    last = np.array(image.shape) - 1
    for level in cut:
        index = np.argwhere(truth == level.verse_id)
        rim = index[((index == 0) | (index == last)).any(axis=1)]
        assert dice(found.vertebrae.array == level.verse_id, truth == level.verse_id) > 0.75, level
        if len(rim) > 30:
            assert (found.vertebrae.array[tuple(rim.T)] == level.verse_id).mean() > 0.75


def test_no_vertebra_is_made_up(assessed):
    _, (truth, _), found = assessed
    assert set(levels_in(found.vertebrae.array)) <= set(levels_in(truth))
    assert found.spine.levels == tuple(levels_in(found.vertebrae.array))


def test_names_are_sure_where_ribs_and_sacrum_show(assessed):
    *_, found = assessed
    assert not found.spine.level_ambiguous
    assert "levels_by_sacrum" in found.spine.flags
    assert min(vertebra.probability for vertebra in found.spine.vertebrae) > 0.9


def test_left_is_the_patients_left_however_the_image_is_stored(assessed):
    _, (_, truth), found = assessed
    for left, right in (
        (Subregion.PEDICLE_LEFT, Subregion.PEDICLE_RIGHT),
        (Subregion.TRANSVERSE_PROCESS_LEFT, Subregion.TRANSVERSE_PROCESS_RIGHT),
    ):
        assert not (found.subregions.array[truth == left] == right).any()
        assert not (found.subregions.array[truth == right] == left).any()
        assert dice(truth == left, found.subregions.array == left) > 0.7
        assert dice(truth == right, found.subregions.array == right) > 0.7


def test_every_voxel_of_a_vertebra_and_no_other_has_a_part(assessed):
    _, (_, truth), found = assessed
    presacral = (found.vertebrae.array > 0) & (found.vertebrae.array != Level.SACRUM.verse_id)
    assert ((found.subregions.array > 0) == presacral).all()
    for part in (Subregion.BODY, Subregion.ARCH, Subregion.SPINOUS_PROCESS):
        assert dice(truth == part, found.subregions.array == part) > 0.75


def test_vertebrae_that_the_image_cuts_are_partly_visible_and_others_are_not(assessed):
    image, (truth, _), found = assessed
    last = np.array(image.shape) - 1
    for vertebra in found.spine.vertebrae:
        index = np.argwhere(truth == vertebra.level.verse_id)
        on_a_face = ((index == 0) | (index == last)).any(axis=1).sum()
        near_a_face = ((index <= 2) | (index >= last - 2)).any()
        if on_a_face > 30:
            assert vertebra.partly_visible, vertebra.level
        if not near_a_face:
            assert not vertebra.partly_visible, vertebra.level
    assert found.spine.vertebrae[0].partly_visible


def test_the_canal_is_where_it_is(assessed, lumbar_patient):
    image, _, found = assessed
    from spinemets.simulate.tissues import CANAL

    tissue = KnownPatient(lumbar_patient).looked_up(lumbar_patient.tissue, world_of(Grid.of(image)))
    assert dice(np.isin(tissue, CANAL), found.canal.array > 0) > 0.75
    assert not ((found.canal.array > 0) & (found.vertebrae.array > 0)).any()


def test_the_same_image_stored_otherwise_gets_the_same_mask(lumbar_patient):
    grid = oblique_grid(lumbar_patient, STORED[0], spacing_mm=(2.6, 2.9, 3.3))
    image = KnownPatient(lumbar_patient).image(grid)
    models = knowing_models(lumbar_patient, spine_mm=3.0, window=(40, 40, 40))
    expected = segment_spine(image, models).vertebrae.array
    orientation = np.array([[2, -1], [0, 1], [1, -1]])
    affine = image.affine @ inv_ornt_aff(orientation, image.shape)
    stored = Volume(np.ascontiguousarray(apply_orientation(image.array, orientation)), affine)
    found = segment_spine(stored, models).vertebrae.array
    assert (found == apply_orientation(expected, orientation)).mean() > 0.9999


@pytest.mark.parametrize("variant", ["T13", "L6", "11_ribs", "sacralised_L5"])
def test_a_spine_with_more_or_fewer_vertebrae_is_counted_right(variant):
    from spinemets.simulate.parametric import parametric_anatomy

    anatomy = parametric_anatomy(200000, spacing_mm=3.0, field="lumbar", variant=variant)
    image = KnownPatient(anatomy).image(Grid(anatomy.tissue.shape, anatomy.affine))
    found = segment_spine(image, knowing_models(anatomy, spine_mm=3.0, window=(40, 40, 40)))
    truth = levels_in(anatomy.vertebra)
    assert found.spine.levels == tuple(truth[-len(found.spine.levels) :])
    assert len(found.spine.levels) >= len(truth) - 1


@pytest.fixture(scope="module")
def plain(lumbar_patient):
    """A coarse image on the patient's own grid, and models for it."""
    grid = oblique_grid(lumbar_patient, STORED[0], spacing_mm=(3.0, 3.0, 3.0))
    return KnownPatient(lumbar_patient).image(grid), knowing_models(lumbar_patient, spine_mm=3.0, window=(40, 40, 40))


def test_an_anchor_names_the_vertebra_in_which_it_lies(plain, lumbar_patient):
    image, models = plain
    anchor = (Level.L4, lumbar_patient.centres_mm[Level.L3])
    found = segment_spine(image, models, anchor=anchor)
    assert found.spine[Level.L4].centroid_mm == pytest.approx(lumbar_patient.centres_mm[Level.L3], abs=25)
    assert found.spine[Level.L4].probability == pytest.approx(1.0)
    assert found.spine.flags == ("levels_by_anchor",)
    assert not found.spine.level_ambiguous


def test_an_anchor_that_leaves_no_room_for_what_lies_below_is_refused(plain, lumbar_patient):
    image, models = plain
    with pytest.raises(StudyError, match=r"pieces of bone look like vertebrae and cannot be named: .*check the anchor"):
        segment_spine(image, models, anchor=(Level.L6, lumbar_patient.centres_mm[Level.L2]))


@pytest.mark.parametrize("shift_mm", [(0.0, 70.0, 0.0), (0.0, 0.0, 5000.0)])
def test_an_anchor_outside_every_vertebra_is_refused_with_its_place(shift_mm, plain, lumbar_patient):
    image, models = plain
    point = np.round(lumbar_patient.centres_mm[Level.L3]) + shift_mm
    place = ", ".join(f"{value:g}" for value in point)
    with pytest.raises(StudyError, match=rf"the anchor L3 at \({place}\) mm lies in no vertebra"):
        segment_spine(image, models, anchor=(Level.L3, point))


def says(name, offset=0.0):
    """A network that sees one class everywhere and votes `offset` units to the right and front and up."""

    def network(batch):
        output = np.zeros((len(batch), len(SPINE_CLASSES) + 3, *batch.shape[2:]), np.float32)
        output[:, SPINE_CLASSES.index(name)] = SURE
        output[:, -3:] = offset
        return output

    return network


def test_located_bone_without_a_vertebra_is_no_spine(plain):
    image, models = plain
    with pytest.raises(NoSpineFoundError, match=r"no spine found: 0\.0 ml of bone look like vertebrae"):
        segment_spine(image, dataclasses.replace(models, spine=says("sacrum")))


def test_bone_that_votes_for_no_centre_is_no_spine(plain):
    image, models = plain
    with pytest.raises(NoSpineFoundError, match="no vertebra that can be told apart"):
        segment_spine(image, dataclasses.replace(models, spine=says("body", offset=1e4)))


def test_an_image_too_small_for_the_coarse_pass_goes_whole_to_the_fine_network(lumbar_patient):
    def not_asked(batch):
        raise AssertionError("the locator was asked about an image that it has not learnt to read")

    spacing_mm = (2.2, 2.0, 2.4)
    shape = (44, 48, 40)
    affine = centred_affine(shape, lumbar_patient.centres_mm[Level.L3], spacing_mm=spacing_mm, **STORED[1])
    patient, models = KnownPatient(lumbar_patient), knowing_models(lumbar_patient, window=(48, 48, 48))
    image = patient.image(Grid(shape, affine))
    found = segment_spine(image, dataclasses.replace(models, locator=not_asked))
    truth, _ = patient.truth(Grid(shape, affine))
    assert dice(found.vertebrae.array > 0, truth > 0) > 0.85
    assert found.spine.level_ambiguous
    assert found.spine.flags == ("no_level_landmark",)


def test_stages_report_their_progress_and_their_time(plain):
    image, models = plain
    told = []
    found = segment_spine(image, models, report=lambda stage, share: told.append((stage, share)))
    assert list(dict.fromkeys(stage for stage, _ in told)) == ["locating the spine", "segmenting vertebrae"]
    assert told[-1][1] == 1.0
    assert set(found.seconds) == {"locate", "segment", "separate and name", "back to the image grid"}
    assert min(found.seconds.values()) > 0


def test_bone_far_from_the_located_spine_is_not_looked_at(plain, lumbar_patient):
    """A second spine beside the patient, which the locator does not see, is left out."""
    image, models = plain
    shifted = dataclasses.replace(
        lumbar_patient,
        centres_mm={level: centre + np.array([60, 0, 0]) for level, centre in lumbar_patient.centres_mm.items()},
        **{name: np.roll(getattr(lumbar_patient, name), 30, axis=0) for name in ("vertebra", "subregion", "tissue")},
    )
    double = dataclasses.replace(
        shifted,
        vertebra=np.maximum(lumbar_patient.vertebra, shifted.vertebra),
        subregion=np.maximum(lumbar_patient.subregion, shifted.subregion),
    )
    both = knowing_models(double, spine_mm=3.0, window=(40, 40, 40))
    found = segment_spine(image, dataclasses.replace(models, spine=both.spine))
    away = KnownPatient(lumbar_patient).looked_up(lumbar_patient.vertebra, world_of(Grid.of(image))) == 0
    x, _, z = np.moveaxis(world_of(Grid.of(image)), -1, 0)
    beside = x > max(centre[0] for centre in lumbar_patient.centres_mm.values()) + 65
    beside &= z > lumbar_patient.centres_mm[Level.L4][2]  # the sacrum is as wide as that
    assert (KnownPatient(double).looked_up(double.vertebra, world_of(Grid.of(image)))[beside & away] > 0).any()
    assert not found.vertebrae.array[beside & away].any()


def test_shipped_models_are_opened_once_each_on_the_engine_asked_for(monkeypatch):
    opened = []

    def open_network(onnx, backend, threads):
        opened.append((onnx, backend, threads))
        return onnx

    cards = {name: knowing_networks.card(name, 2.0, (8, 8, 8), ()) for name in ("locator", "spine")}
    monkeypatch.setattr(segment, "load_card", lambda name: dataclasses.replace(cards[name], onnx=f"{name}.onnx"))
    monkeypatch.setattr(segment, "open_network", open_network)
    models = segment.SpineModels.load("openvino", 3)
    assert opened == [("locator.onnx", "openvino", 3), ("spine.onnx", "openvino", 3)]
    assert (models.locator, models.spine) == ("locator.onnx", "spine.onnx")
    assert (models.locator_card.name, models.spine_card.name) == ("locator", "spine")
