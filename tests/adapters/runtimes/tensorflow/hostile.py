"""`python -m tests.adapters.runtimes.tensorflow.hostile FOLDER SECRET`: models that mean harm."""

import json
import shutil
import sys
import zipfile
from pathlib import Path

import numpy as np

from tests.quicktensorflow import keras, tf

_RAW = tf.raw_ops


class _Model(tf.Module):
    """One function, which does what it is given to do."""

    def __init__(self, body, asset=None):
        super().__init__()
        self.weights = tf.Variable(np.ones((2, 2), np.float32))
        self.body = body
        if asset:
            self.asset = tf.saved_model.Asset(str(asset))

    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.float32, name="x")])
    def answer(self, x):
        """Return what the body returns."""
        return {"y": self.body(self, x)}


def _length(text):
    return tf.reshape(tf.cast(tf.strings.length(text), tf.float32), [1, 1])


def _after(operation, x):
    with tf.control_dependencies([operation]):
        return tf.identity(x)


def _all_of(dataset, x):
    return x * tf.cast(dataset.reduce(np.int64(0), lambda total, _: total + 1), tf.float32)


def _readers(secret):
    """Return name → what a SavedModel reads when it is asked."""
    stolen = str(secret.parent / "other" / "variables" / "variables")
    return {
        "reads": lambda _, x: _length(tf.io.read_file(str(secret))) + x,
        "reads-lines": lambda _, x: _all_of(tf.data.TextLineDataset(str(secret)), x),
        "reads-records": lambda _, x: _all_of(tf.data.TFRecordDataset(str(secret)), x),
        "reads-weights": lambda _, x: (
            x
            @ _RAW.RestoreV2(
                prefix=stolen,
                tensor_names=["weights/.ATTRIBUTES/VARIABLE_VALUE"],
                shape_and_slices=[""],
                dtypes=[tf.float32],
            )[0]
        ),
        "reads-a-server": lambda _, x: _length(tf.io.read_file("gs://bucket/key")) + x,
        "lists": lambda _, x: (
            _length(tf.strings.reduce_join(tf.io.matching_files(f"{secret.parent}/*"))) + 0 * x
        ),
    }


def _others(secret, there):
    """Return name → what else a SavedModel does when it is asked."""
    stolen = str(secret.parent / "other" / "variables" / "variables")
    return {
        "writes": lambda _, x: _after(_RAW.WriteFile(filename=f"{there}/w", contents="x"), x),
        "writes-here": lambda _, x: _after(_RAW.WriteFile(filename="here", contents="x"), x),
        "writes-weights": lambda _, x: _after(
            _RAW.SaveV2(
                prefix=f"{there}/s", tensor_names=["a"], shape_and_slices=[""], tensors=[x]
            ),
            x,
        ),
        "moves-weights": lambda _, x: _after(
            _RAW.MergeV2Checkpoints(
                checkpoint_prefixes=[stolen], destination_prefix=f"{there}/m", delete_old_dirs=True
            ),
            x,
        ),
        "keeps": lambda _, x: _all_of(tf.data.Dataset.range(5).cache(f"{there}/c"), x),
        "snapshots": lambda _, x: _all_of(tf.data.Dataset.range(5).snapshot(f"{there}/p"), x),
        "prints": lambda _, x: _after(tf.print("x", output_stream=f"file://{there}/printed"), x),
        "calls-python": lambda _, x: tf.reshape(
            tf.py_function(lambda y: y, [x], tf.float32), [-1, 2]
        ),
        "gives-much": lambda _, x: tf.zeros([1, 100_000_000]) + x[0, 0],
        "good": lambda self, x: x @ self.weights,
    }


def _edited(folder, source, name, change):
    from tensorflow.core.protobuf import saved_model_pb2  # noqa: PLC0415 - after the quick import

    shutil.copytree(folder / source, folder / name)
    path = folder / name / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    change(model.meta_graphs[0])
    path.write_bytes(model.SerializeToString())


