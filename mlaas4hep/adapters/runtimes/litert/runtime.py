"""`Runtime` of a bounded LiteRT model, in this process: microseconds a row."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from mlaas4hep.adapters.runtimes.entry import Shape
from mlaas4hep.adapters.runtimes.litert.bounded import MAX_COST, Bounds, bounds
from mlaas4hep.adapters.runtimes.litert.session import entries, interpreter_of
from mlaas4hep.core.data.columns import Array
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.ports import Runtime, TensorInfo

_BLOCK_BYTES, _BLOCK_COST = 64 * 1024**2, 32_000_000  #: what the rows of one invocation may take

_PROMPT_ROWS = 256  #: more cost too much around the model, not in it


class LiteRtRuntime:
    """One interpreter."""

    platform = "litert"

    def __init__(self, interpreter: Any, limits: Bounds) -> None:
        """Allocate a model that was shown to be bounded."""
        ((_, entry),) = entries(interpreter).items()
        self._run = entry.call if entry.fixed == -1 else entry.run
        self.inputs = tuple(_rows(*each) for each in entry.inputs)
        self.outputs = tuple(_rows(*each) for each in entry.outputs)
        self.signatures: Mapping[str, Runtime] = {}
        self.prompt_rows = min(_PROMPT_ROWS, max(1, MAX_COST // max(1, limits.cost)))
        rows = min(_BLOCK_BYTES // max(1, limits.size_bytes), _BLOCK_COST // max(1, limits.cost))
        self._block = max(1, rows)

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Return every output for all rows of `feeds`."""
        try:
            rows = len(next(iter(feeds.values())))
            if rows <= self._block:
                return self._run(feeds)
            return self._in_blocks(feeds, rows)
        except Exception as error:  # the same
            raise InvalidRequestError(f"the model refuses these inputs: {error}") from error

    def _in_blocks(self, feeds: Mapping[str, Array], rows: int) -> dict[str, Array]:
        size = math.ceil(rows / math.ceil(rows / self._block))  # alike: LiteRT is resized seldom
        parts = [
            self._run({name: each[at : at + size] for name, each in feeds.items()})
            for at in range(0, rows, size)
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def bounded_runtime(content: bytes) -> LiteRtRuntime | None:
    """Return a model to run in this process; None: it must not, as far as we can show.

    Raises:
        InvalidRequestError: it is no model that LiteRT can run.
    """
    try:
        interpreter = interpreter_of(content)
        limits = bounds(interpreter, len(content))
        return None if limits is None else LiteRtRuntime(interpreter, limits)
    except Exception as error:  # a graph that makes no sense fails in every way
        raise InvalidRequestError(f"model.tflite cannot be loaded: {error}") from error


def _rows(name: str, dtype: str, shape: Shape) -> TensorInfo:
    return TensorInfo(name=name, dtype=dtype, shape=(-1, *shape[1:]) if shape else ())
