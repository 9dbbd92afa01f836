"""SavedModels, whatever their layers and signatures are called."""

from pathlib import Path
from typing import Any

import tensorflow as tf

from mlaas4hep.adapters.runtimes.entry import Entry, Feeds, ModelError, Outputs
from mlaas4hep.adapters.runtimes.tensorflow.specs import arrays, described, tensors


def load(folder: Path) -> dict[str, Entry]:
    """Return the signatures of the SavedModel in `folder`."""
    loaded = tf.saved_model.load(str(folder))
    signatures = dict(loaded.signatures)
    if not signatures:
        raise ModelError("the SavedModel has no signature: save it with model.export(folder)")
    return {name: _entry(loaded, function) for name, function in signatures.items()}


def _entry(loaded: Any, function: Any) -> Entry:
    _, specs = function.structured_input_signature
    inputs = tuple(described(name, spec) for name, spec in specs.items())
    outputs = tuple(
        described(name, spec) for name, spec in sorted(function.structured_outputs.items())
    )

    def call(feeds: Feeds, _keep: Any = loaded) -> Outputs:  # the variables live in `_keep`
        return arrays(function(**tensors(feeds, inputs)))

    return Entry(inputs=inputs, outputs=outputs, call=call)