def _calls_itself(graph):
    for function in graph.graph_def.library.function:
        node = function.node_def.add(name="again", op="StatefulPartitionedCall")
        node.attr["f"].func.name = function.signature.name
        node.attr["Tin"].list.SetInParent()
        node.attr["Tout"].list.SetInParent()
        function.control_ret["again"] = "again"
        function.signature.control_output.append("again")


def _lies_about_shapes(graph):
    for node in graph.object_graph_def.nodes:
        for size in node.variable.shape.dim if node.HasField("variable") else ():
            size.size = 2**20


def _names_objects_that_are_not_there(graph):
    for node in graph.object_graph_def.nodes:
        for child in node.children:
            child.node_id = 10**6


def _saved(folder, secret, there):
    for name, body in (_readers(secret) | _others(secret, there)).items():
        model = _Model(body)
        tf.saved_model.save(model, str(folder / name), model.answer.get_concrete_function())
    shutil.copytree(folder / "good", secret.parent / "other")
    (folder / "asset.txt").write_text("hello")
    model = _Model(lambda self, x: _length(tf.io.read_file(self.asset)) + x, folder / "asset.txt")
    tf.saved_model.save(model, str(folder / "asset"), model.answer.get_concrete_function())
    (folder / "asset.txt").unlink()

    def elsewhere(graph):
        graph.asset_file_def[0].filename = f"{'../' * 12}{secret}"

    _edited(folder, "asset", "asset-elsewhere", elsewhere)
    _edited(folder, "good", "calls-itself", _calls_itself)
    _edited(folder, "good", "lies-about-shapes", _lies_about_shapes)
    _edited(folder, "good", "names-nothing", _names_objects_that_are_not_there)
    for name, file, content in (
        ("shard-is-empty", "variables/variables.data-00000-of-00001", b""),
        ("index-is-noise", "variables/variables.index", bytes(range(256)) * 3),
        ("is-no-graph", "saved_model.pb", b"\x12\x00" * 1000),
    ):
        shutil.copytree(folder / "good", folder / name)
        (folder / name / file).write_bytes(content)


def _layer(module, class_name, config):
    return {"module": module, "class_name": class_name, "config": config, "registered_name": None}


def _layers(secret, there):
    """Return name → what stands in a Keras file for a layer."""
    lambda_ = {"class_name": "__lambda__", "config": {"code": "4wE=", "defaults": None}}
    return {
        "keras-system": _layer("os", "system", {"command": f"touch {there}/k"}),
        "keras-process": _layer("subprocess", "Popen", {"args": ["touch", f"{there}/k"]}),
        "keras-fetches": _layer(
            "keras.utils", "get_file", {"fname": "x", "origin": f"file://{secret}"}
        ),
        "keras-unsafe": _layer("keras.config", "enable_unsafe_deserialization", {}),
        "keras-lambda": _layer("keras.layers", "Lambda", {"name": "l", "function": lambda_}),
        "keras-other": _layer("keras.layers", "TFSMLayer", {"filepath": str(secret.parent)}),
        "keras-words": _layer("keras.layers", "StringLookup", {"vocabulary": str(secret)}),
        "keras-large": _layer("keras.layers", "Dense", {"units": 2**31}),
    }


def _keras(folder, secret, there):
    entry = keras.Input((2,))
    (folder / "keras-paths").mkdir()
    source = folder / "keras-paths" / "model.keras"
    keras.Model(entry, keras.layers.Dense(2)(entry)).save(source)
    with zipfile.ZipFile(source) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for name, layer in _layers(secret, there).items():
        config = json.loads(parts["config.json"])
        config["config"]["layers"][1] |= layer
        (folder / name).mkdir()
        with zipfile.ZipFile(folder / name / "model.keras", "w") as archive:
            for part, content in parts.items():
                is_config = part == "config.json"
                archive.writestr(part, json.dumps(config) if is_config else content)
    with zipfile.ZipFile(source, "a") as archive:
        archive.writestr(f"{'../' * 12}{there}/z", b"x")
        archive.writestr(f"{there}/z", b"x")


def main(folder, secret, there):
    """Write all models, each into a folder of its name."""
    folder.mkdir()
    _saved(folder, secret, there)
    _keras(folder, secret, there)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
