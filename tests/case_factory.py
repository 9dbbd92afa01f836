"""Builds models of odd kinds, one a folder: `python -m tests.case_factory FOLDER`.

loop, bomb      LiteRT graphs that never end, or take a megabyte and more for a row
int8            a quantised LiteRT model, with rows and what TensorFlow's interpreter says to them
counts          a SavedModel that takes int64, uint8 and bool
words           a SavedModel from strings to strings
ways            a SavedModel with the signatures `double` and `triple` only
examples        signatures `classify` and `regress` that take tf.Examples, as TensorFlow 1 exported
half_plus_two   x / 2 + 2, as TensorFlow Serving's README has it
snake           a SavedModel that calls Python
lambda, own     .keras files with code of their own
named           a .keras file that takes its two inputs by name, and gives a - b
old             .h5 of the net; text: its frozen graph as .pbtxt
keras2          a .keras file that Keras 2 wrote, with what it says
two_ends        a frozen graph with two outputs that nobody reads
split           a frozen graph whose last node has two outputs
"""

import json
import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np

from tests.quicktensorflow import keras, tf

F32 = tf.float32


def lite(function, folder, *, fitted=None):
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [function.get_concrete_function()], function
    )
    if fitted is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([row[None]] for row in fitted)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
    folder.mkdir()
    (folder / "model.tflite").write_bytes(converter.convert())


@tf.function(input_signature=[tf.TensorSpec([None, 4], F32, name="x")])
def loop(x):
    _, y = tf.while_loop(lambda i, _: i < 1, lambda i, v: (i * 0, v + 1.0), [tf.constant(0), x])
    return {"y": y}


@tf.function(input_signature=[tf.TensorSpec([None, 1], F32, name="x")])
def bomb(x):
    filled = tf.fill([tf.shape(x)[0], 1024, 1024], 1.0)
    return {"y": tf.reduce_sum(filled + x[0, 0], axis=[1, 2])}


def int8(folder):
    rng = np.random.default_rng(3)
    rows = rng.uniform(-2, 2, (40, 4)).astype(np.float32)
    weights = rng.normal(size=(4, 2)).astype(np.float32)

    @tf.function(input_signature=[tf.TensorSpec([None, 4], F32, name="x")])
    def dense(x):
        return {"y": tf.nn.relu(x @ weights)}

    lite(dense, folder, fitted=rows)
    (folder / "expected.json").write_text(
        json.dumps({"rows": rows[:3].tolist(), "expected": dense(rows[:3])["y"].numpy().tolist()})
    )


class Counts(tf.Module):
    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 1], tf.int64, name="n"),
            tf.TensorSpec([None, 1], tf.uint8, name="small"),
            tf.TensorSpec([None, 1], tf.bool, name="yes"),
        ]
    )
    def __call__(self, n, small, yes):
        return {"sum": n + tf.cast(small, tf.int64) + tf.cast(yes, tf.int64)}


class Words(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None, 1], tf.string, name="word")])
    def __call__(self, word):
        return {"twice": tf.strings.join([word, word])}


class Ways(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None, 1], F32, name="x")])
    def double(self, x):
        return {"y": 2 * x}

    @tf.function(input_signature=[tf.TensorSpec([None, 1], F32, name="x")])
    def triple(self, x):
        return {"y": 3 * x}


class Examples(tf.Module):
    """Parses serialised tf.Examples with the features x (a number) and kind (a text)."""

    @staticmethod
    def scores(serialised):
        wanted = {
            "x": tf.io.FixedLenFeature([1], F32),
            "kind": tf.io.FixedLenFeature([1], tf.string, b""),
            "n": tf.io.FixedLenFeature([1], tf.int64, 0),
        }
        found = tf.io.parse_example(serialised, wanted)
        extra = tf.cast(tf.equal(found["kind"], b"late"), F32) + tf.cast(found["n"], F32)
        return found["x"] / 2 + extra

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def regress(self, inputs):
        return {"outputs": self.scores(inputs)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def classify(self, inputs):
        scores = self.scores(inputs)
        names = tf.tile(tf.constant([["higgs", "qcd"]]), [tf.shape(inputs)[0], 1])
        return {"classes": names, "scores": tf.concat([scores, 1 - scores], 1)}


class HalfPlusTwo(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None, 1], F32, name="x")])
    def __call__(self, x):
        return {"y": x / 2 + 2}


