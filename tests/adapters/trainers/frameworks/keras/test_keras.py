import contextlib

import pytest

from tests.adapters.trainers.frameworks.contract import FrameworkContract

pytestmark = pytest.mark.filterwarnings("ignore")  # Keras's advice to the authors of models


@pytest.fixture(scope="module", autouse=True)
def _order_of_imports():
    with contextlib.suppress(ImportError):  # loaded after TensorFlow, XRootD's client crashes
        import XRootD.client  # noqa: F401


def dense(last, loss, metrics=""):
    return (
        "import keras\nfrom keras.layers import Dense, Dropout, Input\n"
        "def model(idim):\n"
        "    made = keras.Sequential([Input((idim,)), Dense(16, 'relu'), Dropout(0.05), "
        f"{last}])\n"
        f"    made.compile(keras.optimizers.Adam(0.02), {loss!r}, metrics=[{metrics}])\n"
        "    return made\n"
    )


class TestKeras(FrameworkContract):
    name = "keras"
    models = {
        "binary": dense("Dense(1, 'sigmoid')", "binary_crossentropy", "keras.metrics.AUC()"),
        "multiclass": dense("Dense(3, 'softmax')", "sparse_categorical_crossentropy"),
        "regression": dense("Dense(1)", "mse"),
    }
    wrong = {
        "def model(): return 'x'\n": "returns a str, not a Keras model",
        "import keras\ndef model(): return keras.Sequential": "returns the class Sequential, not a K",
        dense("Dense(1)", "categorical_crossentropy"): "the output is 1 wide, which loss",
    }
