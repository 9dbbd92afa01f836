"""TensorFlow's models in a process of their own; one process serves most of these tests."""

import json
import os
import signal
from dataclasses import replace

import numpy as np
import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.runtimes.choose import Runtimes
from mlaas4hep.adapters.runtimes.confined.allowance import HEAVY
from mlaas4hep.core import keys
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import InvalidRequestError, ServiceUnavailableError
from mlaas4hep.ports import TensorInfo
from tests.adapters.runtimes.contract import RuntimeContract, net

SAVED = ("saved_model.pb", "variables/variables.index", "variables/variables.data-00000-of-00001")


@pytest.fixture
def load(serving_models):
    runtimes = Runtimes({"tensorflow": replace(HEAVY, children=1, children_of_owner=1)})
    store = MemoryStore(lambda: 0.0)

    def load(files, folder="net", **record):
        record = ModelRecord(owner="o", name=folder, version="v", files=tuple(files), **record)
        for file in files:
            data = (serving_models / folder / file).read_bytes()
            store.put(keys.model_file("o", folder, "v", file), data)
        return runtimes.load(store, record)

    return load


@pytest.fixture
def rows(serving_models):
    kept = json.loads((serving_models / "net" / "expected.json").read_text())
    return np.array(kept["rows"], np.float32), np.array(kept["expected"], np.float32)


class TestSavedModel(RuntimeContract):
    platform = "tensorflow"
    served = "saved_model.pb"
    entry = TensorInfo(name="features", dtype="float32", shape=(-1, 4))

    @classmethod
    def make(cls, serving_models, _folder):
        return net(serving_models, SAVED)


class TestKerasFile(TestSavedModel):
    served = "model.keras"

    @classmethod
    def make(cls, serving_models, _folder):
        return net(serving_models, [cls.served])


class TestFrozenGraph(TestKerasFile):
    served = "frozen.pb"
    entry = TensorInfo(name="entry", dtype="float32", shape=(-1, 4))


def test_several_inputs_and_outputs_keep_their_names(load):
    runtime = load(SAVED, "pair")
    feeds = {"left": np.ones((2, 2), np.float32), "right": np.ones((2, 3), np.float32)}

    outputs = runtime.run(feeds)

    assert {each.name for each in runtime.inputs} == {"left", "right"}
    np.testing.assert_allclose(outputs["total"], [[5], [5]])
    np.testing.assert_allclose(outputs["scaled"], [[2, 2], [2, 2]])


def test_inputs_of_any_shape_are_taken_and_outputs_of_half_precision_are_told(load):
    runtime = load(("frozen.pb",), folder="loose")

    assert runtime.inputs == (
        TensorInfo(name="x", dtype="float32", shape=(-1, -1), is_ranked=False),
    )
    for x in (np.ones(2, np.float32), np.full((2, 1, 3), 1.5, np.float32)):
        (output,) = runtime.run({"x": x}).values()
        assert (output.dtype, output.tolist()) == (np.float32, (2 * x).tolist())


def test_a_process_lives_as_long_as_it_is_needed(load, rows):
    """One test, because each start of TensorFlow takes seconds."""
    first = load(("frozen.pb",))
    with pytest.raises(InvalidRequestError, match="refuses these inputs"):
        first.run({"entry": rows[0][:, :2]})
    assert len(first.run({"entry": rows[0]})) == 1  # a refusal ends nothing

    os.kill(first.process.pid, signal.SIGKILL)
    with pytest.raises(ServiceUnavailableError, match="ended"):
        first.run({"entry": rows[0]})
    (output,) = first.run({"entry": rows[0]}).values()  # it was started again
    np.testing.assert_allclose(output, rows[1], atol=1e-6)

    second = load(("frozen.pb",))
    assert first.process is None  # it made room: there is one place

    process, folder = second.process, second.folder
    del second
    assert process.has_ended  # nobody keeps it
    assert not folder.exists()


def test_a_graph_cannot_read_what_is_not_its_own(load):
    runtime = load(("frozen.pb",), folder="thief")

    with pytest.raises(InvalidRequestError, match=r"/etc/passwd.*ermission denied"):
        runtime.run({"x": np.zeros((1, 1), np.float32)})
