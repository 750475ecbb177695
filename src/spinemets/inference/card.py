"""A shipped model: its ONNX file, and what the card says about it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from spinemets.errors import ModelError
from spinemets.inference.canal_preprocess import SignalRange
from spinemets.inference.preprocess import CtWindow


@dataclass(frozen=True)
class ModelCard:
    """What is needed to run a model and to say what was run.

    Attributes
    ----------
    name, version, licence : str
        As printed in the report.
    onnx : Path
        The network.
    sha256 : str
        Of the ONNX file, checked when it is opened.
    spacing_mm : float
        Edge of the isotropic RAS+ voxels the network works on.
    patch_size : (3,) tuple of int
        Of a sliding window, voxels.
    classes : tuple of str
        Meaning of the first channels.
    window : CtWindow
        How HU become the input; of no meaning where the card has a range of MR signal instead.
    details : mapping
        All that the card says.
    signal_range : SignalRange or None
        How MR signal becomes the input; None for CT.
    """

    name: str
    version: str
    licence: str
    onnx: Path
    sha256: str
    spacing_mm: float
    patch_size: tuple[int, int, int]
    classes: tuple[str, ...]
    window: CtWindow
    details: dict[str, Any]
    signal_range: SignalRange | None = None


def models_folder() -> Path:
    """Where the models lie: inside the installed package, or beside `src` in a checkout."""
    packaged = Path(str(resources.files("spinemets"))) / "models"
    return packaged if packaged.is_dir() else Path(__file__).resolve().parents[3] / "models"


def load_card(name: str, folder: Path | None = None) -> ModelCard:
    """The card of the model called `name`.

    Raises
    ------
    ModelError
        If the model is not there, its card lacks an entry, or the file is not the one the card was made for.
    """
    root = (folder or models_folder()) / name
    try:
        details = yaml.safe_load((root / "card.yaml").read_text(encoding="utf-8"))
    except OSError as error:
        raise ModelError(f"model '{name}' is not installed: no {name}/card.yaml") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ModelError(f"the card of model '{name}' cannot be read: {error}") from error
    onnx = root / "model.onnx"
    if not onnx.is_file():
        raise ModelError(f"model '{name}' is not installed: no {name}/model.onnx")
    digest = hashlib.sha256(onnx.read_bytes()).hexdigest()
    try:
        card = ModelCard(
            name=details["name"],
            version=str(details["version"]),
            licence=details["licence"],
            onnx=onnx,
            sha256=details["sha256"],
            spacing_mm=float(details["input"]["spacing_mm"]),
            patch_size=tuple(details["input"]["patch_size"]),
            classes=tuple(details["output"]["classes"]),
            window=CtWindow(**_window(details["input"])),
            details=details,
            signal_range=_signal_range(details["input"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"the card of model '{name}' is incomplete: {error}") from error
    if digest != card.sha256:
        raise ModelError(f"model '{name}' is damaged: its card is for {card.sha256[:12]}, the file is {digest[:12]}")
    return card


def _window(described: dict[str, Any]) -> dict[str, float]:
    return {} if "signal_range" in described else described["ct_window"]


def _signal_range(described: dict[str, Any]) -> SignalRange | None:
    return SignalRange(**described["signal_range"]) if "signal_range" in described else None
