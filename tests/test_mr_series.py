"""Studies with MR: which series a network outlines, what is measured beside it, and what is said of the rest."""

import json

import numpy as np
import pytest
from marrow_phantom import T1, T2
from mr_studies import (
    ADC,
    CT_MODELS,
    FRAME,
    OTHER,
    WITHOUT,
    a_ct,
    examined,
    lesions_on,
    listed,
    networks,
    scene,
    true_parts,
)

from spinemets.anatomy import Level, Subregion
from spinemets.errors import MissingExtraError, NoSpineFoundError, StudyError
from spinemets.findings import NotAssessed, Reason
from spinemets.measure.outline_error import MR_OUTLINE
from spinemets.pipeline import Clinical
from spinemets.results import write_results
from spinemets.series_assessment import BY_NETWORK
from spinemets.volume import Series, Volume

__all__ = ["networks"]


def test_without_the_network_mr_alone_is_refused_with_its_roles(networks):
    with pytest.raises(StudyError, match="nothing to assess: no network reads t1, t2, adc; add a CT or give"):
        examined(networks, *scene(), models=WITHOUT)
    assert networks.calls == []


def test_of_t1_and_t2_in_one_frame_the_t1_is_outlined_once_and_all_is_measured_under_it(networks):
    t1, t2, adc = scene()
    found = examined(networks, t2, adc, t1, masks={"lesions": lesions_on(t1)})
    assert networks.calls == [("mr", "t1", None)]
    assert listed(found) == {"t1": "used", "t2": "used", "adc": "used"}
    assert found.report.inputs[0].role == "t1"
    (own,) = (one for one in found.report.vertebrae if one.level is Level.L2)
    assert own.signs["t1_to_muscle"].value == pytest.approx(0.85, abs=0.06)
    assert own.signs["t2_to_muscle"].value == pytest.approx(3.0, abs=0.2)
    assert own.signs["adc"].value == pytest.approx(0.85, abs=0.05)
    assert BY_NETWORK in found.report.provenance["flags"]
    assert [card["name"] for card in found.report.provenance["models"]] == ["spine_mr"]


def test_what_rests_on_ct_lesions_or_the_shape_of_outlines_is_not_assessable_on_mr(networks, tmp_path):
    found = examined(networks, *scene(), clinical=Clinical(malignancy="known"))
    write_results(found, tmp_path, dicom=False)
    document = json.loads((tmp_path / "report.json").read_text())
    assert [one["level"] for one in document["vertebrae"]] == ["T12", "L1", "L2", "L3", "L4"]
    for one in document["vertebrae"]:
        for name in ("heights_mm", "reference_mm", "height_loss", "genant", "posterior_wall", "alignment", "fracture"):
            assert one[name]["not_assessable"] == "no_reference", name
            assert "miss or exaggerate too many collapses" in one[name]["detail"]
        assert {one[name]["not_assessable"] for name in ("lesions", "sins_case", "sins")} == {"no_model"}
        assert "not_assessable" in one["signs"]
    assert document["governing"]["sins_level"]["not_assessable"] == "missing_mask"
    assert {path.name for path in tmp_path.glob("*.nii.gz")} == {"vertebrae.nii.gz", "subregions.nii.gz"}
    assert "mm</text>" not in (tmp_path / "report.html").read_text()


def test_a_subregion_mask_that_was_given_replaces_the_networks_and_chooses_the_series(networks):
    t1, t2, adc = scene()
    given = t2.volume.with_array(true_parts(t2.volume)[1])
    moved = Series("t1", Volume(t1.volume.array[1:], t1.volume.affine, FRAME), "t1.nii")
    found = examined(networks, moved, t2, adc, masks={"subregions": given})
    assert networks.calls == [("mr", "t2", None)]
    assert found.results[0].subregions is given


def test_where_a_series_shows_no_spine_the_next_of_its_group_is_asked_and_the_first_measured_under_it(networks):
    networks.blind = {"t1"}
    found = examined(networks, *scene())
    assert [role for _, role, _ in networks.calls] == ["t1", "t2"]
    assert [one.series.role for one in found.results] == ["t2"]
    assert listed(found) == {"t1": "used", "t2": "used", "adc": "used"}


def test_where_no_series_shows_a_spine_that_is_said(networks):
    networks.blind = {"t1", "t2"}
    with pytest.raises(NoSpineFoundError, match="no spine found on t1"):
        examined(networks, *scene())


def test_mr_in_the_frame_of_a_ct_is_measured_under_the_masks_of_the_ct(networks):
    found = examined(networks, *scene(), a_ct())
    assert [(kind, role) for kind, role, _ in networks.calls] == [("ct", "ct")]
    assert listed(found) == {"ct": "used", "t1": "used", "t2": "used", "adc": "used"}
    assert [one.role for one in found.results[0].beside] == ["t1", "t2", "adc"]


