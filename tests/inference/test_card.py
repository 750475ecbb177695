import hashlib

import pytest
import yaml

from spinemets.errors import ModelError
from spinemets.inference.card import load_card, models_folder

ONNX = b"pretend network"


def details():
    return {
        "name": "spine",
        "version": 1.2,
        "licence": "CC-BY-SA-4.0",
        "sha256": hashlib.sha256(ONNX).hexdigest(),
        "input": {"spacing_mm": 1.5, "patch_size": [96, 64, 80], "ct_window": {"low_hu": -500, "high_hu": 900}},
        "output": {"classes": ["background", "body"]},
        "training": {"command": "python train.py"},
    }


def write(folder, card, onnx=ONNX):
    root = folder / "spine"
    root.mkdir()
    if card is not None:
        (root / "card.yaml").write_text(card if isinstance(card, str) else yaml.safe_dump(card))
    if onnx is not None:
        (root / "model.onnx").write_bytes(onnx)


def test_a_card_says_all_that_is_needed_to_run_its_network(tmp_path):
    write(tmp_path, details())
    card = load_card("spine", tmp_path)
    assert (card.name, card.version, card.licence) == ("spine", "1.2", "CC-BY-SA-4.0")
    assert card.spacing_mm == 1.5
    assert card.patch_size == (96, 64, 80)
    assert card.classes == ("background", "body")
    assert (card.window.low_hu, card.window.high_hu) == (-500, 900)
    assert card.onnx.read_bytes() == ONNX
    assert card.details["training"] == {"command": "python train.py"}


def test_a_model_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"model 'lesion' is not installed: no lesion/card\.yaml"):
        load_card("lesion", tmp_path)


def test_a_card_without_its_network_is_refused(tmp_path):
    write(tmp_path, details(), onnx=None)
    with pytest.raises(ModelError, match=r"'spine' is not installed: no spine/model\.onnx"):
        load_card("spine", tmp_path)


def test_a_network_that_is_not_the_one_of_the_card_is_refused_with_both_sums(tmp_path):
    write(tmp_path, details(), onnx=ONNX + b"!")
    expected, got = details()["sha256"][:12], hashlib.sha256(ONNX + b"!").hexdigest()[:12]
    with pytest.raises(ModelError, match=f"'spine' is damaged: its card is for {expected}, the file is {got}"):
        load_card("spine", tmp_path)


@pytest.mark.parametrize(
    "entry",
    [
        "name",
        "version",
        "licence",
        "sha256",
        "input.spacing_mm",
        "input.patch_size",
        "input.ct_window",
        "output.classes",
    ],
)
def test_a_card_without_an_entry_is_refused_by_its_name(entry, tmp_path):
    card = details()
    *parents, key = entry.split(".")
    holder = card
    for parent in parents:
        holder = holder[parent]
    del holder[key]
    write(tmp_path, card)
    with pytest.raises(ModelError, match=f"card of model 'spine' is incomplete: '{key}'"):
        load_card("spine", tmp_path)


@pytest.mark.parametrize(
    ("entry", "value", "said"),
    [
        ("spacing_mm", "fine", "could not convert"),
        ("patch_size", 96, "not iterable"),
        ("ct_window", {"level": 40}, "level"),
    ],
)
def test_a_card_with_an_entry_of_another_kind_is_refused(entry, value, said, tmp_path):
    card = details()
    card["input"][entry] = value
    write(tmp_path, card)
    with pytest.raises(ModelError, match=f"card of model 'spine' is incomplete: .*{said}"):
        load_card("spine", tmp_path)


@pytest.mark.parametrize("text", ["name: [spine", "name: \x00", b"name: \xff\xfe"])
def test_a_card_that_is_no_yaml_is_refused(text, tmp_path):
    write(tmp_path, "")
    (tmp_path / "spine" / "card.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ModelError, match="card of model 'spine' cannot be read"):
        load_card("spine", tmp_path)


@pytest.mark.parametrize("text", ["", "just words", "- a\n- b"])
def test_a_card_that_is_no_card_is_refused(text, tmp_path):
    write(tmp_path, text)
    with pytest.raises(ModelError, match="'spine' is incomplete"):
        load_card("spine", tmp_path)


def test_models_lie_beside_the_source_or_inside_the_package():
    assert models_folder().name == "models"


def test_the_card_of_an_mr_network_has_a_range_of_signal_instead_of_a_window(tmp_path):
    card = details()
    del card["input"]["ct_window"]
    card["input"]["signal_range"] = {"low": 2.0, "high": 98.0, "most": 1.2}
    write(tmp_path, card)
    found = load_card("spine", tmp_path).signal_range
    assert (found.low, found.high, found.most) == (2.0, 98.0, 1.2)


def test_a_card_with_a_range_of_another_kind_is_refused(tmp_path):
    card = details()
    card["input"]["signal_range"] = {"lowest": 2.0}
    write(tmp_path, card)
    with pytest.raises(ModelError, match=r"card of model 'spine' is incomplete: .*lowest"):
        load_card("spine", tmp_path)


def test_a_ct_network_has_no_range_of_signal(tmp_path):
    write(tmp_path, details())
    assert load_card("spine", tmp_path).signal_range is None
