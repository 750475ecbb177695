"""The section on the cause of a fracture, from findings typed in, with a model whose weights are known."""

from dataclasses import replace

import numpy as np
import pytest
from fracture_scene import Scene
from fracture_tables import EMPTY

from spinemets import pipeline
from spinemets.anatomy import Level
from spinemets.errors import MissingExtraError, ModelError
from spinemets.findings import Measured, NotApplicable, NotAssessed, Reason, VertebraFindings
from spinemets.formats.html import report_html
from spinemets.formats.report_json import check_report_document
from spinemets.fracture_cause import BORDERLINE, NO_CERVICAL, NO_FRACTURE, NOTHING_SEEN, shipped_model, with_causes
from spinemets.inference.fracture import FractureModel
from spinemets.report import InputSeries, Report
from spinemets.series_assessment import Clinical
from spinemets.spine import Spine, Vertebra
from spinemets.training.additive import AdditiveModel
from spinemets.training.fracture_onnx import export_fracture_model
from spinemets.volume import Series, Study, Volume

NAMES = ("jigsaw", "posterior_wall_bulge", "wall_depth")
WEIGHTS = {"jigsaw": -2.0, "posterior_wall_bulge": 2.5, "wall_depth": 1.0}
UNSEEN = NotAssessed(Reason.RESOLUTION, "voxels of 4.0 mm do not show the cortex")


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    slopes = np.array([WEIGHTS[name] for name in NAMES])
    weights = np.concatenate([np.zeros(3), slopes, np.zeros(3)])
    centre, scale = np.array([0.5, 0.5, 2.0]), np.array([0.5, 0.5, 2.0])
    resampled = np.stack([weights * factor for factor in (0.9, 1.1)])
    made = AdditiveModel(NAMES, centre, scale, weights, resampled, slopes**2)
    out = tmp_path_factory.mktemp("models")
    card = {"version": "0.1", "licence": "Apache-2.0", "calibration": "calibrated on simulated cases only"}
    export_fracture_model(made, out, card)
    return FractureModel.load(out)


@pytest.fixture(scope="module")
def both_scans(tmp_path_factory):
    """A model of one sign of CT and one of MR, which varies much."""
    weights = np.array([0.0, 0.0, -2.0, -2.0, 0.0, 0.0])
    made = AdditiveModel(
        ("jigsaw", "fluid_sign"), np.full(2, 0.5), np.full(2, 0.5), weights, weights[None], np.array([4.0, 4.0])
    )
    out = tmp_path_factory.mktemp("models")
    export_fracture_model(made, out, {"version": "0.1", "licence": "any", "calibration": "on none"})
    return FractureModel.load(out)


def findings(level=Level.L1, grade=2, lesions=(), **signs):
    genant = grade if isinstance(grade, NotAssessed) else Measured(grade, "1", grade, grade, "Genant")
    depth = signs.pop("depth", UNSEEN)
    wall = {"depth_mm": depth if isinstance(depth, NotAssessed) else Measured(depth, "mm", depth, depth, "typed in")}
    told = {name: {"value": said, "method": "CT1"} for name, said in signs.items()}
    return VertebraFindings(level, genant=genant, posterior_wall=wall, signs=told, lesions=lesions)


def cause(model, prior=0.5, **options):
    return with_causes([findings(**options)], model, prior)[0].fracture


def test_contributions_add_up_to_the_probability_and_the_prior_is_one_of_them(model):
    found = cause(model, prior=0.2, jigsaw="absent", posterior_wall_bulge="present", depth=4.0)
    parts = {part["sign"]: part["log_odds"] for part in found["contributions"]}
    assert parts == pytest.approx(
        {"prior": np.log(0.25), "jigsaw": 2.0, "posterior_wall_bulge": 2.5, "wall_depth": 1.0}, abs=1e-5
    )
    p = 1 / (1 + np.exp(-sum(parts.values())))
    assert found["p_metastatic"].value == pytest.approx(p, abs=1e-5)
    assert found["p_metastatic"].low <= p <= found["p_metastatic"].high
    assert (found["verdict"], found["prior"].value, found["present"]["value"]) == ("metastatic", 0.2, True)
    assert "calibrated on simulated cases only" in found["p_metastatic"].method
    assert [part["sign"] for part in found["contributions"]][:2] == ["prior", "posterior_wall_bulge"]


