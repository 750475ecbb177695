import dataclasses
import re

import numpy as np
import pytest

from spinemets.anatomy import Level
from spinemets.findings import Measured, NotApplicable, NotAssessed, Reason, VertebraFindings
from spinemets.formats.grey import grey_png
from spinemets.formats.html import report_html, write_report_html
from spinemets.formats.outlines import Outline
from spinemets.formats.picture import Name, Picture, SeriesPictures
from spinemets.formats.rulers import Mark
from spinemets.report import RESEARCH_USE_ONLY, InputSeries, Report
from spinemets.spine import Spine, Vertebra

CT = InputSeries("abdomen <b>", used=True, role="ct", uid="1.2.840", shape=(4, 5, 6), spacing_mm=(0.7, 0.7, 3.0))
SCOUT = InputSeries("scout", used=False, reason="one slice")


def report(*, level_ambiguous=False, **parts):
    first = Vertebra(Level.L1, 0.78, ((Level.L2, 0.2),), True, np.array([-5.25, 12.0, 300.0]), 43.21)
    second = Vertebra(Level.L2, 0.98, (), False, np.array([1.0, 2.0, 265.0]), 50.0)
    return Report((CT, SCOUT), Spine((first, second), level_ambiguous), **parts)


def picture(letters):
    edge = Outline(Level.L1, np.array([[1.0, 1.0], [5.0, 1.0], [5.0, 5.0]]), True)
    names = (Name("L1?", 6.0, 3.0, Level.L1),)
    return Picture(grey_png(np.zeros((8, 8), np.uint8)), 8.0, 8.0, (edge,), letters, "a plane", names)


def pictures():
    sagittal, coronal = picture(("A", "P", "H", "F")), picture(("R", "L", "H", "F"))
    return SeriesPictures("abdomen", "ct", "W 1800 L 400 HU", sagittal, coronal, {Level.L1: (sagittal, coronal)})


SITE = {
    "grade": "1b",
    "possible_grades": ["1b", "1c"],
    "status": "graded",
    "reason": None,
    "slice": 12,
    "level": "L1",
    "high_grade_2_3": False,
    "high_grade_from_1c": None,
    "sac_deformed": True,
    "slices": [{"index": 12, "grade": "1b", "epidural_area_mm2": 31.5}],
    "distribution": {"1b": 0.8, "1c": 0.2},
    "reference": "adjacent",
    "flags": ["single_slice"],
}


def text_of(page):
    """The words that a reader sees."""
    body = re.sub(r"<style>.*?</style>", " ", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body))


def section(page, title):
    return text_of(page.split(f"<h2>{title}</h2>")[1].split("</section>")[0])


def test_the_page_needs_nothing_from_outside_and_runs_nothing():
    page = report_html(report(), [pictures()])
    assert "http" not in page.replace("http-equiv", "")
    assert "<script" not in page
    assert "@import" not in page
    assert "url(" not in page
    assert set(re.findall(r'\b(?:src|href)="([^,"]*,?)', page)) == {"data:image/png;base64,"}


def test_the_research_notice_stands_above_everything_else():
    text = text_of(report_html(report()).split("<body>")[1])
    assert text.strip().startswith(RESEARCH_USE_ONLY)


def test_images_are_listed_with_those_left_out_and_why():
    text = section(report_html(report()), "Images")
    assert "CT" in text
    assert "4 × 5 × 6" in text
    assert "0.7 × 0.7 × 3" in text
    assert "scout left out: one slice" in text


def test_names_from_the_files_cannot_become_markup():
    page = report_html(report())
    assert "abdomen <b>" not in page
    assert "abdomen &lt;b&gt;" in page


def test_every_level_is_shown_with_its_probability_runner_up_and_place():
    text = section(report_html(report(), [pictures()]), "Levels")
    assert "L1" in text
    assert "0.78 L2 0.20 yes -5.2 12.0 300.0 43.2" in text
    assert "0.98 none no 1.0 2.0 265.0 50.0" in text
    assert "no picture" in text  # there is no thumbnail of L2


