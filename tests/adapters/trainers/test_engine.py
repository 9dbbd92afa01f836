import numpy as np
import pytest

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


def data(width):
    random = np.random.default_rng(0)
    x = random.random((230, 4), dtype=np.float32)
    y = (x[:, :1] > 0.5).astype(np.float32)
    return x, np.hstack((1 - y, y)) if width == 2 else y


def test_losses_and_weights_are_those_of_keras_fit_on_the_same_batches(build, text):
    from mlaas4hep.adapters.trainers.keras.engine import Engine

    ours, keras_own = build(text), build(text)
    x, y = data(ours.outputs)
    order = np.arange(len(x), dtype=np.int32)

    engine = Engine(ours, batch_size=50, label_width=ours.outputs)
    got = []
    for _ in range(3):
        engine.train(x, y, order)
        got.append(engine.metrics())
    history = keras_own.model.fit(x, y, batch_size=50, epochs=3, shuffle=False, verbose=0).history

    for name, values in history.items():
        assert [metrics[name] for metrics in got] == pytest.approx(values, abs=1e-5)
    for mine, theirs in zip(ours.model.weights, keras_own.model.weights, strict=True):
        np.testing.assert_allclose(mine, theirs, atol=1e-5)


def test_testing_learns_nothing_and_agrees_with_keras_evaluate(build):
    from mlaas4hep.adapters.trainers.keras.engine import Engine

    built = build(DENSE)
    x, y = data(1)
    before = [np.array(weight) for weight in built.model.weights]

    engine = Engine(built, batch_size=50, label_width=1)
    engine.test(x, y, np.arange(100, dtype=np.int32))
    got = engine.metrics()

    loss, accuracy = built.model.evaluate(x[:100], y[:100], verbose=0)
    assert (got["loss"], got["accuracy"]) == pytest.approx((loss, accuracy), abs=1e-5)
    np.testing.assert_allclose(
        engine.predict(x, np.arange(len(x), dtype=np.int32)),
        built.model.predict(x, verbose=0),
        atol=1e-6,
    )
    for weight, same in zip(built.model.weights, before, strict=True):
        np.testing.assert_array_equal(weight, same)
