"""A last layer that cannot give what the loss compares is refused, or told, before anything is read."""

import pytest

from mlaas4hep.adapters.trainers.child import modelfile
from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.core.models.training import SampledLabels, TrainingJob
from mlaas4hep.core.requests.request import Params

pytestmark = pytest.mark.filterwarnings("ignore")

NET = """
import keras
from keras import layers

def model(idim):
    made = keras.Sequential([layers.Input((idim,)), layers.Dense(2), {last}])
    {compiled}
    return made
"""
SOFTMAX = "layers.Dense(1, activation='softmax')"
SIGMOID = "layers.Dense(1, activation='sigmoid')"
FROM_LOGITS = "keras.losses.BinaryCrossentropy(from_logits=True)"


@pytest.fixture
def built(keras_framework, tmp_path):
    """Return a function that builds a net with a last layer for some labels."""

    def built(last, loss, labels=(0.0, 1.0), sampled=()):
        compiled = f"made.compile('adam', {loss})" if loss else ""
        path = tmp_path / "model.py"
        path.write_text(NET.format(last=last, compiled=compiled))
        job = TrainingJob(
            name="luca_1",
            params=Params(),
            columns=3,
            chunks=1,
            labels=labels,
            sampled=SampledLabels(rows=sampled),
        )
        return modelfile.build(path, job, [keras_framework], 60)[1].summary

    return built


@pytest.mark.parametrize("loss", ["'binary_crossentropy'", "'mse'", ""])
@pytest.mark.parametrize("last", [SOFTMAX, "layers.Dense(1), layers.Softmax()"])
def test_softmax_over_one_number_is_refused(built, last, loss):
    with pytest.raises(TrainingError, match="1 for every entry, whatever is learned") as refused:
        built(last, loss)

    assert "sigmoid" in refused.value.hint


OWN = """
import keras
from keras import layers, ops

class Net(keras.Model):
    def __init__(self):
        super().__init__()
        self.hidden = layers.Dense(4, activation="relu")
        self.last = layers.Dense(1, {begins})

    def call(self, x):
        return {given}

def model(idim):
    made = Net()
    made.compile("adam", "binary_crossentropy")
    return made
"""


@pytest.fixture
def own(keras_framework, tmp_path):
    """Return a function that builds a subclass, whose layers nobody sees, with what it gives."""

    def own(given, begins=""):
        path = tmp_path / "model.py"
        path.write_text(OWN.format(given=given, begins=begins))
        job = TrainingJob(name="luca_1", params=Params(), columns=3, chunks=1, labels=(0.0, 1.0))
        return modelfile.build(path, job, [keras_framework], 60)[1].summary

    return own


@pytest.mark.parametrize(
    "given",
    [
        "ops.softmax(self.last(self.hidden(x)))",
        "{'a': ops.softmax(self.last(x)), 'b': self.hidden(x)[:, :1]}",
    ],
)
def test_softmax_over_one_number_is_refused_where_layers_do_not_show_it(own, given):
    with pytest.raises(TrainingError, match="1 for every entry, whatever is learned"):
        own(given)


def test_an_output_that_is_1_only_as_weights_begin_is_not_refused(own):
    summary = own("ops.exp(self.last(self.hidden(x)))", "kernel_initializer='zeros'")

    assert summary.output_shape == (1,)


@pytest.mark.parametrize(
    ("activation", "labels", "far"),
    [
        ("sigmoid", (0.0, 1.0, 2.0), "2"),
        ("tanh", (-1.0, 1.0, 5.0), "5"),
        ("relu", (-1.0, 1.0), "-1"),
    ],
)
def test_labels_that_an_activation_never_gives_are_refused(built, activation, labels, far):
    last = f"layers.Dense(1, activation={activation!r})"

    with pytest.raises(TrainingError, match=f"{activation!r}, which never gives label {far}$"):
        built(last, "'mse'", labels)


@pytest.mark.parametrize(
    ("last", "loss", "told"),
    [
        ("layers.Dense(1)", "'binary_crossentropy'", "activation='sigmoid' or from_logits=True"),
        ("layers.Dense(1, activation='tanh')", "'binary_crossentropy'", "gives other numbers"),
        ("layers.Dense(2)", "'sparse_categorical_crossentropy'", "activation='softmax' or from_"),
        (SIGMOID, FROM_LOGITS, "probabilities (sigmoid)"),
    ],
)
def test_outputs_that_a_loss_of_classes_does_not_expect_are_told(built, last, loss, told):
    (warning,) = built(last, loss).warnings

    assert told in warning


@pytest.mark.parametrize(
    ("last", "loss", "labels"),
    [
        (SIGMOID, "'binary_crossentropy'", (0.0, 1.0)),
        (SIGMOID, "'mse'", (0.0, 0.5, 1.0)),
        ("layers.Dense(1, activation='tanh')", "'mse'", (-1.0, 1.0)),
        ("layers.Dense(1)", FROM_LOGITS, (0.0, 1.0)),
        ("layers.Dense(1)", "", (0.0, 1.0)),
        ("layers.Dense(3, activation='softmax')", "'categorical_crossentropy'", (0.0, 1.0, 2.0)),
        ("layers.Dense(1)", "'mse'", (0.0, 7.0)),
    ],
)
def test_what_fits_is_learned_without_a_word(built, last, loss, labels):
    assert built(last, loss, labels).warnings == ()


@pytest.mark.parametrize(
    ("activation", "ends"), [("sigmoid", (0.0, 1.0)), ("tanh", (-1.0, 1.0)), ("relu", (0.0, None))]
)
def test_what_a_last_layer_can_give_is_known_where_values_are_learned(built, activation, ends):
    last = f"layers.Dense(1, activation={activation!r})"

    (found,) = built(last, "'mse'", ()).ranges

    assert (found.low, found.high) == ends
    assert built(last, "'binary_crossentropy'", ()).ranges == ()
    assert built("layers.Dense(1)", "'mse'", ()).ranges == ()
