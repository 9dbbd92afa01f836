"""What the confined process calls for a `.tflite` file."""

from pathlib import Path

from mlaas4hep.adapters.runtimes.entry import Entry, ModelError
from mlaas4hep.adapters.runtimes.litert.session import entries, interpreter_of


def load(folder: Path, file: str, _input_node: str, _output_node: str) -> dict[str, Entry]:
    """Return the entries of a model."""
    try:
        return entries(interpreter_of((folder / file).read_bytes()))
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"{file} is no LiteRT model that can run here: {error}") from error
