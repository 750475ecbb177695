import sys

import numpy as np
import pytest

from spinemets.errors import MissingExtraError, ModelError
from spinemets.inference.backends import BACKENDS, open_network

onnx = pytest.importorskip("onnx", reason="the tests build small networks with onnx, of the extra [train]")


@pytest.fixture(scope="module")
def kernel():
    return np.random.default_rng(0).normal(size=(3, 1, 3, 3, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def network_file(kernel, tmp_path_factory):
    """One 3x3x3 convolution from 1 to 3 channels, of any batch and size."""
    helper = onnx.helper
    node = helper.make_node("Conv", ["image", "weight"], ["output"], pads=[1] * 6)
    value = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [node],
        "tiny",
        [helper.make_tensor_value_info("image", value, ["N", 1, "I", "J", "K"])],
        [helper.make_tensor_value_info("output", value, ["N", 3, "I", "J", "K"])],
        [onnx.numpy_helper.from_array(kernel, "weight")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    path = tmp_path_factory.mktemp("models") / "model.onnx"
    onnx.save(model, path)
    return path


def expected(image, kernel):
    from scipy import ndimage

    return np.stack([[ndimage.correlate(one[0], k[0], mode="constant") for k in kernel] for one in image])


@pytest.mark.parametrize(("backend", "module"), [("onnx", "onnxruntime"), ("openvino", "openvino")])
@pytest.mark.parametrize("shape", [(1, 1, 7, 8, 9), (2, 1, 5, 6, 4)])
def test_engines_compute_the_convolution_that_scipy_computes(backend, module, shape, network_file, kernel):
    pytest.importorskip(module, reason=f"the engine {module} is an extra that is not installed")
    image = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    output = open_network(network_file, backend, threads=1)(image)
    assert output == pytest.approx(expected(image, kernel), abs=1e-4)


def test_an_answer_stays_when_the_next_window_is_run(network_file):
    pytest.importorskip("openvino", reason="the extra [openvino] is not installed")
    network = open_network(network_file, "openvino", threads=1)
    first = network(np.ones((1, 1, 4, 4, 4), np.float32))
    kept = first.copy()
    network(np.zeros((1, 1, 4, 4, 4), np.float32))
    assert (first == kept).all()


def test_an_unknown_backend_is_refused_with_those_that_there_are(network_file):
    with pytest.raises(ModelError, match="unknown backend 'tpu'; it must be one of onnx, openvino, cuda"):
        open_network(network_file, "tpu")


def test_cuda_without_its_provider_is_refused(network_file):
    runtime = pytest.importorskip("onnxruntime", reason="the extra [cpu] is not installed")
    if "CUDAExecutionProvider" in runtime.get_available_providers():
        pytest.skip("this ONNX Runtime has CUDA")
    with pytest.raises(ModelError, match=r"has no CUDA provider; pip install 'spinemets\[cuda\]'"):
        open_network(network_file, "cuda")


def test_a_session_that_silently_fell_back_to_the_cpu_is_refused(network_file, monkeypatch):
    runtime = pytest.importorskip("onnxruntime", reason="the extra [cpu] is not installed")

    class Session:
        def __init__(self, *arguments, **options):
            assert options["providers"] == ["CUDAExecutionProvider"]

        def get_providers(self):
            return ["CPUExecutionProvider"]

    monkeypatch.setattr(runtime, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"])
    monkeypatch.setattr(runtime, "InferenceSession", Session)
    with pytest.raises(ModelError, match="the session did not get the CUDA provider"):
        open_network(network_file, "cuda")


@pytest.mark.parametrize(
    ("backend", "module", "extra"),
    [("onnx", "onnxruntime", "cpu"), ("cuda", "onnxruntime", "cuda"), ("openvino", "openvino", "openvino")],
)
def test_an_engine_that_is_not_installed_is_named_with_its_extra(backend, module, extra, network_file, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(MissingExtraError, match=rf"pip install 'spinemets\[{extra}\]'") as caught:
        open_network(network_file, backend)
    assert caught.value.extra == extra


def test_the_backends_are_those_of_the_command_line():
    from spinemets.cli import BackendChoice

    assert tuple(choice.value for choice in BackendChoice) == BACKENDS
