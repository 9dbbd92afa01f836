"""Keras models that are no compiled classifier of one matrix: what they learn, and how they go on."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.assessment.evaluation import Evaluation
from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.framework import Block
from mlaas4hep.core.data.weighting import TrainingWeights
from mlaas4hep.core.models.figures import roc
from mlaas4hep.core.requests.fitting import Fitting
from tests.adapters.trainers.frameworks.contract import Training
from tests.adapters.trainers.frameworks.resuming import taken_up

pytestmark = pytest.mark.filterwarnings("ignore")  # Keras's advice to the authors of models

HEAD = "import keras\nfrom keras import layers, ops\n"
NAMES = ("met", "ht", "Jet_pt_0", "Jet_pt_1")


def sequential(last, after=""):
    return (
        f"{HEAD}def model(idim):\n"
        f"    m = keras.Sequential([layers.Input((idim,)), layers.Dense(16, 'relu'), {last}])\n"
        f"{after}    return m\n"
    )


@pytest.fixture
def train(keras_framework, tmp_path):
    def train(task, text, fitting=None, **how):
        params = {**how.pop("params", {}), "fitting": fitting or Fitting()}
        path = tmp_path / "model.py"
        return Training("keras", path, text, task, names=NAMES, params=params, **how)

    return train


@pytest.mark.parametrize(
    ("loss", "last", "task"),
    [
        ("binary_crossentropy", "layers.Dense(1)", "binary"),
        ("binary_crossentropy", "layers.Dense(1, 'sigmoid')", "binary"),
        ("mse", "layers.Dense(1)", "regression"),
        ("sparse_categorical_crossentropy", "layers.Dense(3)", "multiclass"),
        ("sparse_categorical_crossentropy", "layers.Dense(3, 'softmax')", "multiclass"),
    ],
)
def test_a_model_that_is_not_compiled_learns_what_outputs_and_labels_say(
    train, capsys, loss, last, task
):
    how = {"labels": (0.5,)} if task == "regression" else {}

    training = train(task, sequential(last), params={"epochs": 12}, **how).finish()

    labels, outputs = training.predictions()
    assert training.model.target.loss == loss
    assert f"trained with Adam and {loss}" in capsys.readouterr().out
    assert training.history[-1]["loss"] < 0.8 * training.history[0]["loss"]
    if task != "regression":
        assert 0 <= outputs.min() < outputs.max() <= 1
        assert len(outputs) == len(labels)


def test_a_model_that_is_not_compiled_says_what_it_learns_where_labels_do_not(train):
    with pytest.raises(TrainingError, match="labels of a branch do not say what it learns") as one:
        train("binary", sequential("layers.Dense(1)"), labels=())

    assert '"task": "binary"' in one.value.hint
    asked = train("binary", sequential("layers.Dense(1)"), labels=(), params={"task": "regression"})
    assert asked.model.target.loss == "mse"


TWO_INPUTS = f"""{HEAD}
def model(idim):
    jets, event = keras.Input((2,), name="jets"), keras.Input((2,), name="event")
    both = layers.Concatenate()([layers.Dense(8, "relu")(jets), layers.Dense(8, "relu")(event)])
    m = keras.Model([jets, event], layers.Dense(1, "sigmoid")(both))
    m.compile(keras.optimizers.Adam(0.02), "binary_crossentropy", metrics=["AUC"])
    return m
