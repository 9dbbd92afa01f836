"""Names that are gone are told with what to write instead."""

import importlib
import types

import pytest

from mlaas4hep.adapters.trainers.child.failure import explanation
from mlaas4hep.adapters.trainers.child.gone import instead_of


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (
            "cannot import name 'CuDNNLSTM' from 'keras.layers' (/x/__init__.py)",
            "keras.layers.LSTM",
        ),
        ("module 'keras.layers' has no attribute 'MaxoutDense'", "GlobalMaxPooling1D"),
        ("No module named 'tensorflow_addons.optimizers'", "keras.optimizers.AdamW"),
        ("No module named 'keras.contrib'", "a layer of your own"),
        ("module 'tensorflow' has no attribute 'contrib'", "tf.contrib ended"),
        ("No module named 'sklearn.externals'", "import joblib"),
        ("No module named 'keras.layers.merge'", ""),
        ("'Sequential' object has no attribute 'graph'", ""),
    ],
)
def test_a_name_is_found_in_what_python_says(message, says):
    assert says in instead_of(AttributeError(message))
    assert bool(instead_of(AttributeError(message))) == bool(says)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (RuntimeError("Found no NVIDIA driver on your system. Please check"), "without .cuda()"),
        (AssertionError("Torch not compiled with CUDA enabled"), "without .cuda()"),
        (RuntimeError("PyTorch is not linked with support for mps devices"), "without .cuda()"),
        (RuntimeError("The server socket has failed to bind. port: 29500"), "all devices"),
        (RuntimeError("module 'keras.layers' has no attribute 'MaxoutDense'"), ""),
    ],
)
def test_devices_that_a_module_is_put_on_by_itself_are_told(error, says):
    assert says in instead_of(error)
    assert bool(instead_of(error)) == bool(says)


def test_the_hint_says_it_whether_a_module_or_a_name_is_gone():
    for load in (
        lambda: importlib.import_module("keras_contrib.layers"),
        lambda: types.ModuleType("keras.layers").CuDNNGRU,
    ):
        with pytest.raises((ImportError, AttributeError)) as raised:
            load()

        assert explanation(raised.value, "model.py", "").hint.startswith("write ")


def test_of_other_modules_the_hint_says_which_there_are():
    error = ModuleNotFoundError("No module named 'pandas'", name="pandas")

    assert explanation(error, "model.py", "").hint.startswith("there are keras")
