"""What the confined process calls for everything that TensorFlow runs.

Importing TensorFlow takes seconds and half a gigabyte.
"""

from pathlib import Path

from mlaas4hep.adapters.runtimes.entry import Entry
from mlaas4hep.adapters.runtimes.tensorflow import frozen, kerasfile, saved


def load(folder: Path, file: str, input_node: str, output_node: str) -> dict[str, Entry]:
    """Return the entries of the model in `folder`."""
    path = folder / file
    if path.name in ("saved_model.pb", "saved_model.pbtxt"):
        return saved.load(path.parent)
    if path.suffix in (".keras", ".h5", ".hdf5"):
        return kerasfile.load(path)
    return frozen.load(path, input_node, output_node)
