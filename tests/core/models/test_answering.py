"""Which output of a model rows are answered with."""

import pytest

from mlaas4hep.core.models.answering import answering

TWO = [("mass", "float32"), ("score", "float32")]


@pytest.mark.parametrize(
    ("outputs", "node", "answers"),
    [
        ([("score", "float32")], "", "score"),
        ([("score", "float32")], "StatefulPartitionedCall", "score"),
        ([("score", "float32")], "dense_3/Sigmoid", "score"),  # of the graph it was made of
        (TWO, "score", "score"),
        (TWO, "score:0", "score"),
        (TWO, "StatefulPartitionedCall", "mass"),
        (TWO, "StatefulPartitionedCall:1", "score"),
        (TWO, "", ""),
        ([("label", "int64"), ("probabilities", "float32")], "", "probabilities"),
        ([("label", "int64"), ("probabilities", "float32")], "label", "label"),
        ([("label", "int64"), ("place", "int64")], "", ""),
        ([], "", ""),
    ],
)
def test_rows_are_answered_with_one_output_if_it_is_clear_which(outputs, node, answers):
    assert answering(outputs, node) == answers


@pytest.mark.parametrize("node", ["scor", "score:1", "StatefulPartitionedCall:2", "score:x"])
def test_of_outputs_that_are_called_otherwise_none_is_taken(node):
    assert answering([("label", "int64"), TWO[1]], node) == ""
