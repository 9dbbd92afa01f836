"""What lies in the bundle of a Keras model computes what the model does."""

import numpy as np
import onnxruntime
import pytest

pytestmark = pytest.mark.filterwarnings("ignore")


def test_an_adapted_normalization_is_in_model_onnx(keras_framework, tmp_path):
    import keras

    from mlaas4hep.adapters.trainers.keras import bundle

    x = np.random.default_rng(1).normal(7, 3, (64, 4)).astype(np.float32)
    measured = keras.layers.Normalization()
    measured.adapt(x)
    model = keras.Sequential([keras.Input((4,)), measured, keras.layers.Dense(1, "sigmoid")])

    written = bundle.write(tmp_path, model, x)

    assert {one.file for one in written.conversions} == {"model.tflite", "model.onnx"}
    (got,) = onnxruntime.InferenceSession(tmp_path / "model.onnx").run(None, {"input": x})
    np.testing.assert_allclose(got, model.predict(x, verbose=0), atol=1e-5)


class OfItsOwn:
    """Raises what Keras raises of a class that cannot be written: an empty line comes first."""

    def save(self, _path):
        raise NotImplementedError("\nObject Mine was created by passing\nvalues.\n\nExample:\n")


def test_why_there_is_no_keras_file_is_told_in_keras_own_words(keras_framework, tmp_path):
    from mlaas4hep.adapters.trainers.keras.bundle import write_keras

    (missed,) = write_keras(tmp_path / "model.keras", OfItsOwn())

    assert missed.reason == "NotImplementedError: Object Mine was created by passing values."
