"""Signs of a whole study: from images and masks to `vertebrae[].signs` of a valid report, for each group of signs."""

import json

import numpy as np
import pytest
from disc_phantom import MIDDLE, Discs
from marrow_phantom import LEVELS, T1, T2, Marrow, ball, parts_at

from spinemets.anatomy import LesionLabel, Level, Subregion
from spinemets.inference.models import Models
from spinemets.pipeline import Clinical, examine
from spinemets.results import write_results
from spinemets.spine_signs import FLARE, LESION, MARROW, UPTAKE
from spinemets.volume import Series, Study, Volume

FRAME = "1.2.3"
TUMOUR = ball((2, 23, 0), 9)
IN_PHASE = {"muscle": 100.0, "marrow": 200.0, "lesion": 150.0, "disc": 120.0, "csf": 60.0, "fat": 250.0}
OUT_PHASE = IN_PHASE | {"marrow": 90.0, "lesion": 157.5}
ADC = {"muscle": 1400.0, "marrow": 450.0, "lesion": 850.0, "disc": 1500.0, "csf": 3000.0, "fat": 300.0}
CONTRAST = T1 | {"muscle": 110.0, "lesion": 170.0}
FAT_SUPPRESSED = T1 | {"marrow": 70.0, "lesion": 34.0}
SEQUENCES = {
    "t1": T1, "t2": T2, "in_phase": IN_PHASE, "out_phase": OUT_PHASE, "adc": ADC, "t1_gd": CONTRAST,
    "t1_fs": FAT_SUPPRESSED, "prior_adc": ADC | {"lesion": 600.0}, "dwi_b0": T2,
}  # fmt: skip


def placed(volume, frame=FRAME):
    return Volume(volume.array, volume.affine, frame)


def marrow_study(sequences=SEQUENCES, *, with_ct=True, squeezed=0.0, frame=FRAME):
    """A lytic ball in L2 on MR by role and on CT, on whose grid the masks lie; without CT, on that of a T2."""
    scene = Marrow(TUMOUR, squeezed=squeezed)
    for role, tissues in sequences.items():
        scene.paint(role, tissues)
    home = scene.vertebrae
    parts = parts_at(scene.x, scene.y, scene.z, squeezed)[1].astype(np.uint8)
    lesion = TUMOUR(scene.x, scene.y, scene.z) & (home.array > 0)
    hard = (parts > 0) & (parts != Subregion.BODY)
    hu = np.where(parts > 0, 150, -60) + 500 * hard + np.random.default_rng(2).normal(0, 12, parts.shape)
    hu[lesion] = 45
    masks = {
        "vertebrae": placed(home, frame),
        "subregions": placed(home.with_array(parts), frame),
        "lesions": placed(home.with_array(lesion.astype(np.uint8)), frame),
    }
    series = [Series(role, placed(volume, frame), role) for role, volume in scene.series.items()]
    own = Series("ct" if with_ct else "stir", placed(home.with_array(hu.astype(np.float32)), frame), "home")
    return Study((own, *series)), masks


def signs_at(level, study, masks, folder, **stated):
    """Signs of one level in the report that was written, which the schema holds; and the whole document."""
    models = Models()
    models.__dict__.update(spine_mr=None, lesion_mr=None)
    assessment = examine(study, models=models, masks=masks, clinical=Clinical(**stated))
    write_results(assessment, folder, dicom=False)
    document = json.loads((folder / "report.json").read_text())
    (own,) = (one["signs"] for one in document["vertebrae"] if one["level"] == str(level))
    return own, document, (folder / "report.html").read_text()


def said(sign):
    return sign.get("value", sign.get("not_assessable", sign.get("not_applicable")))


@pytest.fixture(scope="module")
def with_marrow(tmp_path_factory):
    return signs_at(Level.L2, *marrow_study(), tmp_path_factory.mktemp("marrow"))


def test_signs_on_mr_stand_beside_those_on_ct(with_marrow):
    found, document, _ = with_marrow
    assert found["t1_to_muscle"]["value"] == pytest.approx(0.85, abs=0.03)
    assert found["phase_drop"]["value"] == pytest.approx(-0.05, abs=0.03)
    assert found["phase_drop_label"]["value"] == "malignant_favoured"
    assert found["adc"]["value"] == pytest.approx(0.85, abs=0.03)
    assert found["enhancement_ratio"]["value"] == pytest.approx(1.0, abs=0.05)
    assert said(found["diffuse_t1_hypointensity"]) == "absent"  # a ball in a body whose other marrow is bright
    assert said(found["halo"]) == "absent"
    assert found["signal_pattern"]["value"] == "lytic_metastasis"
    assert said(found["diffuse_marrow_disease"]) == "absent"
    assert said(found["fluid_sign"]) == "no_fracture"
    assert said(found["pedicle_destroyed"]) == "absent"
    assert {one["role"] for one in document["inputs"]} == {"ct", *SEQUENCES}


