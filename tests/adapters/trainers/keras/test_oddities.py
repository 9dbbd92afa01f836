"""What a model is not expected to do is said; what its outputs mean is known."""

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.assessment.evaluation import probabilities
from mlaas4hep.adapters.trainers.child.assessment.results import Results
from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.framework import Block
from tests.adapters.trainers.conftest import make_job

pytestmark = pytest.mark.filterwarnings("ignore")

OWN = """
import functools, keras
from keras import layers

class Mine(keras.Model):
    def __init__(self):
        super().__init__()
        self.last = layers.Dense(1, activation="sigmoid")
    def call(self, x):
        return self.last(x)
{methods}

def model(idim):
    made = Mine()
    made.compile({compiled})
    {after}
    return made
"""


def own(methods="", compiled="'adam', 'mse'", after="made.build((None, idim))"):
    return OWN.format(methods=methods, compiled=compiled, after=after)


@pytest.mark.parametrize("method", ["predict", "predict_step", "evaluate", "train_on_batch"])
def test_a_method_that_is_never_called_is_named(build, method):
    text = own(f"    def {method}(self, *args, **kwargs):\n        return 1 - self(args[0])")

    (warning,) = build(text).summary.warnings

    assert warning.startswith(f"the model's own {method} is never called")


def test_weights_that_cannot_be_trained_are_told(build):
    (warning,) = build(own(after="made.trainable = False")).summary.warnings

    assert "no weight of the model can be trained" in warning


STATEFUL = """
import keras
from keras import layers

def model(idim):
    rows = [layers.Input(batch_shape=(10, idim)), layers.Reshape((idim, 1))]
    made = keras.Sequential([*rows, layers.LSTM(2, stateful=True, name="row"), layers.Dense(1)])
    made.compile("adam", "mse")
    return made
"""


OLD_STATEFUL = STATEFUL.replace("Input(batch_shape=(10, idim))", "InputLayer((idim,), 10)").replace(
    "LSTM(2,", "LSTM(output_dim=2,"
)


@pytest.mark.parametrize("text", [STATEFUL, OLD_STATEFUL])
def test_a_layer_that_goes_on_where_the_batch_before_ended_is_refused(build, text):
    with pytest.raises(TrainingError, match="layer 'row' is stateful"):
        build(text)


def test_an_ordinary_model_is_not_warned_about(build):
    assert build(own()).summary.warnings == ()


LOGITS = [
    ("keras.losses.BinaryCrossentropy(from_logits=True)", True),
    ("[keras.losses.BinaryCrossentropy(from_logits=True)]", True),
    ("functools.partial(keras.losses.binary_crossentropy, from_logits=True)", True),
    ("keras.losses.BinaryCrossentropy()", False),
    ("'binary_crossentropy'", False),
]


@pytest.mark.parametrize(("loss", "logits"), LOGITS)
def test_a_loss_says_whether_outputs_are_logits(build, loss, logits):
    summary = build(own(compiled=f"'adam', {loss}")).summary

    assert (summary.gives_logits, summary.task) == (logits, "binary")


def test_figures_of_logits_are_those_of_probabilities():
    one = probabilities(np.array([[0.0], [-800.0], [800.0]], np.float32))
    two = probabilities(np.array([[1.0, 1.0], [900.0, -900.0]], np.float32))

    assert one.tolist() == [[0.5], [0.0], [1.0]]
    assert two.tolist() == [[0.5, 0.5], [1.0, 0.0]]


def test_a_loss_of_the_models_own_needs_no_other(build):
    text = own(
        "    def compute_loss(self, x=None, y=None, y_pred=None, *_, **__):\n"
        "        return keras.ops.mean((y - y_pred) ** 2)",
        compiled="'adam'",
    )
    model = build(text)
    x = np.random.default_rng(1).random((20, 4), np.float32)

    model.learn(Block(x=x, y=x[:, 0].round(), order=np.arange(20, dtype=np.int32)))

    assert 0 < model.metrics()["loss"] < 1


STEP = """    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = keras.ops.mean((y - self(x, training=True)) ** 2)
        grads = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(grads, self.trainable_variables)
        return {"mine": loss}
"""
TOLD = """    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        return {**super().compute_metrics(x, y, y_pred), "extra": keras.ops.mean(y_pred)}
"""
PARTS = """    @property
    def metrics(self):
        return [Parts()]
class Parts(keras.metrics.Metric):
    def update_state(self, *_, **__):
        pass
    def result(self):
        return {"low": keras.ops.zeros(()), "high": keras.ops.ones(())}
"""


@pytest.mark.parametrize(
    ("methods", "compiled", "names"),
    [
        (STEP, "'adam'", {"mine"}),
        (TOLD, "'adam', 'mse'", {"loss", "extra"}),
        (PARTS, "'adam', 'mse'", {"low", "high"}),
    ],
    ids=["a step that alone knows its loss", "metrics by a method", "a metric of several names"],
)
def test_what_a_model_tells_by_itself_is_called_as_in_fit(build, methods, compiled, names):
    model = build("import tensorflow as tf\n" + own(methods, compiled))
    x = np.random.default_rng(1).random((20, 4), np.float32)
    block = Block(x=x, y=x[:, 0].round(), order=np.arange(20, dtype=np.int32))

    model.learn(block)
    told = model.metrics()
    model.test(block)

    fitted = model.keras.fit(x, block.y[:, None], batch_size=10, verbose=0).history
    assert told.keys() == names == fitted.keys()


def test_the_same_output_for_all_entries_is_told(build):
    text = own(compiled="'adam', 'mse'").replace("return self.last(x)", "return 0 * self.last(x)")
    results = Results(build(text), make_job())
    results.sample = np.random.default_rng(1).random((20, 4), np.float32)

    (warning,) = results.check()

    assert "the same output for every entry" in warning


QUANTILES = """
import keras
def pinball(y, p):
    error, share = y - p, keras.ops.array([0.1, 0.5, 0.9])
    return keras.ops.mean(keras.ops.maximum(share * error, (share - 1) * error), axis=-1)
def model(idim):
    made = keras.Sequential([keras.Input((idim,)), keras.layers.Dense(3)])
    made.compile(keras.optimizers.Adam(0.05), pinball)
    return made
"""


def test_quantiles_of_one_number_are_learned(build):
    model = build(QUANTILES, task="regression")
    x = np.random.default_rng(1).random((500, 4), np.float32)
    y = np.random.default_rng(2).normal(5, 1, 500).astype(np.float32)
    block = Block(x=x, y=y, order=np.arange(500, dtype=np.int32))

    for _ in range(40):
        model.learn(block)

    low, middle, high = model.predict(block).mean(axis=0)
    assert low < middle < high
    assert middle == pytest.approx(5, abs=0.5)