class Snake(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None, 1], F32, name="x")])
    def __call__(self, x):
        return {"y": tf.numpy_function(lambda values: values, [x], F32)}


@keras.saving.register_keras_serializable("cases")
class Own(keras.layers.Layer):
    def call(self, x):
        return x + 1


def two_ends(folder):
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(F32, (None, 1), name="x")
        tf.identity(x + 1, name="plus")
        tf.identity(x - 1, name="minus")
    folder.mkdir()
    (folder / "graph.pb").write_bytes(graph.as_graph_def().SerializeToString())


def split(folder):
    with tf.Graph().as_default() as graph:
        x = tf.compat.v1.placeholder(F32, (None, 2), name="x")
        tf.split(x, 2, axis=1, name="halves")
    folder.mkdir()
    (folder / "graph.pb").write_bytes(graph.as_graph_def().SerializeToString())


def dense():
    return keras.Sequential([keras.Input((4,), name="features"), keras.layers.Dense(1)])


def named(folder):
    a, b = keras.Input((1,), name="a"), keras.Input((1,), name="b")
    folder.mkdir()
    keras.Model({"b": b, "a": a}, keras.layers.Subtract()([a, b])).save(folder / "model.keras")


def old(folder):
    model = dense()
    folder.mkdir()
    model.save(folder / "model.h5")
    rows = np.array([[0.1, 0.2, 0.3, 0.4], [1, 2, 3, 4]], np.float32)
    kept = {"rows": rows.tolist(), "expected": model.predict(rows, verbose=0).tolist()}
    (folder / "expected.json").write_text(json.dumps(kept))


def keras2(folder):
    os.environ["TF_USE_LEGACY_KERAS"] = "1"
    import tf_keras  # noqa: PLC0415 - Keras 2 beside Keras 3

    model = tf_keras.Sequential(
        [
            tf_keras.layers.Dense(3, activation="relu", input_shape=(4,)),
            tf_keras.layers.BatchNormalization(),
            tf_keras.layers.LeakyReLU(alpha=0.2),
            tf_keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    folder.mkdir()
    model.save(folder / "model.keras")
    rows = np.array([[0.1, 0.2, 0.3, 0.4], [1, 2, 3, 4]], np.float32)
    kept = {"rows": rows.tolist(), "expected": model.predict(rows, verbose=0).tolist()}
    (folder / "expected.json").write_text(json.dumps(kept))


def main(folder: Path) -> None:
    keras.utils.set_random_seed(11)
    lite(loop, folder / "loop")
    lite(bomb, folder / "bomb")
    int8(folder / "int8")
    for name, module in (
        ("counts", Counts()),
        ("words", Words()),
        ("half_plus_two", HalfPlusTwo()),
        ("snake", Snake()),
    ):
        tf.saved_model.save(module, str(folder / name), signatures=module.__call__)
    ways = Ways()
    signatures = {"double": ways.double, "triple": ways.triple}
    tf.saved_model.save(ways, str(folder / "ways"), signatures=signatures)
    examples = Examples()
    signatures = {"classify": examples.classify, "regress": examples.regress}
    tf.saved_model.save(examples, str(folder / "examples"), signatures=signatures)
    for name, layer in (("lambda", keras.layers.Lambda(lambda x: x * 2)), ("own", Own())):
        (folder / name).mkdir()
        keras.Sequential([keras.Input((4,)), layer]).save(folder / name / "model.keras")
    old(folder / "old")
    named(folder / "named")
    keras2(folder / "keras2")
    two_ends(folder / "two_ends")
    split(folder / "split")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
