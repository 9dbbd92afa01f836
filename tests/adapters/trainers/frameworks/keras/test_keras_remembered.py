"""What models keep beside their variables outlives a training that is killed."""

from functools import partial

import numpy as np
import pytest

from tests.adapters.trainers.frameworks.keras import models
from tests.adapters.trainers.frameworks.keras.models import HEAD
from tests.adapters.trainers.frameworks.resuming import taken_up

pytestmark = pytest.mark.filterwarnings("ignore")  # Keras's advice to the authors of models


def of_class(methods, **compiled):
    """Return model.py with a class of its own."""
    how = ", ".join(f"{name}={value}" for name, value in compiled.items())
    return f"""{HEAD}import random
import numpy as np
import tensorflow as tf
class Mine(keras.Model):
    def __init__(self, *given, **more):
        super().__init__(*given, **more)
{methods}
class Easing(keras.losses.Loss):
    def __init__(self):
        super().__init__()
        self.factor = tf.Variable(1.0, trainable=False)
    def call(self, y, given):
        self.factor.assign(0.98 * self.factor)
        return self.factor * keras.losses.binary_crossentropy(y, given)
def model(idim):
    x = layers.Input((idim,))
    m = Mine(x, layers.Dense(1, "sigmoid")(layers.Dense(8, "relu")(x)))
    m.compile(keras.optimizers.Adam(0.02), {how})
    return m
"""


BOTH = """        self.others = {"last": keras.optimizers.Adam(0.01)}
    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(y=y, y_pred=self(x, training=True))
        slopes = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(slopes[:2], self.trainable_variables[:2])
        self.others["last"].apply(slopes[2:], self.trainable_variables[2:])
        return {"loss": loss}
"""
CHANCE = """
    def call(self, x, training=None):
        given = super().call(x)
        return given * keras.random.uniform(ops.shape(given), 0.5, 1.0) if training else given
"""
DRAWING = """
        self.chance = tf.random.Generator.from_seed(4)
    def call(self, x, training=None):
        given = super().call(x)
        return given * self.chance.uniform(ops.shape(given), 0.5, 1.0) if training else given
"""
COUNTING = """        self.factor = 1.0
    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        self.factor *= 0.98 if training else 1.0
        return self.factor * super().compute_loss(x, y, y_pred, sample_weight)
"""
OF_NUMPY = """
    def train_step(self, data):
        x, y = data
        noise = random.gauss(0, 0.1) + np.random.normal(size=x.shape)
        return super().train_step((x + noise.astype("float32"), y))
"""
FEW_STEPS = {"epochs": 3, "batch_size": 400}
ENTROPY = "'binary_crossentropy'"
TEXTS = {
    "second optimizer": of_class(BOTH, loss=ENTROPY),
    "chance without a seed": of_class(CHANCE, loss=ENTROPY),
    "chance of TensorFlow": of_class(DRAWING, loss=ENTROPY),
    "chance of NumPy": of_class(OF_NUMPY, loss=ENTROPY, run_eagerly=True),
    "numbers": of_class(COUNTING, loss=ENTROPY, run_eagerly=True),
    "variable of a loss": of_class("", loss="Easing()"),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_a_training_that_goes_on_ends_with_the_same_bits(keras_framework, tmp_path, text):
    train = partial(models.training, tmp_path / "model.py", "binary", text, params=FEW_STEPS)

    whole, resumed = taken_up(train, tmp_path / "c.npz", 2)

    for one, other in zip(
        resumed.model.keras.get_weights(), whole.model.keras.get_weights(), strict=True
    ):
        np.testing.assert_array_equal(one, other)


NOISY = """
    def train_step(self, data):
        x, y = data
        return super().train_step((x + tf.random.normal(tf.shape(x), stddev=0.1), y))
"""


@pytest.mark.parametrize("kind", ["chance of TensorFlow", "noise of tf.random"])
def test_a_training_that_goes_on_says_so_where_its_random_numbers_begin_anew(
    keras_framework, tmp_path, kind
):
    texts = {**TEXTS, "noise of tf.random": of_class(NOISY, loss=ENTROPY)}
    training = models.training(tmp_path / "model.py", "binary", texts[kind], params=FEW_STEPS)

    before = training.model.summary.warnings
    training.model.restore(training.model.state())

    (told,) = {*training.model.summary.warnings} - {*before} or {""}
    assert ("began anew" in told) == (kind == "noise of tf.random")
