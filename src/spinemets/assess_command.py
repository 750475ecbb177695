"""`spinemets assess` and `infer.py`: from words on a command line to a folder of results."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np

from spinemets.anatomy import Level, parse_level
from spinemets.console import stage_progress
from spinemets.errors import SpinemetsError
from spinemets.formats.study import read_mask, read_study
from spinemets.inference.backends import Backend
from spinemets.inference.models import Models
from spinemets.pipeline import examine
from spinemets.results import write_results
from spinemets.rules.fracture_cause import DEFAULT_PRIOR
from spinemets.series_assessment import Clinical


@dataclass(frozen=True)
class AssessOptions:
    """The options of `spinemets assess`, by the names that they have there."""

    inputs: Sequence[str]
    out: Path
    pain: str = "unknown"
    pain_by: str | None = None
    treated: str = "unknown"
    malignancy: str = "unknown"
    anchor: str | None = None
    bone_metastasis: str = "unknown"
    partial_response: str = "unknown"
    fracture_prior: float = DEFAULT_PRIOR
    masks: Mapping[str, Path] = field(default_factory=dict)
    backend: str = "onnx"
    threads: int | None = None

    @property
    def clinical(self) -> Clinical:
        """What the images cannot show."""
        return Clinical(
            **cast(
                Any,
                {
                    "pain": self.pain,
                    "pain_by": self.pain_by,
                    "treated": self.treated,
                    "malignancy": self.malignancy,
                    "bone_metastasis": self.bone_metastasis,
                    "partial_response": self.partial_response,
                    "fracture_prior": self.fracture_prior,
                },
            )
        )


def run_assess(options: AssessOptions) -> list[Path]:
    """Read, assess, write; the last thing said is where the report is.

    Raises
    ------
    SpinemetsError
        For everything that the user can put right.
    """
    began = time.perf_counter()
    anchor = None if options.anchor is None else parse_anchor(options.anchor)
    with stage_progress() as progress:
        progress("reading", 0.0)
        masks = {name: read_mask(path) for name, path in options.masks.items()}
        study = read_study(list(options.inputs))
        read = time.perf_counter() - began
        models = Models(cast(Backend, options.backend), options.threads)
        assessment = examine(
            study, models=models, masks=masks, clinical=options.clinical, anchor=anchor, progress=progress
        )
        seconds = assessment.report.provenance["seconds"]
        seconds["read"] = round(read, 2)
        seconds["until writing"] = round(time.perf_counter() - began, 2)
        progress("writing", 0.0)
        return write_results(assessment, options.out, dicom=study.is_dicom)


def parse_anchor(text: str) -> tuple[Level, np.ndarray]:
    """A level and a point from ``L5@x,y,z``, world millimetres RAS.

    Raises
    ------
    SpinemetsError
        If it is written otherwise.
    """
    name, _, place = text.partition("@")
    try:
        point = np.array([float(word) for word in place.split(",")])
        level = parse_level(name)
    except ValueError as error:
        raise SpinemetsError(f"anchor '{text}' is not LEVEL@x,y,z in world mm, e.g. L5@3.5,-20,-610: {error}") from None
    if point.shape != (3,) or not np.isfinite(point).all():
        raise SpinemetsError(f"anchor '{text}' needs three finite millimetres x,y,z after the @")
    if level.region.value == "S":
        raise SpinemetsError(f"anchor '{text}': the anchor must be a vertebra above the sacrum")
    return level, point