def test_mr_in_another_frame_than_the_ct_gets_masks_of_its_own_and_the_ct_is_reported(networks, tmp_path):
    told = (Level.L2, np.array([0.0, 20.0, 0.0]))
    found = examined(networks, *scene(frame=OTHER), a_ct(), anchor=told)
    assert networks.calls == [("ct", "ct", told), ("mr", "t1", None)]
    assert [one.series.role for one in found.results] == ["ct", "t1"]
    assert isinstance(found.report.vertebrae[2].heights_mm, dict)
    assert found.report.provenance["seconds"] == {"segment": 2.0}
    names = {path.name for path in write_results(found, tmp_path, dicom=False)}
    assert {"vertebrae_ct.nii.gz", "vertebrae_t1.nii.gz", "subregions_t1.nii.gz"} <= names
    said = [why for item, why in found.report.not_assessed if item == "vertebrae"]
    assert [(why.code, why.detail.split(":")[0]) for why in said] == [(Reason.NO_REFERENCE, "t1.nii")]
    assert said[0].detail.endswith("what is reported was measured on ct.nii")


def test_without_the_network_mr_in_another_frame_than_the_ct_is_left_out_as_ever(networks):
    found = examined(networks, *scene({"t1": T1}, frame=OTHER), a_ct(), models=WITHOUT)
    assert listed(found) == {"ct": "used", "t1.nii": "no network of this version reads the role t1"}


def test_mr_in_another_frame_than_a_given_mask_is_outlined_besides(networks):
    ct, (t1,) = a_ct(), scene({"t1": T1}, frame=OTHER)
    ids = ct.volume.with_array(true_parts(ct.volume)[0])
    found = examined(networks, t1, ct, masks={"vertebrae": ids})
    assert [one.series.role for one in found.results] == ["ct", "t1"]
    assert found.results[0].vertebrae is ids


def test_groups_of_mr_in_frames_of_their_own_are_outlined_each(networks):
    (t1,), (t2,) = scene({"t1": T1}), scene({"t2": T2}, frame=OTHER)
    found = examined(networks, t2, t1)
    assert [role for _, role, _ in networks.calls] == ["t1", "t2"]
    assert [one.series.role for one in found.results] == ["t1", "t2"]


def test_mr_without_any_frame_is_taken_for_one_examination_and_that_is_flagged(networks):
    found = examined(networks, *scene(frame=None))
    assert len(networks.calls) == 1
    assert "same_coordinates_assumed" in found.report.provenance["flags"]


def test_diffusion_is_measured_on_and_never_outlined(networks):
    (adc,) = scene({"adc": ADC})
    with pytest.raises(StudyError, match="nothing to assess: no network reads adc"):
        examined(networks, adc)
    assert networks.calls == []


def test_a_stack_that_cannot_be_outlined_is_refused_with_the_reason(networks):
    (axial,) = scene({"t2": T2}, spacing=(0.9, 0.9, 4.0))
    with pytest.raises(StudyError, match=r"nothing to assess: t2\.nii: .* 4\.0 mm apart, are not sagittal"):
        examined(networks, axial)
    found = examined(networks, axial, a_ct(OTHER))
    assert "are not sagittal" in listed(found)["t2.nii"]
    assert [kind for kind, *_ in networks.calls] == ["ct"]


class Uninstalled:
    spine, lesion, lesion_mr, canal = CT_MODELS, None, None, None

    @property
    def spine_mr(self):
        raise MissingExtraError("cpu", "running networks")


def test_without_an_engine_for_networks_given_masks_are_measured_all_the_same(networks):
    ct, (t1,) = a_ct(), scene({"t1": T1}, frame=OTHER)
    ids = ct.volume.with_array(true_parts(ct.volume)[0])
    found = examined(networks, t1, ct, models=Uninstalled(), masks={"vertebrae": ids})
    assert "spinemets[cpu]" in listed(found)["t1.nii"]
    with pytest.raises(MissingExtraError, match=r"running networks .*spinemets\[cpu\]"):
        examined(networks, t1, models=Uninstalled())


def test_marrow_dark_at_all_levels_is_told_under_a_networks_outlines(networks):
    found = examined(networks, *scene({"t1": T1 | {"marrow": 70.0}}))
    assert "diffuse_marrow_disease_suspected" in found.report.provenance["flags"]
    assert isinstance(found.report.vertebrae[0].heights_mm, NotAssessed)
    assert found.report.vertebrae[0].heights_mm is MR_OUTLINE.unknown
    assert Subregion.BODY in np.unique(found.results[0].subregions.array)
