"""Callbacks of Keras models, named in params.json or made by model.py, and what they remember."""

from functools import partial

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.core.requests.fitting import Fitting
from tests.adapters.trainers.frameworks.keras import models
from tests.adapters.trainers.frameworks.keras.models import BINARY, HEAD, VAE, as_keras_fit
from tests.adapters.trainers.frameworks.resuming import taken_up

pytestmark = pytest.mark.filterwarnings("ignore")  # Keras's advice to the authors of models


@pytest.fixture
def train(keras_framework, tmp_path):
    return partial(models.training, tmp_path / "model.py")


AVERAGED = BINARY.replace("Adam(", "Adam(use_ema=True, ema_momentum=0.9, learning_rate=") + (
    "callbacks = [keras.callbacks.SwapEMAWeights(swap_on_epoch=True)]\n"
)


def test_callbacks_see_tests_so_that_averaged_weights_are_those_that_validate(train):
    training = train("binary", AVERAGED, params={"epochs": 3, "shuffle": False}).finish()

    from keras.callbacks import SwapEMAWeights

    fitted = as_keras_fit(training, 3, callbacks=[SwapEMAWeights(swap_on_epoch=True)])
    got = [metrics["val_loss"] for metrics in training.history]
    assert got == pytest.approx(fitted["val_loss"], abs=1e-4)


STOPPING = (
    '{"monitor": "loss", "patience": 2, "min_delta": 10, "restore_best_weights": true, '
    '"start_from_epoch": 0}'
)
OWN_CALLBACK = """
class Halving(keras.callbacks.Callback):
    seen = 0
    def on_epoch_begin(self, epoch, logs=None):
        self.model.optimizer.learning_rate.assign(0.02 / (1 + epoch))
    def on_train_batch_end(self, batch, logs=None):
        self.seen = self.seen + 1

callbacks = [Halving(), keras.callbacks.TerminateOnNaN()]
"""


def test_early_stopping_gives_the_best_weights_back(train):
    fitting = Fitting(callbacks=(("EarlyStopping", STOPPING),))

    training = train("binary", BINARY, fitting, params={"epochs": 9})
    rounds = training.rounds()
    next(rounds)
    best = [np.asarray(each) for each in training.model.keras.get_weights()]
    history = [*rounds]
    training.model.finish()

    assert len(history) == 2
    for before, after in zip(best, training.model.keras.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_callbacks_of_model_py_see_rounds_and_batches(train):
    training = train("binary", BINARY + OWN_CALLBACK, params={"epochs": 3}).finish()

    (own,) = training.model._callbacks._kept
    assert own.seen == 3 * -(-sum(len(b.order) for b in training.data.training()) // 20)
    assert float(training.model.keras.optimizer.learning_rate) == pytest.approx(0.02 / 3)


LOOKING = """
class Looking(keras.callbacks.Callback):
    def __init__(self):
        super().__init__()
        self.seen = []
    def on_epoch_end(self, epoch, logs=None):
        self.seen.append((epoch, *sorted(logs.items())))
    def on_test_batch_begin(self, batch, logs=None):
        self.seen.append(("begun", batch))
    def on_test_batch_end(self, batch, logs=None):
        self.seen.append((batch, *sorted(logs.items())))
    def on_test_end(self, logs=None):
        self.seen.append(("tested", *sorted(logs.items())))
    def on_train_end(self, logs=None):
        self.seen.append(("over", *sorted(logs.items())))

callbacks = [Looking()]
"""


def test_callbacks_are_told_of_tests_and_of_the_end_what_fit_tells_them(train):
    training = train("binary", BINARY + LOOKING, params={"epochs": 2, "shuffle": False}).finish()

    (own,) = training.model._callbacks._kept
    other = type(own)()
    as_keras_fit(training, 2, callbacks=[other])
    assert [seen[0] for seen in own.seen] == [seen[0] for seen in other.seen]
    for mine, theirs in zip(own.seen, other.seen, strict=True):
        assert dict(_named(mine)) == pytest.approx(dict(_named(theirs)), rel=1e-5)
    assert own.seen[-1][0] == "over"


def _named(seen):
    return [each for each in seen[1:] if isinstance(each, tuple)]


def test_callbacks_are_told_what_fit_tells_of_data_that_comes_piece_by_piece(train):
    training = train("binary", BINARY + LOOKING, params={"epochs": 2})

    (own,) = training.model._callbacks._kept
    again, other = training.rebuilt(), type(own)()
    blocks = ((block.x, block.y) for block in training.data.training())
    again.fit(blocks, epochs=2, verbose=0, callbacks=[other])
    assert other.params == {"epochs": 2, "steps": None, "verbose": 0} == own.params


FALLING = "callbacks = [keras.callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.7)]\n"
REDUCING = '{"monitor": "loss", "patience": 0, "min_delta": 1, "factor": 0.5}'


@pytest.mark.parametrize(
    ("text", "fitting"),
    [
        (BINARY + OWN_CALLBACK, Fitting()),
        (BINARY, Fitting(callbacks=(("EarlyStopping", STOPPING), ("ReduceLROnPlateau", REDUCING)))),
        (
            BINARY.replace("0.02", "keras.optimizers.schedules.ExponentialDecay(0.02, 10, 0.9)"),
            Fitting(),
        ),
        (HEAD + "keras.mixed_precision.set_global_policy('mixed_bfloat16')\n" + BINARY, Fitting()),
        (VAE, Fitting(learns_inputs=True)),
        (BINARY + FALLING, Fitting()),
    ],
    ids=["own", "named", "schedule", "mixed", "vae", "falling"],
)
def test_a_training_with_a_memory_of_its_own_ends_with_the_same_bits(
    train, tmp_path, text, fitting
):
    import keras

    try:
        whole, resumed = taken_up(
            partial(train, "binary", text, fitting, params={"epochs": 3}), tmp_path / "c.npz", 2
        )
    finally:
        keras.mixed_precision.set_global_policy("float32")

    for one, other in zip(
        resumed.model.keras.get_weights(), whole.model.keras.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("text", "named", "message"),
    [
        (BINARY + "callbacks = [3]\n", (), "`callbacks` holds a int, not a Keras callback"),
        (BINARY, (("EarlyStoping", "{}"),), "Keras has no callback 'EarlyStoping'"),
        (BINARY, (("EarlyStopping", '{"monitor": "val_acc"}'),), "watches 'val_acc', which"),
        (BINARY, (("EarlyStopping", '{"patiense": 3}'),), r"callbacks\.EarlyStopping: .*patiense"),
    ],
)
def test_callbacks_that_are_none_are_refused(train, text, named, message):
    with pytest.raises(TrainingError, match=message) as caught:
        train("binary", text, Fitting(callbacks=named))

    assert caught.value.hint
