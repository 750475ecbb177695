"""From a CT or MR study of the spine in a patient with cancer to what a tumour board asks.

>>> import spinemets as sm
>>> study = sm.read_study("scan/")                             # doctest: +SKIP
>>> report = sm.assess(study, pain="unknown")                  # doctest: +SKIP
>>> report.spine.levels                                        # doctest: +SKIP

Research use only; not a medical device.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "Assessment": "spinemets.pipeline",
    "Clinical": "spinemets.series_assessment",
    "Level": "spinemets.anatomy",
    "Report": "spinemets.report",
    "Series": "spinemets.volume",
    "Spine": "spinemets.spine",
    "SpineModels": "spinemets.inference.segment",
    "SpinemetsError": "spinemets.errors",
    "Study": "spinemets.volume",
    "Vertebra": "spinemets.spine",
    "Volume": "spinemets.volume",
    "assess": "spinemets.pipeline",
    "evaluate": "spinemets.evaluation",
    "examine": "spinemets.pipeline",
    "read_mask": "spinemets.formats.study",
    "read_study": "spinemets.formats.study",
    "write_results": "spinemets.results",
}
"""Where each public name lives; loaded when it is first used, so that `import spinemets` is quick."""

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'spinemets' has no attribute '{name}'")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return [*globals(), *_HOME]
