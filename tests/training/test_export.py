import json
from dataclasses import asdict
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
import torch
import yaml
from omegaconf import OmegaConf

from spinemets.errors import ModelError
from spinemets.inference.backends import open_network
from spinemets.inference.canal_preprocess import SignalRange
from spinemets.inference.card import load_card
from spinemets.inference.lesion_classes import LESION_CLASSES, LESION_INPUTS, MR_LESION_INPUTS
from spinemets.inference.preprocess import MARROW_WINDOW
from spinemets.inference.spine_classes import OFFSET_CHANNELS, OFFSET_UNIT_MM, SPINE_CLASSES
from spinemets.training import export
from spinemets.training.export import PARITY, export_model, forget_origin, network_weights

TINY = OmegaConf.create(
    {
        "module": {
            "net": {
                "_target_": "monai.networks.nets.UNet",
                "spatial_dims": 3,
                "in_channels": 1,
                "out_channels": len(SPINE_CLASSES) + OFFSET_CHANNELS,
                "channels": [4, 8],
                "strides": [2],
                "norm": "INSTANCE",
            },
            "randomiser": {"patch_size": 32, "voxel_mm": 1.5},
        }
    }
)


@pytest.fixture
def tiny(monkeypatch, tmp_path):
    """A checkpoint as Lightning writes it, of a small network that stands in for the task's."""
    from hydra.utils import instantiate

    monkeypatch.setattr(export, "_task_config", lambda name: TINY)
    net = instantiate(TINY.module.net)
    state = {f"net.{key}": value for key, value in net.state_dict().items()}
    state |= {"class_loss.weight": torch.ones(1), "randomiser.structure_table": torch.zeros(256)}
    torch.save({"state_dict": state, "global_step": 123}, tmp_path / "recent.ckpt")
    return SimpleNamespace(net=net.eval(), checkpoint=tmp_path / "recent.ckpt", out=tmp_path / "models")


def exported(tiny, name="spine", **changes):
    options = {"version": "0.1.0", "licence": "CC-BY-SA-4.0", "command": "python train.py"}
    return export_model(name, tiny.checkpoint, tiny.out, **options | changes)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::UserWarning:torch.*")
def test_an_exported_network_answers_as_torch_does_for_any_batch_and_size(tiny):
    difference = exported(tiny)
    assert difference <= PARITY
    card = load_card("spine", tiny.out)
    network = open_network(card.onnx, "onnx", threads=1)
    for shape in ((1, 1, 32, 32, 32), (2, 1, 32, 48, 64)):
        image = torch.randn(shape)
        with torch.no_grad():
            assert np.abs(network(image.numpy()) - tiny.net(image).numpy()).max() < PARITY
    assert card.spacing_mm == 1.5
    assert card.patch_size == (32, 32, 32)
    assert card.classes == SPINE_CLASSES
    assert card.details["training"] == {"command": "python train.py", "steps": 123}
    assert [path.name for path in sorted((tiny.out / "spine").iterdir())] == ["card.yaml", "model.onnx"]

    import onnx

    metadata = {entry.key: json.loads(entry.value) for entry in onnx.load(card.onnx).metadata_props if "." in entry.key}
    assert metadata["spinemets.input"] == card.details["input"]
    assert metadata["spinemets.output"]["offset_channels"] == OFFSET_CHANNELS


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::UserWarning:torch.*")
def test_the_spine_network_for_mr_tells_the_same_classes_of_signal_scaled_by_its_own_range(tiny):
    exported(tiny, "spine_mr")
    card = load_card("spine_mr", tiny.out)
    assert (card.name, card.details["modality"], card.signal_range) == ("spine_mr", ["MR"], SignalRange())
    assert "ct_window" not in card.details["input"]
    assert card.classes == SPINE_CLASSES
    assert (card.details["output"]["offset_channels"], card.details["output"]["offset_unit_mm"]) == (3, OFFSET_UNIT_MM)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::UserWarning:torch.*")