def test_levels_that_a_mask_gives_have_no_probability_of_their_own():
    named = dataclasses.replace(report().spine, flags=("levels_from_mask",))
    page = text_of(report_html(Report((CT,), named)))
    assert "given by the mask" in page
    assert "0.78" not in page


def test_orientation_letters_names_and_outlines_are_drawn():
    page = report_html(report(), [pictures()])
    figures = page.split('class="big"')[1:]
    for figure, letters in zip(figures, ("APHF", "RLHF"), strict=True):
        drawn = re.findall(r'class="letter"[^>]*>(\w)<', figure.split("</figure>")[0])
        assert "".join(drawn) == letters
        assert ">L1?<" in figure
        assert 'd="M1.0 1.0L5.0 1.0L5.0 5.0Z"' in figure


def test_edges_of_lesions_are_drawn_and_their_colours_explained_only_where_there_are_any():
    plain = pictures()
    edge = Mark(np.array([[2.0, 2.0], [4.0, 2.0], [4.0, 4.0]]), "lytic", "lytic lesion", closed=True)
    marked = dataclasses.replace(plain.sagittal, marks=(edge,))
    thumbnails = {Level.L1: (marked, plain.coronal)}
    page = report_html(report(), [dataclasses.replace(plain, sagittal=marked, thumbnails=thumbnails)])
    assert page.count('class="mark lytic" d="M2.0 2.0L4.0 2.0L4.0 4.0Z"') == 2
    assert "Red: lytic lesion" in text_of(page)
    assert "Red: lytic" in text_of(report_html(report(), [dataclasses.replace(plain, thumbnails=thumbnails)]))
    assert "lytic" not in text_of(report_html(report(), [plain]))


def test_an_ambiguous_numbering_is_said_at_the_top():
    assert "numbering of the levels is ambiguous" in text_of(report_html(report(level_ambiguous=True)))
    assert "ambiguous" not in text_of(report_html(report()))


@pytest.mark.parametrize(
    ("title", "reason", "warning"),
    [
        ("Fractures", "no model", "does not mean that there is no fracture"),
        ("Lesions", "no model", "does not mean that there is no lesion"),
        ("SINS", "no model", "does not mean that the spine is stable"),
        ("Epidural spinal cord compression (ESCC)", "missing sequence", "does not clear the spinal canal"),
    ],
)
def test_what_was_not_assessed_says_so_and_warns_against_reading_it_as_normal(title, reason, warning):
    page = report_html(report())
    text = section(page, title)
    assert f"Not assessable: {reason}" in text
    assert warning in text
    assert 'class="absent box"' in page.split(f"<h2>{title}</h2>")[1].split("</section>")[0]


def test_what_was_found_is_shown_beside_what_was_not():
    loss = Measured(0.25, "1", 0.2, 0.3, "callipers")
    metal = NotAssessed(Reason.METAL, "screws")
    losses = {"anterior": loss, "middle": metal, "posterior": metal, "max": loss}
    vertebrae = (VertebraFindings(Level.L1, height_loss=losses), VertebraFindings(Level.L2, lesions=()))
    page = report_html(report(vertebrae=vertebrae))
    assert "L1 lost 25 % (20 to 30) lost not assessable: metal" in section(page, "Fractures")
    assert "L2: no lesion in the lesion mask" in section(page, "Lesions")
    assert "lesions. L1" in section(page, "Lesions")


def test_what_rests_on_a_network_is_said_where_it_is_read():
    loss = dict.fromkeys(("anterior", "middle", "posterior", "max"), Measured(0.3, "1", 0.25, 0.35, "callipers"))
    found = (VertebraFindings(Level.L1, lesions=(), height_loss=loss), VertebraFindings(Level.L2, lesions=()))
    flags = ["vertebrae_outlined_by_network", "lesions_by_network"]
    page = report_html(report(vertebrae=found, provenance={"flags": flags}))
    assert "Measured on a network's outlines" in section(page, "Fractures")
    assert "has learnt from simulated disease alone" in section(page, "Lesions")
    given = report_html(report(vertebrae=found))
    assert "network's" not in section(given, "Fractures") + section(given, "Lesions")