"""
GROUPS = Fitting(inputs=(("event", ("met", "ht")), ("jets", ("Jet_*",))))


def test_columns_go_into_the_inputs_that_params_json_names(train, tmp_path):
    training = train("binary", TWO_INPUTS, GROUPS).finish()

    labels, outputs = training.predictions()
    assert roc(labels > 0.5, outputs[:, 0]).area > 0.95
    assert training.history[-1]["AUC"] > 0.9
    chunk = next(training.data.chunks([0]))
    exported = training.model.export(_folder(tmp_path), chunk.x[:100])
    assert {one.file for one in exported.conversions} == {"model.tflite", "model.onnx"}


@pytest.mark.parametrize(
    ("text", "fitting", "message"),
    [
        (TWO_INPUTS, Fitting(), r"2 inputs; the data is one matrix"),
        (TWO_INPUTS, Fitting(inputs=(("a", ("*",)),)), "has the inputs jets, event, and inputs of"),
        (
            TWO_INPUTS,
            Fitting(inputs=(("jets", ("met",)), ("event", ("ht", "Jet_*")))),
            "input 'jets' takes shape",
        ),
        (TWO_INPUTS, Fitting(inputs=(("jets", ("Muon_*",)),)), r"'Muon_\*' fits no column"),
        (
            sequential("layers.Dense(1)"),
            Fitting(learns_inputs=True),
            "gives 1 numbers for an entry, and with",
        ),
    ],
)
def test_inputs_that_do_not_fit_are_refused_with_what_to_write(train, text, fitting, message):
    with pytest.raises(TrainingError, match=message) as caught:
        train("binary", text, fitting)

    assert caught.value.hint


AUTOENCODER = sequential(
    "layers.Dense(idim)", "    m.compile(keras.optimizers.Adam(0.01), 'mse')\n"
)
VAE = f"""{HEAD}
class Sampling(layers.Layer):
    def call(self, both):
        mean, log_var = both
        self.add_loss(-1e-3 * ops.mean(1 + log_var - ops.square(mean) - ops.exp(log_var)))
        return mean + 0.01 * ops.exp(log_var / 2) * keras.random.normal(ops.shape(mean), seed=1)

def model(idim):
    x = layers.Input((idim,))
    h = layers.Dense(16, "relu")(x)
    z = Sampling()([layers.Dense(3)(h), layers.Dense(3)(h)])
    m = keras.Model(x, layers.Dense(idim)(z))
    m.compile(keras.optimizers.Adam(0.01), "mse")
    return m
