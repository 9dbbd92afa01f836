import numpy as np
import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.runtimes.choose import Runtimes
from mlaas4hep.core import keys
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.ports import TensorInfo
from tests.adapters.runtimes.contract import RuntimeContract

pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
onnx = pytest.importorskip("onnx", reason="the extra `onnx` is not installed")
from tests import onnx_models


class TestOnnx(RuntimeContract):
    platform = "onnx"
    served = "model.onnx"
    entry = TensorInfo(name="features", dtype="float32", shape=(-1, 4))

    @classmethod
    def make(cls, _serving_models, _folder):
        rows = np.random.default_rng(4).random((6, 4), np.float32)
        sums = rows @ onnx_models.WEIGHTS
        return {cls.served: onnx_models.dense()}, rows, 1 / (1 + np.exp(-sums))


def _beside(location, **more):
    """Return a model whose weights lie in another file."""
    weights = onnx.TensorProto(name="w", data_type=1, dims=[1, 4], data_location=1)
    for key, value in ({"location": location, "length": "16"} | more).items():
        weights.external_data.add(key=key, value=value)
    return _model([onnx.helper.make_node("Add", ["x", "w"], ["y"])], [weights])


def _model(nodes, weights=(), functions=(), domains=()):
    entry = onnx.helper.make_tensor_value_info("x", 1, ["n", 4])
    found = onnx.helper.make_tensor_value_info("y", 1, None)
    graph = onnx.helper.make_graph(nodes, "g", [entry], [found], weights)
    versions = [onnx.helper.make_opsetid(name, 17 if not name else 1) for name in ("", *domains)]
    return onnx.helper.make_model(
        graph, opset_imports=versions, ir_version=8, functions=functions
    ).SerializeToString()


def _calls_itself():
    opset = [onnx.helper.make_opsetid("own", 1)]
    call = onnx.helper.make_node("F", ["a"], ["b"], domain="own")
    function = onnx.helper.make_function("own", "F", ["a"], ["b"], [call], opset)
    node = onnx.helper.make_node("F", ["x"], ["y"], domain="own")
    return _model([node], functions=[function], domains=["own"])


@pytest.mark.parametrize(
    "make",
    [
        lambda: _beside("/etc/passwd"),
        lambda: _beside("../" * 12 + "etc/passwd"),
        lambda: _beside("/proc/self/environ"),
        lambda: _beside("/dev/zero", length=str(2**40)),
        lambda: _beside("model.onnx", offset="-16"),
        lambda: _beside("model.onnx", offset=str(2**62)),
        lambda: _beside("*/_ORT_MEM_ADDR_/*", offset="94000000000000"),
        lambda: _model([onnx.helper.make_node("Own", ["x"], ["y"], domain="o")], domains=["o"]),
        _calls_itself,
    ],
    ids=[
        "a file",
        "a file by dots",
        "its environment",
        "without end",
        "before the file",
        "behind the file",
        "memory",
        "an operator of its own",
        "a function that calls itself",
    ],
)
def test_models_that_mean_harm_are_refused(make):
    store = MemoryStore(lambda: 0.0)
    store.put(keys.model_file("o", "m", "v", "model.onnx"), make())
    record = ModelRecord(owner="o", name="m", version="v", files=("model.onnx",))

    with pytest.raises(InvalidRequestError, match="is no ONNX model that can run here"):
        Runtimes().load(store, record)
