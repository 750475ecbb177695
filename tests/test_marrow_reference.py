"""Marrow is not compared with that of fractured bodies, and where fractures cannot be told the report says so."""

import html
import json

import numpy as np
import pytest
from box_vertebra import PITCH_MM
from marrow_phantom import MIDDLE, T2, Marrow, ball, in_body, parts_at
from mr_studies import examined, lesions_on, networks, scene

from spinemets.anatomy import Level
from spinemets.inference.models import Models
from spinemets.pipeline import examine
from spinemets.results import write_results
from spinemets.spine_signs import UNTOLD_HEIGHTS
from spinemets.volume import Series, Study, Volume

__all__ = ["networks"]
BELOW = -PITCH_MM
LESION, ROUND = ball((2, MIDDLE, BELOW), 9), ball((2, MIDDLE, BELOW), 14)
RIM = (lambda x, y, z: ROUND(x, y, z) & ~LESION(x, y, z) & in_body(x, y, z - BELOW), 2.1 * T2["marrow"])
"""More than 1.5 times the signal of healthy marrow, which makes a halo."""
OEDEMA = (in_body, 2.1 * T2["marrow"])
"""In the body of L2: beside this the rim is no halo."""


def halo_at_l3(squeezed_mm):
    """The halo of a lesion in L3 below an L2 with oedema that lost so much of its height; masks lie on a STIR."""
    painted = Marrow(LESION, squeezed=squeezed_mm).paint("t2", T2, RIM, OEDEMA)
    home = painted.vertebrae
    parts = parts_at(painted.x, painted.y, painted.z, squeezed_mm)[1].astype(np.uint8)
    spots = (LESION(painted.x, painted.y, painted.z) & (home.array > 0)).astype(np.uint8)
    masks = {"vertebrae": home, "subregions": home.with_array(parts), "lesions": home.with_array(spots)}
    stir = Series("stir", Volume(np.full(home.shape, 50.0, np.float32), home.affine), "stir")
    models = Models()
    models.__dict__.update(spine_mr=None)
    report = examine(Study((stir, Series("t2", painted.series["t2"], "t2"))), models=models, masks=masks).report
    (own,) = (one.signs["halo"]["value"] for one in report.vertebrae if one.level is Level.L3)
    return own, report


@pytest.mark.parametrize(
    ("squeezed_mm", "halo"),
    [(8.0, "present"), (0.0, "at_threshold")],  # of 26 mm; where nothing is lost L2 counts, and its interval is wide
)
def test_a_fractured_body_under_a_mask_on_mr_is_no_reference(squeezed_mm, halo):
    found, report = halo_at_l3(squeezed_mm)
    assert found == halo
    assert UNTOLD_HEIGHTS not in report.provenance["flags"]


def test_under_outlines_of_a_network_on_mr_the_report_says_that_fractures_were_not_left_out(networks, tmp_path):
    t1, *others = scene()
    found = examined(networks, t1, *others, masks={"lesions": lesions_on(t1)})
    write_results(found, tmp_path, dicom=False)
    assert UNTOLD_HEIGHTS in json.loads((tmp_path / "report.json").read_text())["provenance"]["flags"]
    fractures = html.unescape((tmp_path / "report.html").read_text().split("<h2>Fractures</h2>")[1])
    assert "fractured ones may be among them" in fractures.split("</section>")[0]


def test_nothing_is_said_of_a_reference_where_nothing_is_compared(networks):
    assert UNTOLD_HEIGHTS not in examined(networks, *scene()).report.provenance["flags"]
