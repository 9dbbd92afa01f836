"""`python -m bench.peers.tfaas PORT SAVED_MODEL PROGRAM FOLDER`: TFaaS itself with the same network.

TFaaS asks a SavedModel by the names of two of its nodes, so that the network is saved once more with
a signature whose input is called as TFaaS expects it. PROGRAM is TFaaS as it builds itself; its limit
of 100 requests a second is lifted, and its log goes nowhere.
"""

import json
import os
import sys
from pathlib import Path

import tensorflow as tf

WIDTH = 42


def main() -> None:
    port, saved, program, folder = sys.argv[1:]
    models = Path(folder) / "models"
    save(saved, models / "lite")
    pages = Path(folder) / "pages"
    (pages / "templates").mkdir(parents=True)
    for name in ("header", "footer"):  # it does not start without
        (pages / "templates" / f"{name}.tmpl").write_text("<p></p>")
    config = {
        "port": int(port),
        "modelDir": str(models),
        "staticDir": str(pages),
        "verbose": 0,
        "rate": "100000000-S",
        "cacheLimit": 10,
    }
    file = Path(folder) / "config.json"
    file.write_text(json.dumps(config))
    os.execv(program, [program, "-config", str(file)])


def save(saved: str, folder: Path) -> None:
    """Save a SavedModel again, with TFaaS's name of the input, and the file that TFaaS reads."""
    inner = tf.saved_model.load(saved)

    class Renamed(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = inner

        @tf.function(input_signature=[tf.TensorSpec((None, WIDTH), tf.float32)])
        def __call__(self, inputs_input: tf.Tensor) -> dict[str, tf.Tensor]:
            return {"output": self.inner.serve(inputs_input)}

    model = Renamed()
    signature = model.__call__.get_concrete_function()
    tf.saved_model.save(model, str(folder), signatures={"serving_default": signature})
    (folder / "assets").mkdir(exist_ok=True)
    names = {"input_name": "serving_default_inputs_input", "output_name": "StatefulPartitionedCall"}
    (folder / "params.json").write_text(json.dumps({"name": "lite", "model": "", **names}))


if __name__ == "__main__":
    main()
