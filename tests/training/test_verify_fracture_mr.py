"""`verify.py fracture_mr`: the ceiling by Bayes' rule, typed in a second time, and rows with and without lesions."""

import argparse
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"


@pytest.fixture(name="scripts")
def _scripts(monkeypatch):
    monkeypatch.syspath_prepend(str(SCRIPTS))
    from verification import fracture_mr

    yield fracture_mr
    for name in [name for name in sys.modules if name.partition(".")[0] == "verification"]:
        del sys.modules[name]


def case(scripts, *present, shown=("t1", "t2", "stir"), **more):
    names = {*scripts.ALWAYS, *scripts.NEEDS, *scripts.EITHER}
    return {"signs": {name: name in present for name in names}, "shown": shown, **more}


def odds(probability):
    return probability / (1 - probability)


def test_a_sign_counts_where_a_sequence_of_the_study_shows_it(scripts):
    """Suh 2018 gave 0.91 and 0.08 of 20 cases each, with four added (0.842 and 0.150): 5.61 to one for osteoporosis."""
    none, high = case(scripts, shown=("adc",)), case(scripts, "high_adc", shown=("adc",))
    unseen = case(scripts, "high_adc")
    plain = case(scripts)
    p = scripts.ceiling([none, high, unseen, plain])
    share = (0.91 * 20 + 2) / 24, (0.08 * 20 + 2) / 24
    assert odds(p[1]) / odds(p[3]) == pytest.approx(share[1] / share[0])
    assert odds(p[0]) / odds(p[3]) == pytest.approx((1 - share[1]) / (1 - share[0]))
    assert p[2] == p[3]


def test_marrow_is_dark_throughout_in_a_band_or_neither(scripts):
    """Osteoporotic 27 of 89 and 35 of 75, metastatic 20 of 27 and 0.15, each count with two and two more."""
    diffuse, band, neither = scripts.ceiling([case(scripts, "t1_diffuse"), case(scripts, "t1_band"), case(scripts)])
    dark, stripe = (22 / 31, 0.15), (29 / 93, 37 / 79)
    assert odds(diffuse) / odds(band) == pytest.approx((dark[0] / stripe[0]) / (dark[1] / stripe[1]))
    rest = (1 - sum(dark)) / (1 - sum(stripe))
    assert odds(neither) / odds(band) == pytest.approx(rest / (dark[1] / stripe[1]))


def test_the_model_is_measured_on_rows_with_lesions_and_without(scripts, monkeypatch, tmp_path, capsys):
    def cases(cache, split, count, progress):
        for number in range(count):
            cause = "metastatic" if number % 2 else "osteoporotic"
            entry = {"level": "L1", "signs": {"jigsaw": {"value": "absent" if number % 2 else "present"}}}
            bare = entry if number > 3 else None
            yield case(scripts, seed=number, cause=cause, measured=entry, bare=bare)

    class Model:
        inputs, details = ("jigsaw",), {"training": {"cases": "a table of one's own"}}

        def explain(self, values, prior):
            return argparse.Namespace(p_metastatic={1.0: 0.1, 0.0: 0.9, None: 0.5}[values["jigsaw"]])

    monkeypatch.setattr(scripts, "measured_mr_fractures", cases)
    monkeypatch.setattr(scripts, "measured_fractures", cases)
    monkeypatch.setattr(scripts, "required_model", Model)
    result = scripts.measure(argparse.Namespace(cache=tmp_path, cases=12))
    assert list(result["figures"]) == [
        "ceiling, 12 found, lesion mask", "model, lesion mask", "model, 12 with CT as well, lesion mask",
        "ceiling, 8 found, no lesion mask", "model, no lesion mask", "model, 8 with CT as well, no lesion mask",
    ]  # fmt: skip
    assert result["figures"]["model, no lesion mask"]["auc"] == 1.0
    assert result["auc_without"] == {"CT1, lesion mask": 0.5, "CT1, no lesion mask": 0.5}
    assert "table of one's own" in capsys.readouterr().out