def test_what_was_not_assessed_is_no_contribution_and_widens_the_interval(model):
    full = cause(model, jigsaw="absent", posterior_wall_bulge="present", depth=4.0)
    less = cause(model, jigsaw="absent")
    assert [part["sign"] for part in less["contributions"]] == ["prior", "jigsaw"]
    odds = [[np.log(x / (1 - x)) for x in (one["p_metastatic"].low, one["p_metastatic"].high)] for one in (full, less)]
    assert np.ptp(odds[1]) > np.ptp(odds[0])
    assert less["verdict"] == "indeterminate"


def test_what_only_the_other_scan_shows_is_named_and_no_part_of_the_interval(both_scans):
    on_ct = cause(both_scans, jigsaw="present")["p_metastatic"]
    assert on_ct.low == pytest.approx(on_ct.high)
    assert "1 of 2 inputs assessed, what MR would add is outside the interval" in on_ct.method
    assert "what CT would add" in cause(both_scans, fluid_sign="present")["p_metastatic"].method
    assert "outside" not in cause(both_scans, jigsaw="present", fluid_sign="absent")["p_metastatic"].method


def test_an_osteoporotic_fracture_with_a_lesion_is_both(model):
    signs = {"jigsaw": "present", "posterior_wall_bulge": "absent", "depth": 0.0}
    assert cause(model, **signs)["verdict"] == "osteoporotic"
    lesion = {"body_fraction": UNSEEN, "regions": {}}
    assert cause(model, lesions=(lesion,), **signs)["verdict"] == "both"
    assert cause(model, lesions=UNSEEN, **signs)["verdict"] == "osteoporotic"


def test_without_a_fracture_or_its_height_there_is_no_cause(model):
    assert cause(model, grade=0, jigsaw="present") == NO_FRACTURE == NotApplicable("no_fracture")
    assert cause(model, grade=UNSEEN, jigsaw="present") is UNSEEN
    assert cause(model, level=Level.C5, jigsaw="present") is NO_CERVICAL


def test_with_no_sign_assessed_only_the_prior_is_left(model):
    found = cause(model, vacuum_cleft="present")
    assert found["p_metastatic"] is NOTHING_SEEN
    assert (found["verdict"], found["contributions"]) == ("indeterminate", ())


def test_without_a_model_findings_stay_as_they_were():
    (same,) = with_causes([findings()], None)
    assert same == findings()
    assert same.fracture.code is Reason.NO_MODEL


def test_the_report_holds_the_section_and_its_page_the_bars(model):
    levels = (Level.L1, Level.L2)
    vertebrae = tuple(
        Vertebra(level, 1.0, (), False, np.array([0.0, 0.0, -35.0 * n]), 30.0) for n, level in enumerate(levels)
    )
    spine = Spine(vertebrae, level_ambiguous=False, flags=())
    rows = [
        findings(jigsaw="absent", posterior_wall_bulge="present", depth=4.0),
        findings(level=Level.L2, grade=0),
    ]
    report = Report((InputSeries("ct", used=True, role="ct"),), spine, with_causes(rows, model, 0.5))
    document = report.to_json_dict()
    check_report_document(document)
    assert document["vertebrae"][1]["fracture"] == {"not_applicable": "no_fracture"}
    page = report_html(report)
    assert "L1: cause of the fracture" in page
    assert "L2: cause of the fracture" not in page
    table = page.split('class="clinical contributions"')[1].split("</table>")[0]
    assert table.count('style="width:100.0%"') == 1  # the largest part fills its bar
    assert 'style="width:40.0%"' in table  # 1.0 beside 2.5
    assert "+5.50" in table  # 2.0 + 2.5 + 1.0
    assert "alibrated on simulated cases only" in page


def test_rows_and_inputs_speak_of_the_same_columns(model):
    assert set(model.inputs) <= set(EMPTY)


@pytest.mark.parametrize("prior", [0.0, 1.0])
def test_a_prior_that_leaves_nothing_open_is_refused(prior):
    with pytest.raises(ValueError, match=f"got {prior}"):
        Clinical(fracture_prior=prior)


