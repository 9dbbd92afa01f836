"""Trains on one device and on two, and writes what came out: `python -m tests.….twodevices FOLDER`."""

import json
import sys
from pathlib import Path

import numpy as np

from tests.quicktensorflow import tf  # isort: skip - before what imports it at length

from mlaas4hep.adapters.trainers.child import modelfile
from mlaas4hep.adapters.trainers.framework import Block
from mlaas4hep.adapters.trainers.keras.framework import Keras
from mlaas4hep.core.models.training import TrainingJob
from mlaas4hep.core.requests.request import Params

halves = [tf.config.LogicalDeviceConfiguration()] * 2
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], halves)
ROWS = 107  # which is no whole number of batches, nor of devices
x = np.random.default_rng(0).random((ROWS, 4), np.float32)
block = Block(x=x, y=(x.sum(1) > 2).astype(np.float32), order=np.arange(ROWS, dtype=np.int32))
job = TrainingJob(name="m", params=Params(batch_size=20), columns=4, chunks=1, labels=(0.0, 1.0))
path = Path(sys.argv[1])


def built(devices, text):
    path.write_text(text)
    return modelfile.build(path, job, [Keras(lambda: devices)], 120)[1]


def trained(model, rounds):
    for _ in range(rounds):
        model.learn(block)
        learned = model.metrics()
    model.test(block)
    weights = [np.asarray(each).ravel() for each in model.keras.variables]
    return {
        "weights": np.concatenate(weights).tolist(),
        "test": model.metrics(),
        "learned": learned,
    }


PLAIN = """
import keras
def model(idim):
    layers = [keras.Input((idim,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(1, "sigmoid")]
    made = keras.Sequential(layers)
    made.compile("adam", "binary_crossentropy", metrics=["accuracy", "TruePositives"])
    return made
"""
OWN = (
    PLAIN.replace("made = keras.Sequential(layers)", "made = Own(layers)")
    + """
class Own(keras.Sequential):
    def train_step(self, data):
        return super().train_step(data)
"""
)
several = ("CPU:0", "CPU:1")
two, again = built(several, PLAIN), built(several, PLAIN)
trained(two, 1)
again.restore(two.state())
found = {
    "one": trained(built((), PLAIN), 2),
    "two": trained(two, 1),
    "resumed": trained(again, 1),
    "own on one": trained(built((), OWN), 1),
    "own on two": trained(built(several, OWN), 1),
}
Path(sys.argv[2]).write_text(json.dumps(found))
