"""`verify.py sins`: the true score by hand from Fisher's table, and what counts as undecided."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from spinemets.anatomy import Level
from spinemets.rules.sins_likelihood import component_masses, likelihood_json
from spinemets.rules.sins_table import IMAGING_COMPONENTS
from spinemets.simulate.disease import FractureTruth, LesionTruth

SCRIPTS = Path(__file__).resolve().parents[1] / "scripts"
SEED = 6


@pytest.fixture
def verify(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from verification import sins

    return sins


def lesion(level, kind="lytic", share=0.6, **regions):
    return LesionTruth(level, kind, "geographic", "body", 3.0, share, {"body": share, **regions}, False)


def fracture(level, anterior, posterior, tilt=0.0):
    losses = {"anterior": anterior, "middle": min(anterior, posterior), "posterior": posterior}
    return FractureTruth(level, "metastatic", losses, tilt, {})


def points(verify, *lesions, fractures=(), pain="mechanical"):
    ill = SimpleNamespace(lesion_truth=lesions, fractures=fractures)
    return {level: score.points for level, score in verify.true_scores(ill, SEED, pain).items()}


def test_the_true_score_is_that_of_fishers_table(verify):
    """T12 is junctional (3), the pain mechanical (3), the lesion lytic (2), alignment normal (0), the body more than
    half involved without collapse (1), the left pedicle taken (1): 10."""
    (found,) = points(verify, lesion(Level.T12, pedicle_left=0.5, lamina_right=0.9)).values()
    assert {name: value[0] for name, value in found.items()} == {
        "location": 3, "pain": 3, "bone_lesion": 2, "alignment": 0, "collapse": 1, "posterolateral": 1,
    }  # fmt: skip


def test_lesions_of_one_level_are_one_case(verify):
    """A lytic and a blastic lesion are mixed (1); a tenth of a facet each make a fifth; both sides score 3."""
    pair = (
        lesion(Level.L3, share=0.3, facet_left=0.1, pedicle_right=0.2),
        lesion(Level.L3, "blastic", 0.15, facet_left=0.1),
    )
    (found,) = points(verify, *pair).values()
    assert [found[name] for name in ("location", "bone_lesion", "collapse", "posterolateral")] == [
        (2,),
        (1,),
        (0,),
        (3,),
    ]


@pytest.mark.parametrize(
    ("anterior", "posterior", "alignment", "collapse"),
    [
        (0.3, 0.3, 0, 2),  # crushed evenly: no bend
        (0.6, 0.0, 2, 3),  # 60 % of about 25 mm in front over 0.7 of about 33 mm: some 33 degrees
    ],
)
def test_a_wedge_bends_and_an_even_collapse_does_not(verify, anterior, posterior, alignment, collapse):
    (found,) = points(verify, lesion(Level.L1), fractures=[fracture(Level.L1, anterior, posterior)]).values()
    assert (found["alignment"], found["collapse"]) == ((alignment,), (collapse,))


@pytest.mark.parametrize(("tilt", "alignment", "collapse"), [(0.05, 0, 2), (-0.12, 0, 3), (0.25, 2, 3)])
def test_the_side_that_lost_more_counts_as_a_column_and_leans_the_spine(verify, tilt, alignment, collapse):
    """45 % lost everywhere, and two thirds of the tilt more on one side: 48, 53 and 62 %. Twice the tilt by height over
    width, about 25 to 44 mm: 3, 8 and 16 degrees."""
    broken = fracture(Level.L1, 0.45, 0.45, tilt)
    (found,) = points(verify, lesion(Level.L1), fractures=[broken]).values()
    assert (found["alignment"], found["collapse"]) == ((alignment,), (collapse,))


def test_a_missed_level_is_undecided_and_its_category_wrong(verify):
    ill = SimpleNamespace(lesion_truth=[lesion(Level.T8, share=0.2)], fractures=[])
    truth = verify.true_scores(ill, SEED, "none")
    rows = verify.compared(SEED, truth, None)
    table = verify.agreement(rows)
    wrong = {"patients": 1, "right, undecided counting as wrong": 0.0, "decided": 0.0}
    assert table["category"] == table["category, prior told"] == table["likely"] == table["likely, prior told"] == wrong
    assert all(table[name]["decided"] == 0.0 for name in (*IMAGING_COMPONENTS, "imaging subtotal"))


def test_an_answer_like_the_truth_agrees(verify):
    rows = []
    for number, level in enumerate((Level.T5, Level.T12, Level.L3)):
        truth = verify.true_scores(SimpleNamespace(lesion_truth=[lesion(level)], fractures=[]), SEED, "occasional")
        answer = truth[level].to_json_dict() | likelihood_json(component_masses(truth[level], {}))
        report = SimpleNamespace(vertebrae=[SimpleNamespace(level=level, sins=answer, sins_case=None)])
        rows += verify.compared(number, truth, report)
    table = verify.agreement(rows)
    assert table["category"]["right, undecided counting as wrong"] == 1.0
    assert table["likely, prior told"] == table["likely"] == table["category"]
    assert table["location"]["kappa"][0] == pytest.approx(1.0)
    assert table["location"]["right of decided"] == 1.0


@pytest.mark.parametrize(("anterior", "alignment"), [(0.6, "de_novo_deformity"), (0.0, "normal")])
def test_an_earlier_image_tells_the_age_of_a_deformity_and_nothing_else(verify, anterior, alignment):
    """T8, 60 % lost in front: 1 for T3 to T10, no pain, lytic 2, new deformity 2, over half lost 3: 8. Whole: 1 and 2,
    more than half of the body involved 1: 4."""
    ill = SimpleNamespace(lesion_truth=[lesion(Level.T8)], fractures=[fracture(Level.T8, anterior, 0.0)])
    truth = verify.true_scores(ill, SEED, "none")[Level.T8]
    case = {"level": "T8", "pain": "none", "lesion_quality": "lytic", "alignment": "deformity_age_unknown",
            "collapse_percent": 100 * anterior, "body_involved_percent": 60.0,
            "posterolateral": {"left": [], "right": []}}  # fmt: skip
    assert verify.prior_told(case, truth)["total"] == (8 if anterior else 4)
    assert verify.prior_told(case, truth) == verify.prior_told({**case, "alignment": alignment}, truth)
    unseen = {**case, "alignment": "not_assessable"}
    assert verify.prior_told(unseen, truth)["component_points"]["alignment"] is None


@pytest.mark.parametrize(("split", "first"), [("test", 203_000), ("validation", 103_000)])
def test_true_masks_are_measured_where_no_lesion_network_is_shipped(verify, monkeypatch, capsys, split, first):
    asked = []
    monkeypatch.setattr(verify, "Models", lambda: SimpleNamespace(lesion=None))
    monkeypatch.setattr(verify, "one_patient", lambda seed, number, rows, models: asked.append((seed, *rows)))
    result = verify.measure(SimpleNamespace(cases=2, split=split))
    assert asked == [(first, "true masks"), (first + 1, "true masks")]
    assert set(result) == {"true masks"}
    assert "no lesion network: true masks only" in capsys.readouterr().out
    assert np.isnan(result["true masks"]["agreement"]["category"]["decided"])


@pytest.mark.parametrize(("anterior", "likely"), [(0.6, "potentially_unstable"), (0.0, None)])
def test_whoever_has_the_earlier_image_tells_which_category_is_likely(verify, anterior, likely):
    """T8, no pain, lytic: 1 and 2. Beside 60 % lost (3) a new bend (2) makes 8, a slip (4) 10. Beside a body that is
    more than half involved (1) an old bend makes 4, and a slip 8."""
    ill = SimpleNamespace(lesion_truth=[lesion(Level.T8)], fractures=[fracture(Level.T8, anterior, 0.0)])
    truth = verify.true_scores(ill, SEED, "none")[Level.T8]
    masses = {**component_masses(truth, {}), "alignment": {(0, 2): 0.7, (4,): 0.3}}
    answer = likelihood_json(masses)
    assert verify.likely_with_prior(answer, truth) == likely
    assert answer["likely_category"] is None
