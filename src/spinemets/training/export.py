"""A trained network as an ONNX file that carries its own pre- and post-processing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
import yaml
from hydra import compose, initialize_config_dir
from hydra.utils import instantiate
from torch import nn

from spinemets.errors import ModelError
from spinemets.inference.canal_preprocess import SignalRange
from spinemets.inference.lesion_classes import LESION_CLASSES, LESION_INPUTS, MR_LESION_INPUTS
from spinemets.inference.locator_classes import LOCATOR_CLASSES, POSITION_CENTRE, POSITION_CHANNELS, POSITION_UNIT
from spinemets.inference.marrow_scale import MarrowScale
from spinemets.inference.preprocess import MARROW_WINDOW, CtWindow
from spinemets.inference.spine_classes import OFFSET_CHANNELS, OFFSET_UNIT_MM, SPINE_CLASSES
from spinemets.simulate.axial_tissues import CANAL_CLASSES
from spinemets.whole_files import whole, write_text

PARITY = 2e-3
"""Logits of the ONNX file may differ from torch by at most this."""
ON_MR = ("canal", "spine_mr", "lesion_mr")
"""Tasks whose networks read MR signal, scaled by its own range; the others read HU."""
_SPINE = {"classes": list(SPINE_CLASSES), "offset_channels": OFFSET_CHANNELS, "offset_unit_mm": OFFSET_UNIT_MM}
OUTPUTS: dict[str, dict[str, Any]] = {
    "spine": _SPINE,
    "spine_mr": _SPINE,
    "locator": {
        "classes": list(LOCATOR_CLASSES),
        "position_channels": POSITION_CHANNELS,
        "position_centre": POSITION_CENTRE,
        "position_unit": POSITION_UNIT,
    },
    "lesion": {"classes": list(LESION_CLASSES)},
    "lesion_mr": {"classes": list(LESION_CLASSES)},
    "canal": {"classes": list(CANAL_CLASSES)},
}
"""What the channels of each network say."""
INPUTS: dict[str, tuple[str, ...]] = {"lesion": LESION_INPUTS, "lesion_mr": MR_LESION_INPUTS}
"""What the channels of the image are, where there is more than one."""


def export_model(name: str, checkpoint: Path, out: Path, version: str, licence: str, command: str) -> float:
    """Write ``<out>/<name>/model.onnx`` and ``card.yaml``.

    Returns
    -------
    float
        The largest difference between ONNX Runtime and torch on a random input.

    Raises
    ------
    ModelError
        If the task is unknown, the checkpoint does not fit it, or the two disagree.
    """
    config = _task_config(name)
    net = instantiate(config.module.net)
    try:
        net.load_state_dict(network_weights(checkpoint))
    except RuntimeError as error:
        raise ModelError(f"{checkpoint.name} does not fit the task {name}: {error}") from error
    net.eval()
    folder = out / name
    folder.mkdir(parents=True, exist_ok=True)
    description = _description(name, config, version, licence, command, checkpoint)
    channels = config.module.net.in_channels
    with whole(folder / "model.onnx") as partial:
        _write_onnx(net, partial, description, int(channels))
        difference = parity(net, partial, _patch_size(config), int(channels))
        if difference > PARITY:
            raise ModelError(
                f"the exported {name} differs from torch by {difference:.3g}, at most {PARITY:g} is allowed"
            )
    description["sha256"] = hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()
    description["parity"] = float(difference)
    _write_card(folder / "card.yaml", description)
    return difference


def task_network(name: str) -> nn.Module:
    """The untrained network of a task, as its configuration has it."""
    return instantiate(_task_config(name).module.net)


def _task_config(name: str) -> Any:
    folder = Path(__file__).resolve().parents[3] / "configs"
    if not folder.is_dir():
        folder = Path(str(resources.files("spinemets"))) / "configs"
    if not (folder / "task" / f"{name}.yaml").is_file():
        known = ", ".join(sorted(path.stem for path in (folder / "task").glob("*.yaml")))
        raise ModelError(f"unknown task '{name}'; configs/task has {known}")
    with initialize_config_dir(str(folder), version_base="1.3"):
        return compose("train", overrides=[f"task={name}", f"name={name}"])


def network_weights(checkpoint: Path) -> dict[str, torch.Tensor]:
    """Weights of the network in a Lightning checkpoint (averaged, if the run averaged) or a plain state file."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=False)
    state = state.get("state_dict", state)
    weights = {key.removeprefix("net."): value.float() for key, value in state.items() if not _is_table(key)}
    if not weights:
        raise ModelError(f"{checkpoint.name} holds no weights of a network")
    return weights


