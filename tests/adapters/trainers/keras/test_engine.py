from dataclasses import replace

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child import modelfile
from mlaas4hep.adapters.trainers.framework import Block
from mlaas4hep.core.data.weighting import TrainingWeights
from tests.adapters.trainers.child.test_modelfile import ENCODER, HEAD
from tests.adapters.trainers.conftest import DENSE, make_job

pytestmark = pytest.mark.filterwarnings("ignore")

MODELS = {
    "dropout": DENSE,
    "eager": DENSE.replace('"accuracy"]', '"accuracy"], run_eagerly=True'),
    "two outputs": DENSE.replace("Dense(1, activation", "Dense(2, activation").replace(
        "binary", "categorical"
    ),
}


@pytest.fixture(params=MODELS)
def text(request):
    return MODELS[request.param]


def data():
    random = np.random.default_rng(0)
    x = random.random((230, 4), dtype=np.float32)
    return x, (x[:, 0] > 0.5).astype(np.float32)


def rows(x, y, number):
    return Block(x=x, y=y, order=np.arange(number, dtype=np.int32))


def test_losses_and_weights_are_those_of_keras_fit_on_the_same_batches(build, text):
    ours, keras_own = build(text, batch_size=50), build(text).keras
    x, y = data()
    shaped = ours.target.shaped(y)

    got = []
    for _ in range(3):
        ours.learn(rows(x, y, len(x)))
        got.append(ours.metrics())
    fitted = keras_own.fit(x, shaped, batch_size=50, epochs=3, shuffle=False, verbose=0)

    for name, values in fitted.history.items():
        assert [metrics[name] for metrics in got] == pytest.approx(values, abs=1e-5)
    for mine, theirs in zip(ours.keras.weights, keras_own.weights, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)


@pytest.fixture
def weighted(keras_framework, tmp_path):
    """Return a function that builds a model which is told weights."""

    def weighted(text):
        (tmp_path / "model.py").write_text(text)
        job = replace(make_job(batch_size=50), weights=TrainingWeights(is_used=True))
        return modelfile.build(tmp_path / "model.py", job, [keras_framework], 60)[1]

    return weighted


def test_weights_of_entries_count_as_in_keras_fit(weighted, text):
    ours, keras_own = weighted(text), weighted(text).keras
    x, y = data()
    shaped = ours.target.shaped(y)
    given = np.random.default_rng(5).normal(1, 1, len(x)).astype(np.float32)  # some negative

    got = []
    for _ in range(3):
        ours.learn(replace(rows(x, y, len(x)), weights=given))
        got.append(ours.metrics()["loss"])
    fitted = keras_own.fit(
        x, shaped, sample_weight=given, batch_size=50, epochs=3, shuffle=False, verbose=0
    )

    assert got == pytest.approx(fitted.history["loss"], abs=1e-5)
    for mine, theirs in zip(ours.keras.weights, keras_own.weights, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)


def test_testing_learns_nothing_and_agrees_with_keras_evaluate(build):
    model = build(DENSE)
    x, y = data()
    before = [np.array(weight) for weight in model.keras.weights]

    model.test(rows(x, y, 100))
    got = model.metrics()

    loss, accuracy = model.keras.evaluate(x[:100], y[:100], verbose=0)
    assert (got["loss"], got["accuracy"]) == pytest.approx((loss, accuracy), abs=1e-5)
    np.testing.assert_allclose(
        model.predict(rows(x, y, len(x))), model.keras.predict(x, verbose=0), atol=1e-6
    )
    for weight, same in zip(model.keras.weights, before, strict=True):
        np.testing.assert_array_equal(weight, same)


HALF = "    return keras.ops.sum(t * p) / keras.ops.sqrt(keras.ops.sum(p))\n"
OF_BATCHES = {
    "a sum": DENSE.replace('"binary_crossentropy"', 'keras.losses.BinaryCrossentropy("sum")'),
    "a loss": f"import keras\ndef own(t, p):\n{HALF}{DENSE}".replace(
        '"binary_crossentropy"', "own"
    ),
    "a metric": f"import keras\ndef own(t, p):\n{HALF}{DENSE}".replace('["accuracy"', "[own"),
    "Keras's": DENSE.replace('"binary_crossentropy"', "keras.losses.Dice()"),
    "add_loss": f"""
import keras
class Sum(keras.layers.Layer):
    def call(self, x):
        self.add_loss(keras.ops.sum(x))
        return x
{DENSE}""".replace("layers.Dropout(0.2)", "Sum()"),
}


@pytest.mark.parametrize("text", OF_BATCHES.values(), ids=OF_BATCHES)
def test_what_depends_on_batches_is_tested_in_those_of_the_training_as_fit_does(build, text):
    ours, (x, y) = build(text, batch_size=50), data()

    expected = ours.keras.evaluate(x, y[:, None], batch_size=50, verbose=0, return_dict=True)
    ours.keras.reset_metrics()
    ours.test(rows(x, y, len(x)))

    assert ours.metrics() == pytest.approx(expected, rel=1e-5)


def test_a_model_whose_step_alone_knows_the_loss_has_no_figures_of_validation(build):
    tracker = "\n    metrics = property(lambda self: [self.mean])\n    def call(self, x):"
    text = (HEAD + ENCODER).replace("\n    def call(self, x):", tracker)
    text = text.replace(
        "super().__init__()", "super().__init__(); self.mean = keras.metrics.Mean()"
    )
    model, (x, y) = build(text), data()

    model.learn(rows(x, y, len(x)))
    learned = model.metrics()
    model.test(rows(x, y, len(x)))

    assert learned["loss"] > 0
    assert model.metrics() == {}
