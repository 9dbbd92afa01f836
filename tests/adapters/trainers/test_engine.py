import numpy as np
import pytest

from mlaas4hep.adapters.trainers.framework import Block
from tests.adapters.trainers.conftest import DENSE

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
