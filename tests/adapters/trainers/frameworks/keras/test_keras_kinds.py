"""Keras models that are not compiled, have several inputs, or learn their inputs."""

from functools import partial

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.assessment.evaluation import Evaluation
from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.adapters.trainers.framework import Block
from mlaas4hep.core.models.figures import roc
from mlaas4hep.core.requests.fitting import Fitting
from tests.adapters.trainers.frameworks.keras import models
from tests.adapters.trainers.frameworks.keras.models import HEAD, VAE, sequential

pytestmark = pytest.mark.filterwarnings("ignore")  # Keras's advice to the authors of models


@pytest.fixture
def train(keras_framework, tmp_path):
    return partial(models.training, tmp_path / "model.py")


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


OWN = f"""{TWO_INPUTS.replace("keras.Model", "Mine").replace('"binary_crossentropy"', "Doubled()")}
class Doubled(keras.losses.Loss):
    def call(self, y, given):
        return 2 * keras.losses.binary_crossentropy(y, given)
class Mine(keras.Model):
    def METHOD(self, *given, **more):
        return super().METHOD(*given, **more)
"""


def test_a_loss_of_ones_own_is_learned_with_several_inputs_as_in_fit(train):
    training = train("binary", OWN.replace("METHOD", "unused"), GROUPS, params={"shuffle": False})
    training.finish()

    parts = []
    for blocks in (training.data.training(), training.data.validation()):
        taken = [(block.x[block.order], block.y[block.order]) for block in blocks]
        x, y = (np.concatenate(each) for each in zip(*taken, strict=True))
        parts.append(([x[:, 2:], x[:, :2]], y.reshape(-1, 1)))
    inner = training.rebuilt().layers[-1]
    how = {"epochs": 4, "batch_size": 20, "shuffle": False, "verbose": 0}
    fitted = inner.fit(*parts[0], validation_data=parts[1], **how)
    for name in ("loss", "val_loss"):
        mine = [metrics[name] for metrics in training.history]
        np.testing.assert_allclose(mine, fitted.history[name], rtol=1e-4)


@pytest.mark.parametrize("method", ["test_step", "compute_loss", "compute_metrics", "fit"])
def test_what_several_inputs_would_leave_out_is_refused(train, method):
    with pytest.raises(TrainingError, match=f"has a {method} of its own") as caught:
        train("binary", OWN.replace("METHOD", method), GROUPS)

    assert "split it inside the model" in caught.value.hint


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


def _folder(tmp_path):
    folder = tmp_path / "bundle"
    folder.mkdir()
    return folder