def _is_table(key: str) -> bool:
    return key.startswith(("randomiser.", "validator.", "class_loss.", "dice."))


def _description(name: str, config: Any, version: str, licence: str, command: str, checkpoint: Path) -> dict[str, Any]:
    state = torch.load(checkpoint, map_location="cpu", weights_only=False)
    channels: dict[str, Any] = {"channels": list(INPUTS[name])} if name in INPUTS else {}
    if "ct_marrow" in INPUTS.get(name, ()):
        channels["marrow_window"] = asdict(MARROW_WINDOW)
    if name == "lesion_mr":
        channels["marrow_scale"] = asdict(MarrowScale())
    scale = {"signal_range": asdict(SignalRange())} if name in ON_MR else {"ct_window": asdict(CtWindow())}
    return {
        "name": name,
        "version": version,
        "licence": licence,
        "modality": ["MR"] if name in ON_MR else ["CT"],
        "input": {
            "spacing_mm": float(config.module.randomiser.voxel_mm),
            "patch_size": list(_patch_size(config)),
            "axes": "RAS+",
            **scale,
            **channels,
        },
        "output": OUTPUTS[name],
        "training": {"command": command, "steps": int(state.get("global_step", 0))},
    }


def _patch_size(config: Any) -> tuple[int, int, int]:
    """Voxels of a patch along each axis; a task with a single number has cubes."""
    size = config.module.randomiser.patch_size
    i, j, k = (size,) * 3 if isinstance(size, int) else size
    return int(i), int(j), int(k)


def _write_onnx(net: nn.Module, path: Path, description: dict[str, Any], channels: int) -> None:
    dim = torch.export.Dim.DYNAMIC
    example = torch.zeros(2, channels, 64, 64, 64)
    torch.onnx.export(
        net,
        (example,),
        str(path),
        dynamo=True,
        input_names=["image"],
        output_names=["output"],
        dynamic_shapes=({0: dim, 2: dim, 3: dim, 4: dim},),
        external_data=False,
    )
    model = onnx.load(path)
    for value, names in ((model.graph.input[0], "NIJK"), (model.graph.output[0], "NIJK")):
        for axis, label in zip((0, 2, 3, 4), names, strict=True):
            value.type.tensor_type.shape.dim[axis].dim_param = label
    forget_origin(model)
    for key, value in description.items():
        entry = model.metadata_props.add()
        entry.key, entry.value = f"spinemets.{key}", json.dumps(value)
    onnx.save(model, path)


def forget_origin(model: onnx.ModelProto) -> None:
    """Take out the stack traces that the exporter leaves: they name folders of the machine it ran on."""
    del model.metadata_props[:]
    model.doc_string = ""
    graph = model.graph
    for part in (*graph.node, *graph.value_info, *graph.input, *graph.output, *graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""
    del graph.metadata_props[:]
    for function in model.functions:
        del function.metadata_props[:]
        for node in function.node:
            del node.metadata_props[:]


def parity(net: nn.Module, path: Path, patch: tuple[int, int, int], channels: int) -> float:
    """Largest absolute difference of ONNX Runtime from torch on one random patch."""
    import onnxruntime

    image = torch.randn(1, channels, *patch)
    with torch.no_grad():
        expected = net(image).numpy()
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return float(np.abs(session.run(None, {"image": image.numpy()})[0] - expected).max())


def _write_card(path: Path, description: dict[str, Any]) -> None:
    text = yaml.safe_dump(description, sort_keys=False, allow_unicode=True)
    write_text(path, text)
