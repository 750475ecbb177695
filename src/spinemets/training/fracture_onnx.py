"""An additive model as a small ONNX graph with its card: nothing of scikit-learn is needed to run it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import yaml
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from spinemets.errors import ModelError
from spinemets.fracture_features import BY_NAME, VERSION
from spinemets.training.additive import REACH, Z90, AdditiveModel, Array, logistic, told_by_one_scan
from spinemets.whole_files import whole, write_text

OPSET = 17
PARITY = 1e-4
"""Probabilities of the ONNX file may differ from numpy by at most this."""
OUTPUTS = ("contributions", "log_odds", "p_metastatic", "low", "high")


def export_fracture_model(model: AdditiveModel, out: Path, description: dict[str, Any]) -> float:
    """Write ``<out>/fracture/model.onnx`` and ``card.yaml``.

    Parameters
    ----------
    model : AdditiveModel
        What was learnt.
    out : Path
        Folder of the models.
    description : dict
        What the card says beside inputs and outputs: version, licence, training.

    Returns
    -------
    float
        The largest difference of a probability between ONNX Runtime and numpy.

    Raises
    ------
    ModelError
        If the two disagree.
    """
    folder = out / "fracture"
    folder.mkdir(parents=True, exist_ok=True)
    with whole(folder / "model.onnx") as partial:
        onnx.save(graph_of(model), str(partial))
        difference = parity(model, partial)
        if difference > PARITY:
            raise ModelError(
                f"the exported model differs from numpy by {difference:.3g}, at most {PARITY:g} is allowed"
            )
    card = _card(model, description) | {"sha256": hashlib.sha256((folder / "model.onnx").read_bytes()).hexdigest()}
    text = yaml.safe_dump(card | {"parity": float(difference)}, sort_keys=False, allow_unicode=True)
    write_text(folder / "card.yaml", text)
    return difference


def _card(model: AdditiveModel, description: dict[str, Any]) -> dict[str, Any]:
    columns = [{"name": name, "item": BY_NAME[name].item, "unit": BY_NAME[name].kind} for name in model.names]
    return {
        "name": "fracture",
        **description,
        "input": {"features_version": VERSION, "columns": columns},
        "output": list(OUTPUTS),
    }


def graph_of(model: AdditiveModel) -> onnx.ModelProto:
    """The model as a graph: cells (N, F) and flags (N, F) and a prior (1,) in, `OUTPUTS` out."""
    count = len(model.names)
    a, b, c = model.weights.reshape(3, count)
    constants = {
        "centre": model.centre,
        "scale": model.scale,
        "a": a,
        "b": b,
        "c": c,
        "resampled": model.resampled.T,
        "missing_variance": model.missing_variance[:, None],
        "only": told_by_one_scan(model.names),
        "only_across": told_by_one_scan(model.names).T,
        "swap": [[0.0, 1.0], [1.0, 0.0]],
        "zero": [0.0],
        "half": [0.5],
        "one": [1.0],
        "reach_low": -REACH,
        "reach_high": REACH,
        "z90": [Z90],
    }
    table: list[str | int | None] = ["cases", count]
    inputs: list[tuple[str, list[str | int | None]]] = [("features", table), ("assessed", table), ("prior", [1])]
    outputs: list[tuple[str, list[str | int | None]]] = [("contributions", table)]
    outputs += [(name, ["cases"]) for name in OUTPUTS[1:]]
    graph = helper.make_graph(
        _nodes(),
        "fracture",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs],
        [numpy_helper.from_array(np.asarray(v, dtype=np.float32), name) for name, v in constants.items()]
        + [numpy_helper.from_array(np.array([axis], dtype=np.int64), f"axis_{axis}") for axis in (1,)],
    )
    built = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], producer_name="spinemets")
    built.ir_version = 8
    onnx.checker.check_model(built, full_check=True)
    return built


def _nodes() -> list[onnx.NodeProto]:
    node = helper.make_node
    return [
        node("Greater", ["assessed", "half"], ["seen"]),
        node("Cast", ["seen"], ["flag"], to=TensorProto.FLOAT),
        node("Where", ["seen", "features", "centre"], ["filled"]),
        node("Sub", ["filled", "centre"], ["off"]),
        node("Div", ["off", "scale"], ["relative"]),
        node("Clip", ["relative", "reach_low", "reach_high"], ["z_all"]),
        node("Mul", ["z_all", "flag"], ["z"]),
        node("Relu", ["z"], ["above"]),
        node("Mul", ["b", "z"], ["by_value"]),
        node("Mul", ["c", "above"], ["by_bend"]),
        node("Mul", ["a", "flag"], ["by_flag"]),
        node("Sum", ["by_value", "by_bend", "by_flag"], ["contributions"]),
        node("ReduceSum", ["contributions", "axis_1"], ["evidence"], keepdims=0),
        node("Sub", ["one", "prior"], ["not_prior"]),
        node("Div", ["prior", "not_prior"], ["odds"]),
        node("Log", ["odds"], ["prior_log_odds"]),
        node("Add", ["evidence", "prior_log_odds"], ["log_odds"]),
        node("Sigmoid", ["log_odds"], ["p_metastatic"]),
        node("Concat", ["flag", "z", "above"], ["terms"], axis=1),
        node("MatMul", ["terms", "resampled"], ["again"]),
        node("ReduceMean", ["again"], ["again_mean"], axes=[1], keepdims=1),
        node("Sub", ["again", "again_mean"], ["again_off"]),
        node("Mul", ["again_off", "again_off"], ["again_square"]),
        node("ReduceMean", ["again_square"], ["sure"], axes=[1], keepdims=0),
        *_left_open(),
        node("MatMul", ["left_open", "missing_variance"], ["unsure_column"]),
        node("ReduceSum", ["unsure_column", "axis_1"], ["unsure"], keepdims=0),
        node("Add", ["sure", "unsure"], ["variance"]),
        node("Sqrt", ["variance"], ["spread"]),
        node("Mul", ["spread", "z90"], ["reach"]),
        node("Sub", ["log_odds", "reach"], ["low_log_odds"]),
        node("Add", ["log_odds", "reach"], ["high_log_odds"]),
        node("Sigmoid", ["low_log_odds"], ["low"]),
        node("Sigmoid", ["high_log_odds"], ["high"]),
    ]


def _left_open() -> list[onnx.NodeProto]:
    """From ``flag`` to ``left_open``, as `additive.left_open` has it."""
    node = helper.make_node
    return [
        node("MatMul", ["flag", "only"], ["scan_inputs"]),
        node("Greater", ["scan_inputs", "zero"], ["has_scan"]),
        node("Cast", ["has_scan"], ["has"], to=TensorProto.FLOAT),
        node("Sub", ["one", "has"], ["has_not"]),
        node("MatMul", ["has", "swap"], ["has_other"]),
        node("Mul", ["has_not", "has_other"], ["absent"]),
        node("MatMul", ["absent", "only_across"], ["beyond_scans"]),
        node("Sub", ["one", "beyond_scans"], ["within_scans"]),
        node("Sub", ["one", "flag"], ["unseen"]),
        node("Mul", ["unseen", "within_scans"], ["left_open"]),
    ]


def parity(model: AdditiveModel, path: Path) -> float:
    """Largest difference of a probability or its interval from numpy, over random cases, many without CT or MR."""
    import onnxruntime

    rng = np.random.default_rng(0)
    cells = model.centre + model.scale * rng.normal(0, 2, (64, len(model.names)))
    cells[rng.random(cells.shape) < 0.4] = np.nan
    for start, only in zip((0, 16), told_by_one_scan(model.names).T, strict=True):
        cells[start : start + 16, only == 1] = np.nan
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    seen = ~np.isnan(cells)
    feeds: dict[str, NDArray[np.float32]] = {
        "features": cells.astype(np.float32),
        "assessed": seen.astype(np.float32),
        "prior": np.array([0.3], np.float32),
    }
    log_odds = model.evidence(cells) + np.log(0.3 / 0.7)
    reach = Z90 * model.spread(cells)
    expected: list[Array] = [logistic(log_odds + sign * reach) for sign in (0.0, -1.0, 1.0)]
    found = session.run(["p_metastatic", "low", "high"], feeds)
    return float(max(np.abs(a - b).max() for a, b in zip(found, expected, strict=True)))