def test_signs_stand_present_ones_first_apart_from_what_was_not_told():
    tiny = Measured(0.000252, "1", 0.00000733, 0.00464, "share of the surface")
    signs = {
        "crosses_disc": {"value": "absent", "method": "X10: the review"},
        "enhancing_mass": {"value": "present", "method": "MR7, favours metastatic: the review"},
        "halo": NotAssessed(Reason.MISSING_SEQUENCE, "there is no T2"),
        "halo_share": NotAssessed(Reason.MISSING_SEQUENCE, "there is no T2"),
        "enostosis": NotApplicable("no_blastic_lesion"),
        "endplate_contact": tiny,
    }
    page = report_html(report(vertebrae=(VertebraFindings(Level.L1, signs=signs), VertebraFindings(Level.L2))))
    shown = section(page, "Fractures")
    mass = "Mass beyond the bone takes up contrast medium present metastasis"
    assert f"Listed under {mass} Lesion goes through a disc absent what mimics metastasis" in shown
    assert "Share of the lesion against an endplate 0 (0 to 0.005)" in shown
    told = shown.split("what could not be told, which is not absent")[1]
    assert "Bright halo round the lesion on T2; share of the rim that is bright on T2 There is no T2." in told
    assert "Does not apply: no blastic lesion." in told
    assert "crosses" not in told


def test_an_escc_grade_is_shown_at_its_level_with_what_is_undecided():
    text = section(report_html(report(escc=(SITE,))), "Epidural spinal cord compression (ESCC)")
    assert "L1 1b sac deformed, cord not touched 1c 12 no undecided slices above and below seen in one slice" in text
    assert "slice grade epidural tumour, mm² 12 1b 31.5" in text


def test_a_canal_that_was_not_graded_shows_its_status_and_never_a_grade():
    site = {
        **SITE,
        "grade": None,
        "possible_grades": [],
        "status": "not_assessable",
        "reason": "not axial",
        "slices": [],
    }
    page = report_html(report(escc=(site,)))
    assert "L1 not assessable" in section(page, "Epidural spinal cord compression (ESCC)")
    assert "Not axial." in page
    assert 'class="grade"' not in page


def test_provenance_and_what_is_not_assessed_are_listed():
    page = report_html(report(provenance={"model": {"name": "spine", "sha256": "abc"}}))
    assert "model name spine sha256 abc" in section(page, "Provenance")
    assert "1.2.840" in section(page, "Provenance")
    assert "no model This version has no model or rule for the posterior wall. Posterior wall all levels" in section(
        page, "Not assessed"
    )


def test_what_is_not_assessed_for_one_reason_stands_in_one_row():
    cut = [NotAssessed(Reason.OUT_OF_FIELD, f"the image cuts through {level}") for level in ("L1", "L2")]
    found = [
        VertebraFindings(level, heights_mm=reason, genant=reason)
        for level, reason in zip((Level.L1, Level.L2), cut, strict=True)
    ]
    told = (("pain", NotAssessed(Reason.NOT_STATED, "nobody said")),)
    page = report_html(report(vertebrae=tuple(found), not_assessed=told))
    listed = section(page, "Not assessed")
    assert listed.count("image cuts through") == 1
    assert "The image cuts through each of L1, L2. Body heights, mm; Genant grade all levels" in listed
    assert "Nobody said. Pain study" in listed


def test_the_page_is_written_as_utf8(tmp_path):
    write_report_html(tmp_path / "report.html", report())
    assert "4 × 5 × 6" in (tmp_path / "report.html").read_text(encoding="utf-8")
