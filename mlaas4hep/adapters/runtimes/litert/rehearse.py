"""What the confined process calls to try out a `.tflite` file that is to run in our own process.

LiteRT reads made-up files without due care: a changed byte may end the process that loads it, or
that predicts with it. So another process does both first; ours only reads what did no harm there.
"""

from contextlib import suppress
from pathlib import Path

import numpy as np

from mlaas4hep.adapters.runtimes.entry import Entry
from mlaas4hep.adapters.runtimes.litert.runtime import bounded_runtime
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.ports import Runtime

_ROWS = (1, 3, 257, 1)  #: of the batches that are predicted


def load(folder: Path, file: str, _input_node: str, _output_node: str) -> dict[str, Entry]:
    """Return no entry: if this returns at all, the file may be loaded; that says what is wrong."""
    with suppress(InvalidRequestError):
        runtime = bounded_runtime((folder / file).read_bytes())
        if runtime is not None:
            _predict(runtime)
    return {}


def _predict(runtime: Runtime) -> None:
    for rows in _ROWS:
        runtime.run(
            {each.name: np.ones((rows, *each.shape[1:]), each.dtype) for each in runtime.inputs}
        )
