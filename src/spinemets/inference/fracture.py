"""The shipped model of the cause of a fracture: an additive one, so that every input has its share of the answer."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from spinemets.errors import MissingExtraError, ModelError
from spinemets.fracture_features import BY_NAME, VERSION
from spinemets.inference.card import models_folder

NAME = "fracture"
ROUNDING = 1e-5
"""Of single precision."""


@dataclass(frozen=True)
class CauseOdds:
    """What the model says of one fracture.

    Attributes
    ----------
    p_metastatic, low, high : float
        Probability at the prior, and its 90 % interval: of the weights, and of what was not assessed.
    log_odds : float
        Of `p_metastatic`.
    prior_log_odds : float
        Of the prior; with `contributions` it adds up to `log_odds`.
    contributions : mapping of str to float
        Log-odds that each assessed input adds; what was not assessed is not in it.
    """

    p_metastatic: float
    low: float
    high: float
    log_odds: float
    prior_log_odds: float
    contributions: Mapping[str, float]


@dataclass(frozen=True, eq=False)
class FractureModel:
    """The model, ready to run.

    Attributes
    ----------
    version, licence, sha256 : str
        As printed in the report.
    inputs : tuple of str
        Columns of `fracture_features` in the order of the file.
    calibration : str
        On what cases its probabilities were fitted.
    details : dict
        The whole card.
    """

    version: str
    licence: str
    sha256: str
    inputs: tuple[str, ...]
    calibration: str
    details: Mapping[str, Any] = field(repr=False)
    _session: Any = field(repr=False)

    @classmethod
    def load(cls, folder: Path | None = None) -> FractureModel | None:
        """The model in a folder of models; None where it holds none.

        Raises
        ------
        ModelError
            If the card is incomplete, of other columns, or not that of the file.
        MissingExtraError
            If ONNX Runtime is not installed.
        """
        root = (folder or models_folder()) / NAME
        onnx = root / "model.onnx"
        if not (root / "card.yaml").is_file() or not onnx.is_file():
            return None
        details, data = _card(root / "card.yaml"), onnx.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        if digest != details["sha256"]:
            short = str(details["sha256"])[:12]
            raise ModelError(f"model '{NAME}' is damaged: its card is for {short}, the file is {digest[:12]}")
        names = tuple(column["name"] for column in details["input"]["columns"])
        return cls(
            str(details["version"]), details["licence"], digest, names, details["calibration"], details, _session(data)
        )

    def explain(self, row: Mapping[str, float | None], prior: float) -> CauseOdds:
        """What the model says of a row of `fracture_features.feature_row`.

        Raises
        ------
        ValueError
            If the prior is not between 0 and 1.
        ModelError
            If the file contradicts itself.
        """
        if not 0.0 < prior < 1.0:
            raise ValueError(f"the prior must lie between 0 and 1, got {prior}")
        cells = [row[name] for name in self.inputs]
        feeds = {
            "features": np.array([[0.0 if cell is None else cell for cell in cells]], np.float32),
            "assessed": np.array([[cell is not None for cell in cells]], np.float32),
            "prior": np.array([prior], np.float32),
        }
        names = ["contributions", "log_odds", "p_metastatic", "low", "high"]
        parts, *numbers = self._session.run(names, feeds)
        log_odds, p, low, high = (float(number[0]) for number in numbers)
        told = zip(self.inputs, cells, parts[0], strict=True)
        own = {name: float(part) for name, cell, part in told if cell is not None}
        if not low - ROUNDING <= p <= high + ROUNDING:
            raise ModelError(f"model '{NAME}' gives {p:.3f} outside its own interval of {low:.3f} to {high:.3f}")
        return CauseOdds(p, min(low, p), max(high, p), log_odds, float(np.log(prior / (1 - prior))), own)


def _card(path: Path) -> dict[str, Any]:
    try:
        details = yaml.safe_load(path.read_text(encoding="utf-8"))
        columns, version = details["input"]["columns"], details["input"]["features_version"]
        missing = [key for key in ("version", "licence", "sha256", "calibration") if key not in details]
    except (yaml.YAMLError, UnicodeDecodeError, KeyError, TypeError) as error:
        raise ModelError(f"the card of model '{NAME}' cannot be read: {error}") from error
    if missing:
        raise ModelError(f"the card of model '{NAME}' lacks {missing[0]}")
    unknown = [column["name"] for column in columns if column["name"] not in BY_NAME]
    if version != VERSION or unknown:
        what = f"column {unknown[0]}" if unknown else f"columns of version {version}"
        raise ModelError(f"model '{NAME}' was made for {what}; this program has version {VERSION}")
    return dict(details)


def _session(data: bytes) -> Any:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("cpu", "telling the cause of a fracture") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
