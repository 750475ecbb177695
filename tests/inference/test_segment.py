import numpy as np
import pytest
from knowing_networks import KnownPatient, knowing_models, levels_in, oblique_grid
from nibabel.orientations import apply_orientation, inv_ornt_aff
from oblique import STORED, world_of

from spinemets.anatomy import Level, Subregion
from spinemets.errors import StudyError
from spinemets.geometry import Grid
from spinemets.inference.segment import segment_spine
from spinemets.volume import Volume, require_same_grid


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
