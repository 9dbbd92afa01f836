"""Builds the small models that serving is tested with: `python -m tests.model_factory FOLDER`.

net      4 → 1 (sigmoid): saved_model.pb, model.keras, model.tflite, frozen.pb, expected.json
classes  4 → 3 (softmax): model.tflite
image    8 x 8 x 3 → 3 (softmax): model.tflite
pair     inputs `left` (2), `right` (3) → outputs `total` (1), `scaled` (2): both forms
loose    frozen.pb: `x` of any shape → `y`, twice that in bfloat16
"""

import json
import os
import sys
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np

from tests.quicktensorflow import keras, tf

ROWS = [[0.1, 0.2, 0.3, 0.4], [0.9, 0.8, 0.7, 0.6], [0.0, 0.0, 0.0, 0.0]]


def save(model: keras.Model, folder: Path) -> None:
    model.export(folder, verbose=False)
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder))
    (folder / "model.tflite").write_bytes(converter.convert())


def dense(outputs: int, activation: str) -> keras.Model:
    return keras.Sequential(
        [
            keras.Input((4,), name="features"),
            keras.layers.Dense(5, activation="tanh", name="first_of_any_name"),
            keras.layers.Dense(outputs, activation=activation, name="last"),
        ]
    )


def frozen(model: keras.Model, path: Path) -> None:
    from tensorflow.python.framework.convert_to_constants import (  # noqa: PLC0415 - quickly
        convert_variables_to_constants_v2,
    )

    function = tf.function(model).get_concrete_function(
        tf.TensorSpec((None, 4), tf.float32, name="entry")
    )
    graph = convert_variables_to_constants_v2(function).graph.as_graph_def()
    path.write_bytes(graph.SerializeToString())
    (path.parent / "frozen_output.txt").write_text(graph.node[-1].name)


def thief(path: Path) -> None:
    graph = tf.Graph()
    with graph.as_default():
        fed = tf.compat.v1.placeholder(tf.float32, (None, 1), name="x")
        length = tf.strings.length(tf.io.read_file("/etc/passwd"))
        tf.identity(fed + tf.cast(length, tf.float32), name="y")
    path.parent.mkdir()
    path.write_bytes(graph.as_graph_def().SerializeToString())


def loose(path: Path) -> None:
    with tf.Graph().as_default() as graph:
        fed = tf.compat.v1.placeholder(tf.float32, name="x")
        tf.cast(2 * fed, tf.bfloat16, name="y")
    path.parent.mkdir()
    path.write_bytes(graph.as_graph_def().SerializeToString())


class Pair(keras.layers.Layer):
    def call(self, left, right):
        total = tf.reduce_sum(left, axis=1, keepdims=True) + tf.reduce_sum(
            right, axis=1, keepdims=True
        )
        return total, left * 2


def main(folder: Path) -> None:
    keras.utils.set_random_seed(7)
    net = dense(1, "sigmoid")
    save(net, folder / "net")
    net.save(folder / "net" / "model.keras")
    frozen(net, folder / "net" / "frozen.pb")
    expected = net.predict(np.array(ROWS, dtype="float32"), verbose=0).tolist()
    (folder / "net" / "expected.json").write_text(json.dumps({"rows": ROWS, "expected": expected}))
    save(dense(3, "softmax"), folder / "classes")
    save(
        keras.Sequential(
            [
                keras.Input((8, 8, 3)),
                keras.layers.Rescaling(1 / 255),
                keras.layers.GlobalAveragePooling2D(),
                keras.layers.Softmax(),
            ]
        ),
        folder / "image",
    )
    thief(folder / "thief" / "frozen.pb")
    loose(folder / "loose" / "frozen.pb")
    left, right = keras.Input((2,), name="left"), keras.Input((3,), name="right")
    total, scaled = Pair()(left, right)
    save(keras.Model([left, right], {"total": total, "scaled": scaled}), folder / "pair")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
