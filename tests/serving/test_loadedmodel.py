"""A loaded model, and the output that its params.json names."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.ports import TensorInfo
from mlaas4hep.serving.loadedmodel import LoadedModel
from mlaas4hep.serving.questions import Invocation, Single, answered

RECORD = ModelRecord(owner="o", name="m", version="v", files=())


def way(*names, signatures=()):
    outputs = tuple(TensorInfo(name=name, dtype="float32", shape=(-1, 1)) for name in names)
    return SimpleNamespace(inputs=(), outputs=outputs, signatures=dict(signatures))


TWO = way("mass", "score")
SIGNED = way(signatures={"fit": TWO, "rank": way("first", "second")})


def loaded(runtime, **record):
    return LoadedModel.of(None, replace(RECORD, **record), "", runtime)


@pytest.mark.parametrize("node", ["scor", "score:1", "StatefulPartitionedCall:2", "score:x"])
def test_an_output_that_is_not_there_is_refused_with_the_nearest(node):
    with pytest.raises(InvalidRequestError, match="has none of that name") as refused:
        loaded(TWO, output_node=node).check_output()

    assert "score" in refused.value.problem.hint


def test_an_output_that_one_signature_has_is_taken_where_it_is():
    model = loaded(SIGNED, output_name="score", output_node="dense/Sigmoid:0")

    model.check_output()

    assert [model.by(name).output for name in ("fit", "rank")] == ["score", ""]


def test_a_model_that_names_an_unknown_output_still_answers_with_all_of_them():
    model = loaded(TWO, output_node="typo")  # stored before anybody looked

    assert model.answered({"mass": np.ones(1), "score": np.zeros(1)}) is None


def computing(outputs_of):
    x, y = (TensorInfo(name=name, dtype="float32", shape=(-1, 1)) for name in "xy")
    return SimpleNamespace(
        inputs=(x,), outputs=(y,), run=lambda feeds: {"y": outputs_of(feeds["x"])}
    )


def row(number):
    x = np.array([[number]], np.float32)
    return Single(
        lambda _served: Invocation({"x": x}, lambda outputs: outputs["y"].ravel().tolist())
    )


def test_rows_of_one_signature_are_found_to_change_each_other_s_answers_whatever_another_one_does():
    ways = {"double": computing(lambda x: 2 * x), "rivals": computing(lambda x: x / x.sum())}
    model = loaded(way(signatures=ways))

    doubled = [answered(model.by("double"), [row(1), row(2)]) for _ in range(9)]
    shares = [answered(model.by("rivals"), [row(1), row(2)]) for _ in range(9)]

    assert doubled == [[[2], [4]]] * 9
    assert shares == [[[1], [1]]] * 9
    assert not model.by("double").independence.is_broken
