import numpy as np
import pytest

from mlaas4hep.adapters.runtimes.litert.load import load as load_in_child
from mlaas4hep.adapters.runtimes.litert.runtime import bounded_runtime
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.ports import TensorInfo
from tests.adapters.runtimes.contract import RuntimeContract, net


class TestLiteRt(RuntimeContract):
    platform = "litert"
    served = "model.tflite"
    entry = TensorInfo(name="features", dtype="float32", shape=(-1, 4))
    is_confined = False

    @classmethod
    def make(cls, serving_models, _folder):
        return net(serving_models, [cls.served])


@pytest.fixture
def load(serving_models):
    def load(folder):
        return bounded_runtime((serving_models / folder / "model.tflite").read_bytes())

    return load


@pytest.fixture
def pair(serving_models):
    """Return a model that is not bounded, as its process would hold it."""
    (entry,) = load_in_child(serving_models / "pair", "model.tflite", "", "").values()
    return entry


def test_many_rows_are_predicted_in_blocks(load):
    runtime = load("net")
    rows = np.random.default_rng(1).random((50, 4)).astype(np.float32)
    (whole,) = runtime.run({"features": rows}).values()
    runtime._block = 8

    (parts,) = runtime.run({"features": rows}).values()

    np.testing.assert_allclose(parts, whole, atol=1e-7)


def test_inputs_and_outputs_have_the_names_of_the_signature(pair):
    assert set(pair.inputs) == {("left", "float32", (-1, 2)), ("right", "float32", (-1, 3))}
    assert {name for name, *_ in pair.outputs} == {"total", "scaled"}


def test_outputs_are_told_apart(pair):
    feeds = {"left": np.ones((2, 2), np.float32), "right": np.ones((2, 3), np.float32)}

    outputs = pair.run(feeds)

    np.testing.assert_allclose(outputs["total"], [[5], [5]])
    np.testing.assert_allclose(outputs["scaled"], [[2, 2], [2, 2]])


def test_what_is_no_model_is_refused_though_it_begins_like_one():
    with pytest.raises(InvalidRequestError, match="cannot be loaded"):
        bounded_runtime(b"\x1c\x00\x00\x00TFL3" + b"\xff" * 64)
