import json

import numpy as np
import pytest

from mlaas4hep.adapters.runtimes.litert.load import load as load_in_child
from mlaas4hep.adapters.runtimes.litert.runtime import bounded_runtime
from mlaas4hep.errors import InvalidRequestError


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


def test_any_number_of_rows_is_predicted(load, serving_models):
    kept = json.loads((serving_models / "net" / "expected.json").read_text())
    rows = np.array(kept["rows"], np.float32)
    runtime = load("net")

    for count in (1, 3, 2):
        (output,) = runtime.run({"features": rows[:count]}).values()

        np.testing.assert_allclose(output, kept["expected"][:count], atol=1e-6)


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


def test_wrong_shapes_are_refused_and_nothing_is_left_of_them(load):
    runtime = load("net")
    with pytest.raises(InvalidRequestError, match="refuses these inputs"):
        runtime.run({"features": np.ones((1, 3))})

    assert runtime.run({"features": np.ones((1, 4))})["output_0"].shape == (1, 1)


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x1c\x00\x00\x00TFL3" + b"\xff" * 64])
def test_what_is_no_model_is_refused(content):
    with pytest.raises(InvalidRequestError, match="cannot be loaded"):
        bounded_runtime(content)
