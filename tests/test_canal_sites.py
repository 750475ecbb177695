"""An axial T2 with two tumours that lie apart, in one study with a CT: two sites in the report."""

import json
from dataclasses import replace

import numpy as np
import pytest
from box_vertebra import PITCH_MM
from oblique import centred_affine
from test_canal_assessment import FRAME, examined, signs_of, with_lesion

from spinemets import canal_reading
from spinemets.anatomy import CanalLabel, Level
from spinemets.canal_reading import read_axial
from spinemets.formats.report_parts import site_name
from spinemets.geometry import Grid
from spinemets.inference.canal import CanalSegmentation
from spinemets.pipeline import Clinical
from spinemets.results import write_results
from spinemets.simulate.epidural import EpiduralCase
from spinemets.simulate.epidural_masks import epidural_masks
from spinemets.volume import Series, Volume

PRESSED = EpiduralCase(indentation_mm=4.6, flattening=0.25, shift_mm=0.5)
INDENTED = EpiduralCase(direction=(0.0, -1.0), indentation_mm=1.8)
SHAPE = (60, 60, 44)


def two_sites(upper, lower):
    """An axial T2 and its masks, with a tumour at the height of T10 and one at that of T12."""
    affine = centred_affine(SHAPE, spacing_mm=(0.5, 0.5, 3.0), angles_deg=(0, 0, 0))
    grid = Grid(SHAPE, affine)
    parts = [epidural_masks(case, grid, centre_mm=np.array([0.0, 0.0, z]), axes=np.eye(3))
             for case, z in ((upper, PITCH_MM), (lower, -PITCH_MM))]  # fmt: skip
    above = affine[2, 3] + 3.0 * np.arange(SHAPE[2]) > 0
    masks = {name: Volume(np.where(above, parts[0][name], parts[1][name]), affine, FRAME) for name in parts[0]}
    signal = np.full(SHAPE, 100.0, np.float32) + 800 * (masks["sac"].array > 0) - 630 * (masks["cord"].array > 0)
    return Series("t2_axial", Volume(signal.astype(np.float32), affine, FRAME), name="t2"), masks


@pytest.mark.parametrize(("upper", "lower", "levels"), [(PRESSED, INDENTED, ["T10", "T12"]),
                                                       (INDENTED, PRESSED, ["T12", "T10"])])  # fmt: skip
def test_every_site_has_its_grade_its_level_and_its_slices_the_worst_first(upper, lower, levels, tmp_path):
    assert (PRESSED.grade, INDENTED.grade) == ("2", "1b")
    found = examined(*two_sites(upper, lower))
    assert [(site["grade"], site["level"]) for site in found.report.escc] == list(zip(("2", "1b"), levels, strict=True))
    assert found.report.governing["escc_level"] == levels[0]
    shown = [{row["index"] for row in site["slices"]} for site in found.report.escc]
    assert all(shown)
    assert not shown[0] & shown[1]
    assert all(site["slice"] in own for site, own in zip(found.report.escc, shown, strict=True))
    write_results(found, tmp_path, dicom=False)
    assert len(json.loads((tmp_path / "report.json").read_text())["escc"]) == 2
    page = (tmp_path / "report.html").read_text()
    assert page.count('class="thumb worst"') == 2


def test_signs_stand_at_both_levels():
    found = signs_of(examined(*two_sites(PRESSED, INDENTED), **with_lesion(Level.T10, Level.T11, Level.T12)))
    for level in (Level.T10, Level.T12):
        assert found[level]["compartment"]["value"] == "extradural"
    assert "T10 and T12 only" in found[Level.T11]["compartment"].detail


def test_sites_of_one_series_without_a_level_are_told_apart_by_their_slices():
    site = {"level": None, "series": "t2", "slice": 7}
    other = site | {"slice": 30}
    assert site_name(site, [site, other]) == "Level unknown, t2, slice 7"
    assert site_name(site | {"level": "T7"}, [site, other]) == "T7, t2"
    assert site_name(site, [site]) == "Level unknown"


def test_readings_of_a_network_vote_at_each_site(monkeypatch):
    series, masks = two_sites(INDENTED, PRESSED)
    both = labels(masks)
    upper_alone = both.with_array(np.where(
        (both.array == CanalLabel.EPIDURAL_TUMOUR) & (np.arange(SHAPE[2]) < SHAPE[2] // 2), 0, both.array
    ))  # fmt: skip
    found = CanalSegmentation(both, (upper_alone, upper_alone))
    monkeypatch.setattr(canal_reading, "segment_canal", lambda *_: found)
    canal = read_axial(series, model(), (), Clinical(bone_metastasis="yes"))
    worse, other = canal.section
    assert (worse["grade"], other["grade"]) == ("2", "1b")
    assert worse["distribution"]["0"] == pytest.approx(2 / 3, abs=0.01)  # neither reading shows that one
    assert "0" not in other["distribution"]
    assert worse["slice"] in canal.zones[0]
    assert other["slice"] in canal.zones[1]


def labels(masks):
    array = np.zeros(SHAPE, np.uint8)
    for name, label in (
        ("tumour", CanalLabel.EPIDURAL_TUMOUR),
        ("sac", CanalLabel.THECAL_SAC),
        ("cord", CanalLabel.CORD),
    ):
        array[masks[name].array > 0] = label
    return replace(masks["sac"], array=array)


def model():
    class Network:
        card = None

    return Network()
