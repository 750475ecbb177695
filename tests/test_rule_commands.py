import json

import pytest

from spinemets.cli import main
from spinemets.errors import SpinemetsError
from spinemets.rule_commands import run_rule

# The worked examples of the contract, typed a second time.
SINS = (
    (
        {"level": "L4", "pain": "mechanical", "lesion_quality": "lytic", "alignment": "de_novo_deformity",
         "collapse_percent": 55, "body_involved_percent": 90,
         "posterolateral": {"left": ["facet"], "right": ["pedicle"]}, "other_posterior": []},
        {"total": 15, "imaging_subtotal": 12, "category": "unstable", "surgical_consultation_suggested": True,
         "component_points": {"location": 2, "pain": 3, "bone_lesion": 2, "alignment": 2, "collapse": 3,
                              "posterolateral": 3}},
    ),
    (
        {"level": "T9", "pain": "unknown", "lesion_quality": "lytic", "alignment": "normal", "collapse_percent": 0,
         "body_involved_percent": 70, "posterolateral": {"left": ["pedicle"], "right": []}, "other_posterior": []},
        {"total": None, "possible_points": {"pain": [0, 1, 3]}, "attainable_totals": [5, 6, 8], "total_range": [5, 8],
         "imaging_subtotal": 5, "category": None, "possible_categories": ["stable", "potentially_unstable"],
         "surgical_consultation_suggested": None, "flags": [], "level": "T9"},
    ),
    (
        {"level": "T12"},
        {"attainable_totals": list(range(3, 19)), "total_range": [3, 18], "imaging_subtotal": None,
         "possible_points": {"pain": [0, 1, 3], "bone_lesion": [0, 1, 2], "alignment": [0, 2, 4],
                             "collapse": [0, 1, 2, 3], "posterolateral": [0, 1, 3]}},
    ),
)  # fmt: skip


def run(capsys, *words):
    with pytest.raises(SystemExit) as stop:
        main(list(words))
    seen = capsys.readouterr()
    return stop.value.code, seen.out, seen.err


@pytest.mark.parametrize(("case", "answer"), SINS)
def test_worked_examples_of_the_contract(case, answer, tmp_path, capsys):
    path = tmp_path / "case.json"
    path.write_text(json.dumps(case))
    code, out, err = run(capsys, "sins", str(path))
    found = json.loads(out)
    assert code == 0
    assert err == ""
    assert {key: found[key] for key in answer} == answer


def test_a_case_may_come_on_standard_input(monkeypatch, capsys):
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO('{"dixon": {"in_phase": 200, "out_phase": 130}}'))
    code, out, _ = run(capsys, "signs", "-")
    assert code == 0
    assert json.loads(out)["dixon"]["label"] == "benign_favoured"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ('{"pain": "none", "pain": "none"}', "'pain' stands twice"),
        ('{"collapse_percent": NaN}', "NaN is no number"),
        ('{"pain": "bad"}', "pain must be one of"),
    ],
)
def test_a_document_that_cannot_be_taken_is_one_line_and_exit_2(text, message, tmp_path, capsys):
    path = tmp_path / "case.json"
    path.write_text(text)
    code, out, err = run(capsys, "sins", str(path))
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path):
    with pytest.raises(SpinemetsError, match=r"cannot read .*none\.json: No such file"):
        run_rule("sins", str(tmp_path / "none.json"))
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpinemetsError, match="not UTF-8 text"):
        run_rule("signs", str(tmp_path / "bytes"))
