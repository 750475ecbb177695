"""A lesion mask on the grid of one of several series: brought to the vertebrae where it can be, refused where not."""

import numpy as np
import pytest
from marrow_phantom import MIDDLE
from oblique import centred_affine, painted
from test_several_axial import no_spine
from test_study_signs import FRAME, marrow_study

from spinemets.anatomy import LesionLabel, Level
from spinemets.cli import main
from spinemets.errors import NoSpineFoundError, StudyError
from spinemets.findings import Measured, NotAssessed
from spinemets.given_lesions import BEYOND_IMAGE, DRAWN_ELSEWHERE, lesions_for
from spinemets.inference.models import Models
from spinemets.pipeline import examine
from spinemets.results import write_image
from spinemets.volume import Series, Study, Volume

__all__ = ["no_spine"]
RADIUS_MM = 9.0
TUMOUR_ML = 4 / 3 * np.pi * RADIUS_MM**3 / 1000
CENTRE = np.array([2.0, MIDDLE, 0.0])


def ball_on(shape, affine, centre=CENTRE, label=LesionLabel.BLASTIC, frame=FRAME):
    def inside(x, y, z):
        return label * (np.linalg.norm(np.stack([x, y, z], -1) - centre, axis=-1) < RADIUS_MM)

    return Volume(painted(shape, affine, inside, np.uint8).array, affine, frame)


def grids():
    """A CT and a sagittal MR, both oblique, in the same coordinates; and what lies on neither."""
    ct_affine = centred_affine((50, 50, 40), CENTRE, spacing_mm=(1.0, 1.2, 1.5), angles_deg=(4, -3, 6))
    mr_affine = centred_affine((14, 60, 60), CENTRE, spacing_mm=(3.0, 0.9, 0.9), angles_deg=(-5, 4, 2))
    ct = Series("ct", Volume(np.zeros((50, 50, 40), np.int16), ct_affine, FRAME), "ct")
    return ct, Series("t1", Volume(np.zeros((14, 60, 60), np.int16), mr_affine, FRAME), "t1")


def test_lesions_that_were_drawn_on_mr_lie_in_the_same_place_on_the_grid_of_the_ct():
    ct, t1 = grids()
    found = lesions_for([ct, t1], {"lesions": ball_on(t1.volume.shape, t1.volume.affine)})
    assert found.drawn_on is t1
    assert found.flags == (DRAWN_ELSEWHERE,)
    assert found.mask.affine == pytest.approx(ct.volume.affine)
    assert set(np.unique(found.mask.array)) == {0, LesionLabel.BLASTIC}
    places = found.mask.world(np.argwhere(found.mask.array > 0))
    assert places.mean(axis=0) == pytest.approx(CENTRE, abs=0.5)
    assert len(places) * found.mask.voxel_volume_mm3 / 1000 == pytest.approx(TUMOUR_ML, rel=0.06)


def test_a_mask_on_the_grid_of_the_vertebrae_is_taken_as_it_is():
    ct, t1 = grids()
    mask = ball_on(ct.volume.shape, ct.volume.affine)
    found = lesions_for([ct, t1], {"lesions": mask})
    assert found.mask is mask
    assert (found.flags, found.no_density) == ((), None)


def test_without_a_mask_or_with_one_of_another_group_there_is_none():
    ct, t1 = grids()
    assert lesions_for([ct, t1], {}).mask is None
    assert lesions_for([ct], {"lesions": ball_on(t1.volume.shape, t1.volume.affine)}).mask is None


def test_lesions_beyond_the_image_of_the_vertebrae_are_told():
    ct, t1 = grids()
    edge = CENTRE + 30.0 * ct.volume.affine[:3, 2] / np.linalg.norm(ct.volume.affine[:3, 2])  # the last slice
    wide = centred_affine((40, 90, 120), CENTRE, spacing_mm=(3.0, 0.9, 0.9), angles_deg=(-5, 4, 2))
    t1 = Series("t1", Volume(np.zeros((40, 90, 120), np.int16), wide, FRAME), "t1")
    found = lesions_for([ct, t1], {"lesions": ball_on((40, 90, 120), wide, edge)})
    assert found.flags == (DRAWN_ELSEWHERE, BEYOND_IMAGE)
    half = np.count_nonzero(found.mask.array) * found.mask.voxel_volume_mm3 / 1000
    assert half == pytest.approx(TUMOUR_ML / 2, rel=0.12)


