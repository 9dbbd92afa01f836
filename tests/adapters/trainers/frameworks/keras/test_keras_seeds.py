"""Models that change where nothing is learned: what they draw and count is what `fit` lets them."""

from functools import partial

import numpy as np
import pytest

from tests.adapters.trainers.frameworks.keras import models
from tests.adapters.trainers.frameworks.keras.models import HEAD, sequential

pytestmark = pytest.mark.filterwarnings("ignore")  # Keras's advice to the authors of models

COMPILED = "    m.compile(keras.optimizers.Adam(0.02), 'binary_crossentropy')\n"
LAST = "layers.Dense(1, 'sigmoid')"


def recurrent(layer):
    return sequential(f"layers.Reshape((16, 1)), {layer}, {LAST}", COMPILED)


def of_layer(methods):
    text = sequential(f"Mine(), {LAST}", COMPILED)
    return text.replace("def model", f"class Mine(layers.Layer):\n{methods}\ndef model")


NOISE = """    def call(self, x):
        return x + 0.1 * keras.random.normal(ops.shape(x), seed=SEED)
"""
OF_TENSORFLOW = """    def __init__(self):
        super().__init__()
        self.chance = tf.random.Generator.from_seed(5)
    def call(self, x):
        return x + 0.1 * self.chance.normal(ops.shape(x))
"""
COUNTS = """    def build(self, shape):
        self.count = self.add_weight(shape=(), initializer="zeros", trainable=False)
    def call(self, x):
        self.count.assign_add(1.0)
        return x * (1 + 0.01 * self.count)
"""
OWN_CLASS = f"""{HEAD}
class Mine(keras.Model):
    def __init__(self):
        super().__init__()
        self.row, self.last = layers.LSTM(3, dropout=0.3), {LAST}
    def call(self, x, training=None):
        return self.last(self.row(x[..., None], training=training))
def model(idim):
    m = Mine()
{COMPILED}    return m
"""
TEXTS = {
    "LSTM": recurrent("layers.LSTM(3, dropout=0.3, recurrent_dropout=0.2)"),
    "both ways": recurrent("layers.Bidirectional(layers.GRU(3, dropout=0.3))"),
    "cells": recurrent("layers.RNN([layers.LSTMCell(3, dropout=0.2), layers.SimpleRNNCell(2)])"),
    "class of its own": OWN_CLASS,
    "noise": of_layer(NOISE.replace("SEED", "self.seeds")).replace(
        "    def call",
        "    def build(self, shape):\n        self.seeds = keras.random.SeedGenerator(5)\n"
        "    def call",
        1,
    ),
    "noise without a seed": of_layer(NOISE.replace("SEED", "None")),
    "noise of TensorFlow": "import tensorflow as tf\n" + of_layer(OF_TENSORFLOW),
    "counter": of_layer(COUNTS),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
@pytest.mark.parametrize("training", ["standard", "chunked"])
def test_all_rounds_are_those_of_fit(keras_framework, tmp_path, text, training):
    import keras

    train = partial(models.training, tmp_path / "model.py", "binary", text)

    ours = train(params={"shuffle": False, "epochs": 3, "training": training}).finish()

    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(ours.job.params.seed)
    defined = {}
    exec(text, defined)
    fitted = defined["model"](4)
    chunks = [[place] for place in range(3)] if training == "chunked" else [range(3)]
    history = {"loss": [], "val_loss": []}
    for indices in chunks:
        parts = [_together(part(indices)) for part in (ours.data.training, ours.data.validation)]
        how = {"epochs": 3, "batch_size": 20, "shuffle": False, "verbose": 0}
        told = fitted.fit(*parts[0], validation_data=parts[1], **how).history
        history = {name: history[name] + told[name] for name in history}
    for name, values in history.items():
        mine = [metrics[name] for metrics in ours.history]
        np.testing.assert_allclose(mine, values, rtol=1e-5)
    for one, other in zip(ours.model.keras.get_weights(), fitted.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def _together(blocks):
    taken = [(block.x[block.order], block.y[block.order].reshape(-1, 1)) for block in blocks]
    return [np.concatenate(each) for each in zip(*taken, strict=True)]
