"""Inputs that are no rows: as many as the model wants, and never joined with those of others."""

from typing import ClassVar

import numpy as np
import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.ports import TensorInfo
from mlaas4hep.serving.loadedmodel import LoadedModel
from mlaas4hep.serving.questions import Invocation, Single, answered


def info(name, *shape):
    return TensorInfo(name=name, dtype="float32", shape=shape)


class Adding:
    """Sums all its inputs up, row by row of the first one."""

    outputs = (info("y", -1),)
    signatures: ClassVar[dict] = {}
    platform = "test"

    def __init__(self, *inputs, prompt_rows=0):
        self.inputs, self.prompt_rows, self.calls = inputs, prompt_rows, 0

    def run(self, feeds):
        self.calls += 1
        first, *others = (
            (feeds[each.name] for each in self.inputs) if self.inputs else (np.zeros(1),)
        )
        return {"y": first + sum(each.sum() for each in others)}


def asking(**feeds):
    given = {name: np.asarray(values, np.float32) for name, values in feeds.items()}
    return Single(lambda _served: Invocation(given, lambda outputs: outputs["y"].tolist()))


def loaded(runtime):
    record = ModelRecord(owner="o", name="m", version="v", files=())
    return LoadedModel.of(MemoryStore(lambda: 0.0), record, "", runtime)


@pytest.mark.parametrize("other", [info("k"), info("k", 3), info("k", -1, 2)])
def test_inputs_may_have_other_lengths_than_there_are_rows(other):
    runtime = Adding(info("x", -1), other)
    k = np.ones([{-1: 5}.get(size, size) for size in other.shape])

    found = answered(loaded(runtime), [asking(x=[1, 2], k=k), asking(x=[3, 4, 5], k=2 * k)])

    assert found == [[1 + k.sum(), 2 + k.sum()], [each + 2 * k.sum() for each in (3, 4, 5)]]
    assert runtime.calls == 2


def test_a_model_may_have_no_inputs():
    assert answered(loaded(Adding()), [asking(), asking()]) == [[0.0], [0.0]]


def test_rows_of_one_length_are_asked_about_together():
    runtime = Adding(info("x", -1))

    assert answered(loaded(runtime), [asking(x=[1, 2]), asking(x=[3])]) == [[1, 2], [3]]
    assert runtime.calls == 2  # both, and for comparison the first alone


def test_what_this_process_runs_takes_as_many_rows_in_each_input():
    runtime = Adding(info("x", -1), info("k", -1), prompt_rows=8)

    (error,) = answered(loaded(runtime), [asking(x=[1, 2], k=[1])])

    assert isinstance(error, InvalidRequestError)
    assert "the inputs have 1, 2 rows" in str(error)
