"""The shipped networks, each opened when a study first needs it, and used for many images."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from spinemets.inference.backends import Backend
from spinemets.inference.canal import CanalModel
from spinemets.inference.lesions import LesionModel, MrLesionModel
from spinemets.inference.segment import MrSpineModel, SpineModels


@dataclass(frozen=True)
class Models:
    """Shipped networks on one engine.

    Attributes
    ----------
    backend : {"onnx", "openvino", "cuda"}
        What runs them.
    threads : int or None
        CPU threads; every core that this process may use without it.
    """

    backend: Backend = "onnx"
    threads: int | None = None

    @cached_property
    def spine(self) -> SpineModels:
        """Those that find and outline vertebrae on CT."""
        return SpineModels.load(self.backend, self.threads)

    @cached_property
    def spine_mr(self) -> MrSpineModel | None:
        """The one that outlines vertebrae on MR; None where this version ships none."""
        return MrSpineModel.load(self.backend, self.threads)

    @cached_property
    def lesion(self) -> LesionModel | None:
        """The one that finds lesions on CT; None where this version ships none."""
        return LesionModel.load(self.backend, self.threads)

    @cached_property
    def lesion_mr(self) -> MrLesionModel | None:
        """The one that finds lesions on MR; None where this version ships none."""
        return MrLesionModel.load(self.backend, self.threads)

    @cached_property
    def canal(self) -> CanalModel | None:
        """The one that outlines cord, sac and epidural tumour on axial T2; None where this version ships none."""
        return CanalModel.load(self.backend, self.threads)