def test_without_an_engine_a_fracture_says_what_is_missing(monkeypatch):
    def absent(cls):
        raise MissingExtraError("cpu", "telling the cause of a fracture")

    monkeypatch.setattr(FractureModel, "load", classmethod(absent))
    shipped_model.cache_clear()
    try:
        reason = shipped_model()
    finally:
        shipped_model.cache_clear()
    assert isinstance(reason, NotAssessed)
    assert "cpu" in reason.detail
    assert with_causes([findings(), findings(grade=0)], reason)[0].fracture is reason
    assert with_causes([findings(grade=0)], reason)[0].fracture == NO_FRACTURE


def test_a_study_with_a_fracture_gets_its_cause_and_names_the_model(model, monkeypatch):
    monkeypatch.setattr(pipeline, "shipped_model", lambda: model)
    scene = Scene(squeezed=0.6)
    masks = {
        name: Volume(array, scene.affine)
        for name, array in (("vertebrae", scene.ids), ("subregions", scene.parts), ("lesions", scene.lesions))
    }
    study = Study((Series("ct", Volume(scene.ct.astype(np.float32), scene.affine), name="ct"),))
    document = pipeline.assess(study, masks=masks, fracture_prior=0.3).to_json_dict()
    by_level = {entry["level"]: entry["fracture"] for entry in document["vertebrae"]}
    assert by_level["L2"]["prior"]["value"] == 0.3
    assert by_level["L2"]["contributions"][0]["sign"] == "prior"
    assert by_level["L1"] == {"not_applicable": "no_fracture"}
    assert [entry["name"] for entry in document["provenance"]["models"]] == ["fracture"]
    check_report_document(document)


@pytest.mark.parametrize(("value", "low", "high"), [(0, 0, 1), (1, 0, 2)])
def test_a_loss_whose_interval_holds_fracture_and_none_is_neither(model, value, low, high):
    one = VertebraFindings(Level.L1, genant=Measured(value, "1", low, high, "Genant"))
    assert with_causes([one], model)[0].fracture is BORDERLINE


def losses(value, low, high):
    return dict.fromkeys(("anterior", "middle", "posterior", "max"), Measured(value, "1", low, high, "typed in"))


@pytest.mark.parametrize("grade", [UNSEEN, Measured(1, "1", 0, 2, "Genant")])
def test_a_fracture_that_its_interval_leaves_open_has_a_probability_and_no_verdict(model, grade):
    one = replace(
        findings(jigsaw="absent", posterior_wall_bulge="present", depth=4.0),
        genant=grade,
        height_loss=losses(0.23, 0.17, 0.53),
    )
    found = with_causes([one], model)[0].fracture
    sure = cause(model, jigsaw="absent", posterior_wall_bulge="present", depth=4.0)
    assert isinstance(found["present"], NotAssessed)
    assert found["p_metastatic"].value == sure["p_metastatic"].value
    assert found["p_metastatic"].method.startswith("if there is a fracture, which its height leaves open")
    assert (sure["verdict"], found["verdict"]) == ("metastatic", "indeterminate")
    below = replace(one, height_loss=losses(0.18, 0.12, 0.24))
    assert isinstance(with_causes([below], model)[0].fracture, NotAssessed)
    spine = Spine((Vertebra(Level.L1, 1.0, (), False, np.zeros(3), 30.0),), level_ambiguous=False, flags=())
    report = Report((InputSeries("ct", used=True, role="ct"),), spine, with_causes([one], model))
    check_report_document(report.to_json_dict())
    page = report_html(report)
    assert "L1: cause of the fracture, if it is one" in page
    assert "Its height leaves open whether there is a fracture. If there is one, probability" in page


def test_a_file_that_contradicts_itself_is_refused(model):
    class Broken:
        def run(self, names, feeds):
            return [np.zeros((1, 3)), np.zeros(1), np.full(1, 0.5), np.full(1, 0.6), np.full(1, 0.9)]

    with pytest.raises(ModelError, match=r"gives 0\.500 outside its own interval of 0\.600 to 0\.900"):
        replace(model, _session=Broken()).explain(dict.fromkeys(NAMES), 0.5)