def without_mr_network():
    models = Models()
    models.__dict__.update(spine_mr=None, lesion_mr=None)
    return models


def test_a_lesion_mask_on_the_mr_beside_a_ct_is_that_of_the_patient():
    study, masks = marrow_study()
    t1 = study.first("t1")
    masks |= {"lesions": ball_on(t1.volume.shape, t1.volume.affine, label=LesionLabel.LYTIC)}
    found = examine(study, models=without_mr_network(), masks=masks)
    (own,) = (one for one in found.report.vertebrae if one.level is Level.L2)
    (lesion,) = own.lesions
    assert lesion["volume_ml"].value == pytest.approx(TUMOUR_ML, rel=0.08)
    assert own.signs["t1_to_muscle"].value == pytest.approx(0.85, abs=0.06)
    assert isinstance(own.signs["t1_to_muscle"], Measured)
    assert isinstance(lesion["mean_hu"], NotAssessed)
    assert "were drawn on t1" in lesion["mean_hu"].detail
    assert own.sins_case["lesion_quality"] == "not_assessable"
    assert DRAWN_ELSEWHERE in found.report.provenance["flags"]
    assert found.results[0].lesions.shape == study.first("ct").volume.shape


def test_a_lesion_mask_on_a_series_that_shows_no_vertebra_is_refused():
    study, masks = marrow_study()
    t2 = study.first("t2")
    moved = Series("t2", Volume(t2.volume.array[1:], t2.volume.affine, "9.9"), "strange")
    masks |= {"lesions": ball_on(moved.volume.shape, moved.volume.affine, frame="9.9")}
    with pytest.raises(StudyError, match=r"lies on a series that no vertebra .*; give it on the grid of home or t1"):
        examine(Study((*study.series, moved)), models=without_mr_network(), masks=masks)


def test_a_lesion_mask_on_a_series_alone_that_shows_no_vertebra_asks_for_vertebrae():
    _, t1 = grids()
    axial = Series("t2_axial", t1.volume, "axial")
    models = without_mr_network()
    models.__dict__.update(canal=None)
    with pytest.raises(StudyError, match="measured on; give --vertebrae with it, or say --bone-metastasis yes"):
        examine(Study((axial,)), models=models, masks={"lesions": ball_on(t1.volume.shape, t1.volume.affine)})


def test_where_no_spine_is_found_at_all_that_is_the_reason(no_spine):
    ct, _ = grids()
    with pytest.raises(NoSpineFoundError, match="it is a knee"):
        examine(Study((ct,)), models=no_spine, masks={"lesions": ball_on(ct.volume.shape, ct.volume.affine)})


def test_the_command_refuses_a_lesion_mask_on_the_grid_of_no_series_in_one_sentence(tmp_path, capsys):
    ct, t1 = grids()
    write_image(tmp_path / "ct.nii.gz", ct.volume)
    write_image(tmp_path / "t1.nii.gz", t1.volume)
    write_image(tmp_path / "lesions.nii.gz", ball_on((30, 30, 30), np.diag([1.0, 1.0, 1.0, 1.0])))
    given = [
        f"ct={tmp_path / 'ct.nii.gz'}",
        f"t1={tmp_path / 't1.nii.gz'}",
        "--lesions",
        str(tmp_path / "lesions.nii.gz"),
    ]
    with pytest.raises(SystemExit) as stop:
        main(["assess", *given, "--out", str(tmp_path / "out")])
    said = capsys.readouterr()
    assert (stop.value.code, said.out) == (2, "")
    assert len(said.err.strip().splitlines()) == 1
    assert "lesions mask" in said.err
    assert not (tmp_path / "out").exists()
