"""TensorFlow, imported once and only if a test of this folder runs."""

import os
import sys
import warnings
from importlib.util import find_spec

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.child import modelfile
from mlaas4hep.adapters.trainers.loading import load
from mlaas4hep.core.data.chunk import decode, encode
from mlaas4hep.core.models.training import TrainingJob
from mlaas4hep.core.requests.request import Params

DENSE = """
import keras
from keras import layers

def model(idim):
    made = keras.Sequential([
        layers.Input((idim,)),
        layers.Dense(8, activation="relu"),
        layers.Dropout(0.2),
        layers.Dense(1, activation="sigmoid"),
    ])
    made.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return made
"""


@pytest.fixture(scope="session")
def keras_framework():
    """Return Keras as a framework."""
    if find_spec("tensorflow") is None:
        pytest.skip("the extra `train` is not installed")
    with warnings.catch_warnings(action="ignore"):
        import tests.quicktensorflow  # noqa: F401 - what `load` finds then

        return load("keras")


@pytest.fixture(autouse=True)
def keras_stays_3(request):
    """Forget Keras 2 after a test in which a model.py, wanted or not, made it of this process."""
    if "keras_framework" in request.fixturenames:
        request.getfixturevalue("keras_framework")
    tf = sys.modules.get("tensorflow")
    if tf is None:
        yield
        return
    modules, finders = dict(sys.modules), list(sys.meta_path)
    homes = {home: home.keras for home in (tf, tf.compat.v1, tf.compat.v2)}
    yield
    if sys.meta_path == finders:
        return
    sys.meta_path[:] = finders
    os.environ.pop("TF_USE_LEGACY_KERAS", None)
    names = ("keras", "tensorflow.keras")
    for name in [name for name in sys.modules if name.startswith(names)]:
        del sys.modules[name]
    sys.modules.update({n: module for n, module in modules.items() if n.startswith(names)})
    for home, keras in homes.items():
        home.keras = keras


@pytest.fixture
def build(keras_framework, tmp_path):
    """Return a function that builds the model of a model.py."""

    def build(text, columns=4, seconds=60, **params):
        (tmp_path / "model.py").write_text(text)
        job = make_job(columns=columns, **params)
        return modelfile.build(tmp_path / "model.py", job, [keras_framework], seconds)[1]

    return build


def make_chunk(index=0, entries=100, columns=4):
    random = np.random.default_rng(index)
    x = random.random((entries, columns), dtype=np.float32)
    y = (x[:, 0] + 0.2 * random.standard_normal(entries) > 0.5).astype(np.float32)
    return encode(x, y)


class FixedFeed:
    """A feed of chunks that are there already; remembers which were asked for."""

    def __init__(self, chunks=3, entries=100):
        self.asked = []
        self._chunks = [decode(make_chunk(index, entries)) for index in range(chunks)]

    def chunks(self, indices):
        for index in indices:
            self.asked.append(index)
            yield index, self._chunks[index]


def make_job(chunks=3, columns=4, **params):
    return TrainingJob(
        name="luca_1",
        params=Params(**{"epochs": 2, "batch_size": 10, **params}),
        columns=columns,
        chunks=chunks,
    )
