"""What the confined process calls for a model in the format of the framework that trained it."""

from importlib import import_module
from pathlib import Path

import numpy as np

from mlaas4hep.adapters.runtimes.entry import DEFAULT, Entry, Feeds, ModelError, Outputs
from mlaas4hep.core.models.bundle.kinds import MODEL_KINDS


def load(folder: Path, file: str, _input_node: str, _output_node: str) -> dict[str, Entry]:
    """Return the only entry: rows of numbers in, scores out."""
    name = next(kind.framework for kind in MODEL_KINDS if kind.fits(file))
    framework = import_module(f"mlaas4hep.adapters.native.{name}")
    try:
        loaded = framework.load(folder / file)
    except ModuleNotFoundError:
        raise
    except Exception as error:  # an unpickler and three parsers have no common error
        raise ModelError(f"{file} is no model of {name} that can be read here: {error}") from error

    def call(feeds: Feeds) -> Outputs:
        return {"scores": loaded.scores(np.ascontiguousarray(feeds["input"], np.float32))}

    inputs = (("input", "float32", (-1, loaded.columns or -1)),)
    outputs = (("scores", "float32", (-1, loaded.outputs() or -1)),)
    classes = {"scores": loaded.classes} if loaded.classes else {}
    return {DEFAULT: Entry(inputs=inputs, outputs=outputs, call=call, classes=classes)}
