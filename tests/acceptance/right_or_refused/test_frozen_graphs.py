"""Frozen graphs of TensorFlow 1 over HTTP: read at the right node, or refused."""

from pathlib import Path

import numpy as np
import pytest

from tests.acceptance.right_or_refused.answers import ROWS, is_refused

pytestmark = pytest.mark.filterwarnings("ignore")


def frozen(path, node, rows):
    """Return what a node of a frozen graph is for these rows."""
    from tests.quicktensorflow import tf  # noqa: PLC0415 - takes seconds

    graph = tf.compat.v1.GraphDef()
    graph.ParseFromString(Path(path).read_bytes())
    (entry,) = [each.name for each in graph.node if each.op == "Placeholder"]
    wrapped = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph, name=""), [])
    return wrapped.prune(f"{entry}:0", node)(tf.constant(rows)).numpy()


def test_a_frozen_graph_is_read_at_the_node_that_params_name_or_refused(
    ask, bring, predicted, serving_models
):
    path = serving_models / "net" / "frozen.pb"
    node = (path.parent / "frozen_output.txt").read_text()
    graph = {"model/frozen.pb": path.read_bytes()}

    for params in ({"outputNode": "Identiti"}, {"inputNode": "entri"}):
        assert is_refused(bring(None, "frozen", params=params, extra=graph), "did you mean")
    nodes = {"inputNode": "entry:0", "outputNode": f"{node}:0"}
    uploaded = bring(None, "frozen", params=nodes, extra=graph)

    assert [each["name"] for each in uploaded.json()["outputs"]] == [node]
    answer = predicted("frozen", ROWS.tolist()).json()["predictions"]
    np.testing.assert_allclose(answer, frozen(path, f"{node}:0", ROWS), rtol=1e-5)
    wrong = ask("POST", "/params?model=frozen", json={"outputNode": "Identiti"})
    assert is_refused(wrong, "did you mean 'Identity'")


ENDS = {
    "two_ends": ("ends in 2: plus, minus", "minus", [[5.0]]),
    "split": ("has 2 outputs: halves:0, halves:1", "halves:1", [[5.0, 6.0]]),
}


@pytest.mark.parametrize("kind", ENDS)
def test_a_frozen_graph_without_a_named_output_has_one_end_or_is_refused(
    bring, predicted, case_models, kind
):
    says, node, rows = ENDS[kind]

    assert is_refused(bring(kind, kind), says)
    assert bring(kind, kind, params={"outputNode": node}).status_code == 200
    tensor = node if ":" in node else f"{node}:0"
    right = frozen(case_models / kind / "graph.pb", tensor, np.float32(rows)).tolist()
    assert predicted(kind, rows).json() == {"predictions": right}


def test_a_frozen_graph_may_come_as_text(bring, predicted, case_models):
    from tests.quicktensorflow import tf  # noqa: PLC0415 - takes seconds

    graph = tf.compat.v1.GraphDef()
    graph.ParseFromString((case_models / "two_ends" / "graph.pb").read_bytes())
    text = {"model/graph.pbtxt": str(graph).encode()}

    assert bring(None, "text", params={"outputNode": "plus"}, extra=text).status_code == 200
    assert predicted("text", [[5.0]]).json() == {"predictions": [[6.0]]}
