import json

import numpy as np
import pytest

from mlaas4hep.adapters.runtimes.litert import LiteRtRuntime
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.ports import TensorInfo


@pytest.fixture
def load(serving_models):
    def load(folder):
        return LiteRtRuntime((serving_models / folder / "model.tflite").read_bytes())

    return load


def test_any_number_of_rows_is_predicted(load, serving_models):
    kept = json.loads((serving_models / "net" / "expected.json").read_text())
    rows = np.array(kept["rows"], np.float32)
    runtime = load("net")

    for count in (1, 3, 2):
        (output,) = runtime.run({"features": rows[:count]}).values()

        np.testing.assert_allclose(output, kept["expected"][:count], atol=1e-6)


def test_inputs_and_outputs_have_the_names_of_the_signature(load):
    runtime = load("pair")

    assert set(runtime.inputs) == {
        TensorInfo(name="left", dtype="float32", shape=(-1, 2)),
        TensorInfo(name="right", dtype="float32", shape=(-1, 3)),
    }
    assert {each.name for each in runtime.outputs} == {"total", "scaled"}


def test_outputs_are_told_apart(load):
    feeds = {"left": np.ones((2, 2)), "right": np.ones((2, 3))}

    outputs = load("pair").run(feeds)

    np.testing.assert_allclose(outputs["total"], [[5], [5]])
    np.testing.assert_allclose(outputs["scaled"], [[2, 2], [2, 2]])


def test_wrong_shapes_are_refused_and_nothing_is_left_of_them(load):
    runtime = load("net")
    with pytest.raises(InvalidRequestError, match="refuses these inputs"):
        runtime.run({"features": np.ones((1, 3))})

    assert runtime.run({"features": np.ones((1, 4))})["output_0"].shape == (1, 1)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x1c\x00\x00\x00TFL3" + b"\xff" * 64])
def test_what_is_no_model_is_refused(content):
    with pytest.raises(InvalidRequestError, match="cannot be loaded"):
        LiteRtRuntime(content)