"""


@pytest.mark.parametrize("text", [AUTOENCODER, VAE, sequential("layers.Dense(idim)")])
def test_an_autoencoder_learns_its_inputs_and_its_score_is_the_error(train, text, tmp_path):
    fitting = Fitting(learns_inputs=True)

    training = train("binary", text, fitting, params={"epochs": 8}).finish()

    chunk = next(training.data.chunks([0]))
    everything = Block(x=chunk.x, y=chunk.labels, order=np.arange(len(chunk.x), dtype=np.int32))
    errors = training.model.predict(everything)
    made = np.asarray(training.model.keras(chunk.x, training=False))
    assert training.history[-1]["loss"] < training.history[0]["loss"]
    assert errors.shape == (len(chunk.x), 1)
    if text != VAE:
        np.testing.assert_allclose(errors[:, 0], ((chunk.x - made) ** 2).mean(axis=1), rtol=1e-4)
    evaluation = Evaluation(training.model)
    evaluation.add(chunk)
    assert evaluation.scores()["train"][1].shape[1] == 1
    folder = _folder(tmp_path)
    training.model.export(folder, chunk.x[:100])
    assert {"autoencoder.keras", "model.keras", "saved_model.pb"} <= {
        p.name for p in folder.iterdir()
    }


def test_an_autoencoder_may_learn_from_one_class_alone(train):
    fitting = Fitting(learns_inputs=True)

    training = train("binary", AUTOENCODER, fitting, labels=(0.0,))

    assert training.finish().history


HINGE = sequential("layers.Dense(1, 'tanh')", "    m.compile('adam', 'hinge')\n")
ODD_METRIC = sequential(
    "layers.Dense(1, 'sigmoid')",
    "    def odd_loss(y, out): return ops.mean(out) * float('nan')\n"
    "    m.compile('adam', 'binary_crossentropy', metrics=[odd_loss])\n",
)


def test_a_loss_of_minus_1_and_1_learns_two_classes(train):
    training = train("binary", HINGE, labels=(-1.0, 1.0), params={"epochs": 12})
    feed = training.data._feed

    class Signed:
        def chunks(self, indices):
            for index, chunk in feed.chunks(indices):
                yield index, replace(chunk, y=2 * chunk.y - 1)

    training.data._feed = Signed()
    training.finish()

    labels, outputs = training.predictions()
    assert training.labels.task == "binary"
    assert roc(labels > 0, outputs[:, 0]).area > 0.9


def test_a_metric_that_is_no_number_ends_nothing_whatever_it_is_called(train):
    history = train("binary", ODD_METRIC).finish().history

    assert len(history) == 4
    assert np.isnan(history[-1]["odd_loss"])
    assert history[-1]["loss"] < history[0]["loss"]


def test_labels_that_a_loss_cannot_compare_are_refused_with_what_to_write(train):
    with pytest.raises(
        TrainingError, match="label 2 does not fit loss 'binary_crossentropy'"
    ) as one:
        train("binary", BINARY, labels=(1.0, 2.0)).model.check_labels(np.array([1, 2], np.float32))

    assert '"positive": 2' in one.value.hint


NLL = sequential(
    "layers.Dense(2)",
    "    def nll(y, out):\n"
    "        mean, log_var = out[:, :1], out[:, 1:]\n"
    "        return ops.mean(log_var + ops.square(y - mean) / ops.exp(log_var))\n"
    "    m.compile(keras.optimizers.Adam(0.01), nll)\n",
)


def test_a_loss_of_a_value_may_use_two_outputs(train):
    training = train("regression", NLL, params={"task": "regression", "epochs": 8}).finish()

    labels, outputs = training.predictions()
    assert training.labels.task == "regression"
    assert np.corrcoef(outputs[:, 0], labels)[0, 1] > 0.9


BINARY = sequential(
    "layers.Dense(1, 'sigmoid')",
    "    m.compile(keras.optimizers.Adam(0.02), 'binary_crossentropy')\n",
)


def _as_keras_fit(training, epochs, **how):
    """Return what `fit` says of a new model and the same entries in the same batches."""
    again = training.rebuilt()
    parts = []
    for blocks in (training.data.training(), training.data.validation()):
        taken = [(block.x[block.order], block.y[block.order]) for block in blocks]
        parts.append(tuple(np.concatenate(each) for each in zip(*taken, strict=True)))
    given = {"epochs": epochs, "batch_size": 20, "shuffle": False, "verbose": 0, **how}
    return again.fit(*parts[0], validation_data=parts[1], **given).history


def test_class_weight_does_what_it_does_in_keras_fit(train):
    weights = TrainingWeights(is_used=True, learned=((0.0, 0.3), (1.0, 5.0)))
    params = {"epochs": 3, "shuffle": False}

    training = train("binary", BINARY, params=params, weights=weights).finish()

    fitted = _as_keras_fit(training, 3, class_weight={0: 0.3, 1: 5.0})
    for name in ("loss", "val_loss"):
        assert [each[name] for each in training.history] == pytest.approx(fitted[name], abs=1e-5)


OVERLAP = BINARY.replace("'binary_crossentropy'", "keras.losses.Dice()")


def test_a_loss_that_depends_on_the_batch_validates_in_whole_batches_as_in_fit(train):
    training = train("binary", OVERLAP, params={"epochs": 2, "shuffle": False}).finish()

    fitted = _as_keras_fit(training, 2)
    got = [metrics["val_loss"] for metrics in training.history]
    assert any(len(block.order) % 20 for block in training.data.validation())  # of a chunk
    assert got == pytest.approx(fitted["val_loss"], abs=1e-5)


AVERAGED = BINARY.replace("Adam(", "Adam(use_ema=True, ema_momentum=0.9, learning_rate=") + (
    "callbacks = [keras.callbacks.SwapEMAWeights(swap_on_epoch=True)]\n"
)


def test_callbacks_see_tests_so_that_averaged_weights_are_those_that_validate(train):
    training = train("binary", AVERAGED, params={"epochs": 3, "shuffle": False}).finish()

    from keras.callbacks import SwapEMAWeights

    fitted = _as_keras_fit(training, 3, callbacks=[SwapEMAWeights(swap_on_epoch=True)])
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


def _folder(tmp_path):
    folder = tmp_path / "bundle"
    folder.mkdir()
    return folder