def test_fat_suppression_an_earlier_map_lines_and_discs_stand_in_the_report(with_marrow):
    found, _, page = with_marrow
    assert found["fat_suppression_loss"]["value"] == pytest.approx(1 - 34 / 85, abs=0.05)
    assert said(found["lesion_loses_fat_signal"]) == "present"
    assert found["adc_change"]["value"] == pytest.approx(850 / 600 - 1, abs=0.05)
    assert said(found["adc_rise"]) == "present"
    assert said(found["dark_t1_line"]) == "absent"
    assert said(found["discitis_disc_enhancement"]) == "absent"
    assert said(found["unusual_sclerotic_lesion"]) == "not_only_sclerotic_lesions"
    assert "Lesion loses T1 signal with fat suppression" in page
    assert "ADC of the lesions risen since the earlier map" in page


def test_dense_bone_may_have_no_adc_so_that_its_label_needs_the_image_without_weighting(tmp_path):
    found, *_ = signs_at(Level.L2, *marrow_study({"t1": T1, "adc": ADC}), tmp_path)
    assert found["adc_label"] == {
        "not_assessable": "missing_sequence",
        "detail": "dense bone has no ADC, and its signal is not known: there is no diffusion image without "
        "weighting (b0)",
    }


def test_signs_of_mimics_stand_in_the_report(with_marrow):
    found, *_ = with_marrow
    assert said(found["crosses_disc"]) == "absent"
    assert said(found["schmorl_node"]) == "absent"
    assert said(found["discogenic"]) == "absent"
    assert said(found["discitis_disc_fluid"]) == "absent"
    assert found["disc_to_csf"]["value"] == pytest.approx(150 / 900, abs=0.06)
    assert found["t1_to_marrow"]["value"] == pytest.approx(85 / 220, abs=0.06)


def test_a_lesion_in_a_foramen_is_told_by_side(with_marrow, tmp_path):
    found, *_ = with_marrow
    assert (said(found["foramen_left"]), said(found["foramen_right"])) == ("absent", "absent")
    study, masks = marrow_study({})
    lesions = masks["lesions"]
    right, front, up = np.moveaxis(lesions.world(np.moveaxis(np.indices(lesions.shape), 0, -1)), -1, 0)
    below = (right > 8) & (right < 26) & (front > -2) & (front < 14) & (up > -24) & (up < -10)
    array = np.where(below & (masks["vertebrae"].array == 0), 1, lesions.array).astype(np.uint8)
    found, _, page = signs_at(Level.L2, study, masks | {"lesions": lesions.with_array(array)}, tmp_path)
    assert (said(found["foramen_left"]), said(found["foramen_right"])) == ("absent", "present")
    assert found["foramen_right_share"]["value"] == pytest.approx(14 / 22, abs=0.12)
    assert "Lesion in a foramen on the right" in page


def test_what_no_image_shows_is_not_assessable_and_never_absent(with_marrow):
    found, *_ = with_marrow
    for name in (*FLARE, *UPTAKE, "spect_to_unaffected", "contrast_column_stops", "contrast_column_loss"):
        assert found[name]["not_assessable"] == "missing_sequence", name
    for name in ("draped_curtain", "compartment"):
        assert found[name]["not_assessable"] == "missing_mask", name
    assert found["fat_fraction"]["not_assessable"] == "missing_sequence"


def test_the_page_shows_signs_in_words_and_lists_what_was_not_assessed(with_marrow):
    *_, page = with_marrow
    for words in ("T1 signal by muscle", "Drop of signal out of phase", "goes through a disc", "halo round the lesion"):
        assert words in page, words
    assert "here is no earlier CT in the coordinates of this one" in page
    for name in ("t1_to_muscle", "phase_drop", "crosses_disc", "suv_max", "schmorl_node"):
        assert f"<dt>{name.replace('_', ' ')}</dt>" not in page, name


def test_without_ct_only_masks_and_mr_speak(tmp_path):
    found, _, _ = signs_at(Level.L2, *marrow_study({"t1": T1, "t2": T2}, with_ct=False, squeezed=8.0), tmp_path)
    for name in ("cortex_destroyed", "vacuum_cleft", "fracture_line", "pedicles_spared", *LESION):
        assert found[name]["not_assessable"] == "missing_sequence", name
    assert said(found["posterior_wall_bulge"]) == "absent"
    assert found["posterior_wall_bulge"]["method"].startswith("MR3, favours metastatic")
    assert said(found["fluid_sign"]) == "absent"
    assert found["t1_to_muscle"]["value"] == pytest.approx(0.85, abs=0.03)


