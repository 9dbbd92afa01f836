"""Frozen graphs: what is fed, what is read, and what is refused; TensorFlow itself says what is right."""

from importlib.util import find_spec

import numpy as np
import pytest

from mlaas4hep.adapters.runtimes.entry import DEFAULT, ModelError

pytestmark = [
    pytest.mark.filterwarnings("ignore"),
    pytest.mark.skipif(
        find_spec("tensorflow") is None, reason="the extra `tensorflow` is not installed"
    ),
]
ROWS = np.array([[1, 2], [3, 4]], np.float32)


@pytest.fixture
def graph(tmp_path):
    """Return a function that loads a graph, and what TensorFlow says to the same feeds."""
    from tests.quicktensorflow import tf  # noqa: PLC0415, I001 - takes seconds, and is first

    from mlaas4hep.adapters.runtimes.tensorflow import frozen  # noqa: PLC0415 - the same

    v1 = tf.compat.v1

    def learning():
        x = v1.placeholder(tf.float32, [None, 2], name="x")
        phase = v1.placeholder_with_default(False, [], name="keras_learning_phase")
        tf.add(x, tf.cast(phase, tf.float32) * 100.0 + 1.0, name="y")
        tf.identity(x, name="beside")

    def default():
        tf.multiply(v1.placeholder_with_default([[0.0]], [None, 1], name="x"), 2.0, name="y")

    def two():
        x = v1.placeholder(tf.float32, [None, 2], name="x")
        tf.multiply(x, v1.placeholder(tf.float32, [], name="k"), name="y")

    def variable(*, is_resource):
        x = v1.placeholder(tf.float32, [None, 2], name="x")
        tf.add(x, v1.get_variable("bias", [2], use_resource=is_resource), name="y")

    made = {
        "learning": learning,
        "default": default,
        "two": two,
        "resource": lambda: variable(is_resource=True),
        "reference": lambda: variable(is_resource=False),
    }

    def graph(kind, input_node="", output_node="y", **feeds):
        built = tf.Graph()
        with built.as_default():
            made[kind]()
        path = tmp_path / "graph.pb"
        path.write_bytes(built.as_graph_def().SerializeToString())
        (output,) = frozen.load(path, input_node, output_node)[DEFAULT].call(feeds).values()
        with v1.Session(graph=built) as session:
            right = session.run(f"{output_node}:0", {f"{k}:0": v for k, v in feeds.items()})
        np.testing.assert_allclose(output, right)
        return output.tolist()

    return graph


def test_a_placeholder_with_a_default_keeps_it_beside_others(graph):
    named = graph("learning", "x", "y", x=ROWS)

    assert graph("learning", "", "y", x=ROWS) == named == (ROWS + 1).tolist()


def test_it_is_fed_if_there_are_no_others(graph):
    assert graph("default", x=np.float32([[4]])) == [[8.0]]


def test_an_input_may_be_one_number_for_all_rows(graph):
    assert graph("two", x=ROWS, k=np.float32(3)) == (3 * ROWS).tolist()


@pytest.mark.parametrize(
    ("kind", "nodes", "says"),
    [
        ("resource", ("", "y"), "depends on the variable 'bias', whose values"),
        ("reference", ("x", "y"), "depends on the variable 'bias', whose values"),
        ("two", ("x", "y"), "'y' depends on k, too: without inputNode"),
        ("learning", ("x:0", "y:-1"), "has no tensor 'y:-1'"),
        ("two", ("x", "k"), "'k' depends on k, too"),
        ("default", ("x", "mul/y"), "has no output node 'mul/y'; .*it ends in y$"),
        ("two", ("dense_4_input", "y"), "has no input node 'dense_4_input'; .*it begins in x, k$"),
    ],
)
def test_what_no_prediction_can_come_of_is_refused_as_it_is_loaded(graph, kind, nodes, says):
    with pytest.raises(ModelError, match=says):
        graph(kind, *nodes, x=ROWS)
