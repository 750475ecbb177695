"""Engines that run an ONNX network, behind one call."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from spinemets.errors import MissingExtraError, ModelError

Backend = Literal["onnx", "openvino", "cuda"]
BACKENDS: tuple[Backend, ...] = ("onnx", "openvino", "cuda")

Network = Callable[[NDArray[np.float32]], NDArray[np.float32]]
"""(N, 1, I, J, K) image to (N, C, I, J, K) output."""


def open_network(onnx: Path, backend: Backend = "onnx", threads: int | None = None) -> Network:
    """A network ready to run.

    Parameters
    ----------
    onnx : Path
        The file.
    backend : {"onnx", "openvino", "cuda"}
        ONNX Runtime on the CPU, OpenVINO on the CPU, or ONNX Runtime on an NVIDIA GPU.
    threads : int, optional
        CPU threads; every core that this process may use without it.

    Raises
    ------
    MissingExtraError
        If the engine is not installed.
    ModelError
        If the backend is unknown, or CUDA was asked for and the session did not get it.
    """
    count = threads or len(os.sched_getaffinity(0))
    if backend == "openvino":
        return _openvino(onnx, count)
    if backend in ("onnx", "cuda"):
        return _onnxruntime(onnx, count, cuda=backend == "cuda")
    raise ModelError(f"unknown backend '{backend}'; it must be one of {', '.join(BACKENDS)}")


def _onnxruntime(onnx: Path, threads: int, *, cuda: bool) -> Network:
    try:
        import onnxruntime
    except ImportError as error:
        raise MissingExtraError("cuda" if cuda else "cpu", "running a network with ONNX Runtime") from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.enable_mem_pattern = True
    options.log_severity_level = 3
    providers = ["CUDAExecutionProvider"] if cuda else ["CPUExecutionProvider"]
    if cuda and "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise ModelError("backend cuda: this ONNX Runtime has no CUDA provider; pip install 'spinemets[cuda]'")
    session = onnxruntime.InferenceSession(str(onnx), options, providers=providers)
    if cuda and session.get_providers()[0] != "CUDAExecutionProvider":
        raise ModelError("backend cuda: the session did not get the CUDA provider; check the driver and CUDA libraries")
    name = session.get_inputs()[0].name

    def run(image: NDArray[np.float32]) -> NDArray[np.float32]:
        return session.run(None, {name: image})[0]

    return run


def _openvino(onnx: Path, threads: int) -> Network:
    try:
        import openvino
    except ImportError as error:
        raise MissingExtraError("openvino", "running a network with OpenVINO") from error
    config = {"INFERENCE_NUM_THREADS": threads, "PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(str(onnx), "CPU", config)

    def run(image: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.array(compiled(image)[0])

    return run
