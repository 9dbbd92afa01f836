"""Losses and metrics of Keras models, and weights in them: what `fit` of Keras makes of them."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child.failure import TrainingError
from mlaas4hep.core.data.weighting import TrainingWeights
from mlaas4hep.core.models.figures import roc
from tests.adapters.trainers.frameworks.keras import models
from tests.adapters.trainers.frameworks.keras.models import (
    BINARY,
    as_keras_fit,
    sequential,
)

pytestmark = pytest.mark.filterwarnings("ignore")  # Keras's advice to the authors of models


@pytest.fixture
def train(keras_framework, tmp_path):
    return partial(models.training, tmp_path / "model.py")


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


def test_class_weight_does_what_it_does_in_keras_fit(train):
    weights = TrainingWeights(is_used=True, learned=((0.0, 0.3), (1.0, 5.0)))
    params = {"epochs": 3, "shuffle": False}

    training = train("binary", BINARY, params=params, weights=weights).finish()

    fitted = as_keras_fit(training, 3, class_weight={0: 0.3, 1: 5.0})
    for name in ("loss", "val_loss"):
        assert [each[name] for each in training.history] == pytest.approx(fitted[name], abs=1e-5)


OVERLAP = BINARY.replace("'binary_crossentropy'", "keras.losses.Dice()")


def test_a_loss_that_depends_on_the_batch_validates_in_whole_batches_as_in_fit(train):
    training = train("binary", OVERLAP, params={"epochs": 2, "shuffle": False}).finish()

    fitted = as_keras_fit(training, 2)
    got = [metrics["val_loss"] for metrics in training.history]
    assert any(len(block.order) % 20 for block in training.data.validation())  # of a chunk
    assert got == pytest.approx(fitted["val_loss"], abs=1e-5)
