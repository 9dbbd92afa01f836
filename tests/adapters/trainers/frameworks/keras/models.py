"""Models of Keras, as text of model.py, and trainings of them to look into."""

import numpy as np

from mlaas4hep.core.requests.fitting import Fitting
from tests.adapters.trainers.frameworks.trainings import Training

HEAD = "import keras\nfrom keras import layers, ops\n"
NAMES = ("met", "ht", "Jet_pt_0", "Jet_pt_1")


def sequential(last, after=""):
    return (
        f"{HEAD}def model(idim):\n"
        f"    m = keras.Sequential([layers.Input((idim,)), layers.Dense(16, 'relu'), {last}])\n"
        f"{after}    return m\n"
    )


BINARY = sequential(
    "layers.Dense(1, 'sigmoid')",
    "    m.compile(keras.optimizers.Adam(0.02), 'binary_crossentropy')\n",
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


def training(path, task, text, fitting=None, **how):
    """Return a training of model.py with this text, which is written to `path`."""
    params = {**how.pop("params", {}), "fitting": fitting or Fitting()}
    return Training("keras", path, text, task, names=NAMES, params=params, **how)


def as_keras_fit(training, epochs, **how):
    """Return what `fit` says of a new model and the same entries in the same batches."""
    again = training.rebuilt()
    parts = []
    for blocks in (training.data.training(), training.data.validation()):
        taken = [(block.x[block.order], block.y[block.order]) for block in blocks]
        parts.append(tuple(np.concatenate(each) for each in zip(*taken, strict=True)))
    given = {"epochs": epochs, "batch_size": 20, "shuffle": False, "verbose": 0, **how}
    return again.fit(*parts[0], validation_data=parts[1], **given).history