@pytest.mark.parametrize(("name", "inputs"), [("lesion", LESION_INPUTS), ("lesion_mr", MR_LESION_INPUTS)])
def test_the_card_of_a_lesion_network_says_which_channels_it_takes(name, inputs, tmp_path, monkeypatch):
    from hydra.utils import instantiate

    config = OmegaConf.merge(
        TINY, {"module": {"net": {"in_channels": len(inputs), "out_channels": len(LESION_CLASSES)}}}
    )
    monkeypatch.setattr(export, "_task_config", lambda name: config)
    net = instantiate(config.module.net).eval()
    torch.save(net.state_dict(), tmp_path / "weights.pt")
    export_model(name, tmp_path / "weights.pt", tmp_path, "0.1.0", "CC-BY-SA-4.0", f"python train.py task={name}")
    card = load_card(name, tmp_path)
    image = torch.randn(1, len(inputs), 32, 48, 32)
    with torch.no_grad():
        assert np.abs(open_network(card.onnx, "onnx", threads=1)(image.numpy()) - net(image).numpy()).max() < PARITY
    assert card.classes == LESION_CLASSES
    assert card.details["input"]["channels"] == list(inputs)
    assert card.signal_range == (SignalRange() if name == "lesion_mr" else None)
    assert card.details["input"].get("marrow_window") == (None if name == "lesion_mr" else asdict(MARROW_WINDOW))


def test_a_network_that_differs_from_torch_is_not_written(tiny, monkeypatch):
    monkeypatch.setattr(export, "_write_onnx", lambda net, path, *_: path.write_bytes(b"x"))
    monkeypatch.setattr(export, "parity", lambda *_: 0.5)
    with pytest.raises(ModelError, match=r"the exported spine differs from torch by 0\.5, at most 0\.002 is allowed"):
        exported(tiny)
    assert list((tiny.out / "spine").iterdir()) == []


def test_the_card_is_for_the_file_that_was_written(tiny, monkeypatch):
    monkeypatch.setattr(export, "_write_onnx", lambda net, path, *_: path.write_bytes(b"network"))
    monkeypatch.setattr(export, "parity", lambda *_: 1e-5)
    exported(tiny, version="2.0")
    card = load_card("spine", tiny.out)
    assert card.version == "2.0"
    assert yaml.safe_load((tiny.out / "spine" / "card.yaml").read_text())["parity"] == 1e-5


def test_a_checkpoint_of_another_network_is_refused(tiny):
    torch.save({"state_dict": {"net.first.weight": torch.zeros(3)}}, tiny.checkpoint)
    with pytest.raises(ModelError, match=r"recent\.ckpt does not fit the task spine"):
        exported(tiny)


def test_a_task_that_does_not_exist_is_refused_with_those_that_do(tmp_path):
    with pytest.raises(ModelError, match=r"unknown task 'knee'; configs/task has .*locator.*spine"):
        export_model("knee", tmp_path / "x.ckpt", tmp_path, "0", "none", "none")


def test_weights_are_those_of_the_network_alone(tiny):
    weights = network_weights(tiny.checkpoint)
    assert set(weights) == set(tiny.net.state_dict())
    assert {value.dtype for value in weights.values()} == {torch.float32}


def test_weights_may_be_a_plain_state_in_half_precision(tiny, tmp_path):
    torch.save({key: value.half() for key, value in tiny.net.state_dict().items()}, tmp_path / "weights.pt")
    weights = network_weights(tmp_path / "weights.pt")
    assert set(weights) == set(tiny.net.state_dict())
    assert {value.dtype for value in weights.values()} == {torch.float32}


def test_a_checkpoint_without_weights_is_refused_by_its_name(tmp_path):
    torch.save({"state_dict": {}}, tmp_path / "empty.ckpt")
    with pytest.raises(ModelError, match=r"empty\.ckpt holds no weights"):
        network_weights(tmp_path / "empty.ckpt")


def test_an_exported_file_names_no_folder_of_the_machine():
    node = onnx.helper.make_node("Relu", ["a"], ["b"], doc_string="at /home/somebody/net.py")
    entry = node.metadata_props.add()
    entry.key, entry.value = "pkg.torch.onnx.stack_trace", 'File "/home/somebody/net.py"'
    value = onnx.helper.make_tensor_value_info("a", onnx.TensorProto.FLOAT, [1])
    out = onnx.helper.make_tensor_value_info("b", onnx.TensorProto.FLOAT, [1])
    model = onnx.helper.make_model(onnx.helper.make_graph([node], "g", [value], [out]))
    assert b"/home/somebody" in model.SerializeToString()
    forget_origin(model)
    assert b"/home/somebody" not in model.SerializeToString()
