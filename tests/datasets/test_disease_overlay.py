"""Disease kept as the voxels of a case that it changes."""

from dataclasses import replace

import numpy as np
import pytest

from spinemets.anatomy import LesionLabel, Subregion
from spinemets.datasets.case import CENTRE_ROWS, Case
from spinemets.datasets.disease_overlay import FULL, DiseaseOverlay, case_checksum, composite
from spinemets.errors import StudyError
from spinemets.simulate.ct_disease import with_disease
from spinemets.simulate.disease import Deposit, Disease
from spinemets.simulate.tissue_values import Phase
from spinemets.simulate.tissues import LabelledAnatomy, Tissue

SHAPE = (9, 8, 7)
START = np.array([2, 3, 4])
BOX = (slice(1, 7), slice(2, 8), slice(0, 6))


def healthy():
    """A case with one body, and the part of it that begins at START as an anatomy."""
    structure = np.full((14, 13, 12), int(Tissue.FAT), np.uint8)
    vertebra = np.zeros_like(structure)
    structure[4:9, 5:10, 5:9], vertebra[4:9, 5:10, 5:9] = int(Subregion.BODY), 20
    case = Case("patient", structure, vertebra, np.full((CENTRE_ROWS, 3), np.nan, np.float32), 1.5)
    box = tuple(slice(a, a + n) for a, n in zip(START, SHAPE, strict=True))
    part = structure[box]
    subregion = np.where(part == Subregion.BODY, part, 0).astype(np.uint8)
    tissue = np.where(part == Subregion.BODY, int(Tissue.VERTEBRAL_BODY), part).astype(np.uint8)
    return case, LabelledAnatomy(tissue, vertebra[box].copy(), subregion, np.eye(4), {}, "patient")


def deposits(rng):
    """Three that overlap: one replaces, one adds, one replaces part of both."""
    share = [rng.random((6, 6, 6), np.float32) for _ in range(3)]
    hu = rng.normal(50, 20, (6, 6, 6)).astype(np.float32)
    shifted = (slice(2, 8), slice(1, 7), slice(1, 7))
    return (
        Deposit(BOX, share[0], hu, 40.0),
        Deposit(shifted, share[1], 300.0, 5.0, adds=True),
        Deposit(BOX, share[2], 700.0, 20.0),
    )


@pytest.mark.parametrize("phase", [Phase.NONE, Phase.VENOUS])
def test_one_map_does_what_deposits_do_one_after_another(phase):
    rng = np.random.default_rng(1)
    _, anatomy = healthy()
    image = rng.normal(150, 200, SHAPE).astype(np.float32)
    disease = Disease(anatomy, deposits(rng))
    keep, add, rise = (array.astype(np.float32) for array in composite(disease.deposits, SHAPE))
    shown = keep / FULL * image + add + (0 if phase is Phase.NONE else rise)
    assert np.abs(shown - with_disease(image, disease, phase)).max() < 1.0 + np.abs(image).max() / FULL / 2


def test_a_deposit_that_loses_by_contrast_medium_is_refused():
    with pytest.raises(ValueError, match=r"after contrast medium, got -3 HU"):
        composite((Deposit(BOX, np.ones((6, 6, 6), np.float32), 50.0, -3.0),), SHAPE)


def ill():
    case, anatomy = healthy()
    tissue, vertebra, subregion = (getattr(anatomy, name).copy() for name in ("tissue", "vertebra", "subregion"))
    tissue[2, 2, 1], vertebra[2, 2, 1], subregion[2, 2, 1] = int(Tissue.DISC), 0, 0
    lesions = np.zeros(SHAPE, np.uint8)
    lesions[4, 4, 2] = LesionLabel.BLASTIC
    share = np.zeros((6, 6, 6), np.float32)
    share[0, 0, 0] = 0.4  # voxel 1, 2, 0 of the anatomy
    disease = Disease(
        replace(anatomy, tissue=tissue, vertebra=vertebra, subregion=subregion),
        (Deposit(BOX, share, 500.0),),
        lesions,
    )
    return case, DiseaseOverlay.of_disease(disease, "mixed", case, START)


def test_an_overlay_holds_what_changed_and_nothing_else_where_the_case_has_it():
    _, overlay = ill()
    rows = {tuple(int(n) for n in place): row for row, place in enumerate(overlay.index)}
    assert set(rows) == {(4, 5, 5), (6, 7, 6), (3, 5, 4)}
    eroded, lesion, deposit = rows[4, 5, 5], rows[6, 7, 6], rows[3, 5, 4]
    assert (overlay.structure[eroded], overlay.vertebra[eroded]) == (Tissue.DISC, 0)
    assert (overlay.structure[lesion], overlay.vertebra[lesion]) == (Subregion.BODY, 20)
    assert list(overlay.lesion[[eroded, lesion, deposit]]) == [0, LesionLabel.BLASTIC, 0]
    assert list(overlay.keep[[eroded, lesion, deposit]]) == [FULL, FULL, 153]
    assert list(overlay.add[[eroded, lesion, deposit]]) == [0, 0, 200]


def test_what_is_saved_is_what_is_read(tmp_path):
    _, overlay = ill()
    overlay.save(tmp_path / "a.npz")
    again = DiseaseOverlay.load(tmp_path / "a.npz")
    assert [path.name for path in tmp_path.iterdir()] == ["a.npz"]
    assert (again.kind, again.case_sum) == ("mixed", overlay.case_sum)
    for name in ("index", "structure", "vertebra", "lesion", "keep", "add", "rise"):
        stored = getattr(again, name)
        assert stored.dtype == getattr(overlay, name).dtype
        assert np.array_equal(stored, getattr(overlay, name))


def test_a_file_that_is_no_overlay_is_refused_by_its_name(tmp_path):
    (tmp_path / "broken.npz").write_bytes(b"nothing")
    with pytest.raises(StudyError, match=r"broken\.npz is not a disease cache file"):
        DiseaseOverlay.load(tmp_path / "broken.npz")


def test_an_overlay_of_another_case_is_refused():
    case, overlay = ill()
    overlay.require_case(case)
    other = replace(case, structure=case.structure.copy())
    other.structure[0, 0, 0] = Tissue.MUSCLE
    assert case_checksum(other) != case_checksum(case)
    with pytest.raises(StudyError, match=r"drawn into another patient than the one cached now; delete .*-ill-"):
        overlay.require_case(other)


def test_voxels_within_a_cube_are_given_by_their_place_in_it():
    _, overlay = ill()
    inside, at = overlay.within(np.array([4, 5, 5]), 3)
    assert inside.sum() == 2
    assert {tuple(map(int, place)) for place in zip(*at, strict=True)} == {(0, 0, 0), (2, 2, 1)}
