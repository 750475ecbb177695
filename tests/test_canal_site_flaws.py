"""A flaw at one of two sites of a stack is no flaw of the other; what cannot be graded is told with its place."""

from dataclasses import replace

import numpy as np
import pytest
from test_canal_assessment import WithoutLesions, examined, signs_of, with_lesion
from test_canal_sites import INDENTED, PRESSED, SHAPE, two_sites

from spinemets.anatomy import Level
from spinemets.canal_assessment import assess_canal
from spinemets.canal_reading import CanalsOfStudy, worst_first
from spinemets.dicom_results import write_canal_dicom
from spinemets.errors import StudyError
from spinemets.findings import NotAssessed
from spinemets.formats import dicom_seg, dicom_sr
from spinemets.formats.report_parts import site_name
from spinemets.pipeline import Clinical, examine
from spinemets.simulate.epidural import EpiduralCase
from spinemets.volume import Study, Volume

NAMES = ("spinal cord", "thecal sac", "epidural tumour")
LEVELS = with_lesion(Level.T10, Level.T11, Level.T12)


def given(masks):
    return {"cord": masks["cord"], "sac": masks["sac"], "epidural": masks["tumour"]}


def flawed(masks, how, below=True):
    """Masks with the outermost slice of one tumour cut by the picture, or without a sac."""
    arrays = {name: mask.array.copy() for name, mask in masks.items()}
    ill = np.flatnonzero(arrays["tumour"].any(axis=(0, 1)))
    index = ill[ill < SHAPE[2] // 2][0] if below else ill[ill > SHAPE[2] // 2][-1]
    if how == "cut":
        arrays["sac"][:30, 25:35, index] = 1
        arrays["tumour"][:, :, index] &= arrays["sac"][:, :, index] == 0
    else:
        arrays["sac"][:, :, index] = arrays["cord"][:, :, index] = 0
    return {name: masks[name].with_array(array) for name, array in arrays.items()}


@pytest.mark.parametrize(("how", "code"), [("cut", "out_of_field"), ("bare", "missing_mask")])
def test_a_flaw_at_one_site_leaves_the_grade_of_the_other(how, code):
    series, masks = two_sites(PRESSED, INDENTED)
    sites = examined(series, flawed(masks, how)).report.escc
    assert [(site["grade"], site["level"]) for site in sites] == [("2", "T10"), (None, None)]
    assert sites[1]["reason"].startswith(code)
    series, masks = two_sites(INDENTED, PRESSED)
    sites = examined(series, flawed(masks, how)).report.escc
    assert sorted(str(site["grade"]) for site in sites) == ["1b", "None"]


def test_a_flaw_at_both_sites_grades_none_and_says_at_no_level_what_the_tumour_looks_like(tmp_path):
    series, masks = two_sites(PRESSED, INDENTED)
    found = examined(series, flawed(flawed(masks, "cut"), "cut", below=False), **LEVELS)
    assert [site["grade"] for site in found.report.escc] == [None, None]
    for own in signs_of(found).values():
        assert isinstance(own["compartment"], NotAssessed)
        assert "not known" in own["compartment"].detail
    names = [site_name(site, found.report.escc) for site in found.report.escc]
    assert names == ["Level unknown, t2, site 1", "Level unknown, t2, site 2"]


def test_below_the_conus_two_tumours_are_two_sites():
    series, masks = two_sites(PRESSED, INDENTED)
    cord = masks["cord"].array.copy()
    cord[..., :40] = 0
    sites = examined(series, {**masks, "cord": masks["cord"].with_array(cord)}).report.escc
    assert len(sites) == 2
    assert {site["level"] for site in sites} <= {"T10", "T12", None}


def test_sites_of_all_series_stand_in_one_order():
    results = []
    for name, upper, lower in (
        ("a", PRESSED, INDENTED),
        ("b", EpiduralCase(indentation_mm=3.35), EpiduralCase(length_mm=0.0)),
    ):
        series, masks = two_sites(upper, lower)
        study = Study((replace(series, name=name),))
        results.append(assess_canal(study, given(masks), (), Clinical(bone_metastasis="yes")))
    section = CanalsOfStudy(worst_first(results)).section
    assert [(site["series"], site["grade"]) for site in section] == [("a", "2"), ("b", "1c"), ("a", "1b")]


def test_empty_masks_and_masks_on_two_grids_are_refused_in_words():
    series, masks = two_sites(PRESSED, INDENTED)
    nothing = {name: mask.with_array(np.zeros_like(mask.array)) for name, mask in given(masks).items()}
    with pytest.raises(StudyError, match="cord and sac masks are both empty"):
        examine(Study((series,)), models=WithoutLesions(), masks=nothing)
    short = replace(series, volume=Volume(series.volume.array[..., :30], series.volume.affine, "1.2.3"), name="short")
    cord = Volume(masks["cord"].array[..., :30], masks["cord"].affine, "1.2.3")
    with pytest.raises(StudyError, match="the sac mask has shape"):
        examine(Study((series, short)), models=WithoutLesions(), masks={**given(masks), "cord": cord})


def test_each_of_several_sites_is_followed_by_a_name_of_its_own(monkeypatch, tmp_path):
    series, masks = two_sites(PRESSED, INDENTED)
    told = {}
    monkeypatch.setattr(dicom_seg, "write_seg", lambda *_: {name: n for n, name in enumerate(NAMES, start=1)})
    monkeypatch.setattr(dicom_sr, "write_sr", lambda path, of, groups, **words: told.update(groups=groups, **words))
    canal = assess_canal(Study((series,)), given(masks), (), Clinical())
    write_canal_dicom(canal, tmp_path, "")
    labels = [group.label for group in told["groups"]]
    assert len(set(labels)) == len(labels)
    assert [label for label in labels if label.startswith("ESCC site")] == ["ESCC site 1", "ESCC site 2"]
    assert {"ESCC site 1", "ESCC site 2"} <= {remark.partition(":")[0] for remark in told["remarks"]}