def test_dark_marrow_at_all_levels_leaves_no_reference_on_mr_nor_on_ct(tmp_path):
    dark = T1 | {"marrow": 80.0}
    study, masks = marrow_study({"t1": dark, "t2": T2, "t1_gd": dark | {"muscle": 110.0}})
    found, document, page = signs_at(Level.L2, study, masks, tmp_path)
    assert said(found["diffuse_marrow_disease"]) == "present"
    assert "diffuse_marrow_disease_suspected" in document["provenance"]["flags"]
    assert "no vertebra of this spine is known to be healthy" in page
    names = ("lytic_share", "cancellous_bone_destroyed", "ivory_vertebra", "halo", "enhancement_ratio", "haemangioma")
    for name in names:
        assert found[name]["not_assessable"] == "no_reference", name
    elsewhere = [one["signs"] for one in document["vertebrae"] if one["level"] != "L2"]
    assert len(elsewhere) == len(LEVELS) - 1
    assert {said(one["diffuse_marrow_disease"]) for one in elsewhere} == {"present"}


def test_without_t1_disease_of_all_marrow_is_flagged_as_not_checked(tmp_path):
    found, document, _ = signs_at(Level.L2, *marrow_study({"t2": T2}), tmp_path)
    assert found["diffuse_marrow_disease"]["not_assessable"] == "missing_sequence"
    assert "diffuse_marrow_disease_not_checked" in document["provenance"]["flags"]
    assert all(found[name] for name in MARROW)


def test_mr_in_another_frame_of_reference_says_nothing(tmp_path):
    study, masks = marrow_study({"t1": T1})
    other = Series("t1", placed(study.series[1].volume, "9.9"), "t1")
    found, document, _ = signs_at(Level.L2, Study((study.series[0], other)), masks, tmp_path)
    for name in MARROW:
        assert found[name]["not_assessable"] == "missing_sequence", name
    assert [one["used"] for one in document["inputs"]] == [True, False]


def dated_study(frame, hot=6.0):
    """A lytic ball in L2 whose rim grew 220 HU denser since an earlier CT, and that takes up `hot` times as much."""
    scene = Discs(1)
    far = np.hypot(np.hypot(scene.x, scene.y - MIDDLE), scene.z)
    scene.lesions[far < 7] = LesionLabel.LYTIC
    scene.ct[far < 7] = 40
    ct, ids, lesions = (placed(volume, frame) for volume in scene.volumes())
    now = ct.array + np.where((far >= 7) & (far < 10), 220, 0).astype(np.float32)
    suv = np.where(far < 7, hot, 1.0).astype(np.float32)
    in_sac = np.hypot(scene.x, scene.y) < 7
    series = [
        Series("ct", ct.with_array(now), "ct"),
        Series("prior_ct", ct, "earlier"),
        Series("pet", ct.with_array(suv), "pet"),
        Series("spect", ct.with_array(700 * suv), "spect"),
        Series("ct_myelogram", ct.with_array(np.where(in_sac & (np.abs(scene.z) > 6), 500, now)), "myelogram"),
    ]
    masks = {"vertebrae": ids, "subregions": ids.with_array(scene.parts.astype(np.uint8)), "lesions": lesions}
    return Study(tuple(series)), masks


@pytest.mark.parametrize(("response", "flare"), [("yes", "present"), ("unknown", "not_stated")])
def test_a_denser_rim_and_uptake_stand_in_the_report(tmp_path, response, flare):
    found, document, _ = signs_at(Level.L2, *dated_study(None), tmp_path, partial_response=response)
    assert said(found["osteoblastic_flare"]) == flare
    assert said(found["denser_rim"]) == "present"
    assert found["rim_rise"]["low"] <= 220 <= found["rim_rise"]["high"]
    assert found["suv_max"]["value"] == pytest.approx(6.0)
    assert found["suv_to_unaffected"]["value"] == pytest.approx(6.0, rel=0.15)
    assert found["spect_to_unaffected"]["value"] == pytest.approx(6.0, rel=0.15)
    assert found["contrast_column_loss"]["value"] == pytest.approx(1.0, abs=0.02)
    assert said(found["contrast_column_stops"]) == "present"
    assert {"same_coordinates_assumed", "pet_taken_as_suv"} <= set(document["provenance"]["flags"])
    assert all(one["used"] for one in document["inputs"])


def test_activity_is_no_suv(tmp_path):
    found, _, _ = signs_at(Level.L2, *dated_study(None, hot=9000.0), tmp_path)
    assert {found[name]["not_assessable"] for name in UPTAKE} == {"no_reference"}
    assert "no SUV" in found["suv_max"]["detail"]
