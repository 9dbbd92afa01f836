"""Loaded models that predict."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.ports.objects import ObjectStore


@dataclass(frozen=True, slots=True, kw_only=True)
class TensorInfo:
    """One input or output of a model."""

    name: str
    dtype: str  #: NumPy name, such as "float32"; "bytes": strings, as Python's `bytes`
    shape: tuple[int, ...]  #: -1: any size; the first dimension counts rows
    is_ranked: bool = True  #: False: it takes any number of dimensions; `shape` is rows of numbers
    classes: tuple[str, ...] = ()  #: what each number of a row is for, if the model's file says it

    def takes(self, shape: Sequence[int]) -> bool:
        """Tell whether arrays of this shape go in, whatever the number of rows."""
        return not self.is_ranked or (
            len(shape) == len(self.shape)
            and all(due in (-1, size) for due, size in zip(self.shape[1:], shape[1:], strict=True))
        )


class Runtime(Protocol):
    """A loaded model, ready to predict. It is used by one thread at a time."""

    @property
    def platform(self) -> str:
        """What runs it: "litert", "onnx" or "tensorflow"."""

    @property
    def prompt_rows(self) -> int:
        """How many rows surely take less than a millisecond; 0: it could take for ever."""

    @property
    def signatures(self) -> Mapping[str, "Runtime"]:
        """Its ways in by name, if there are several; without a default, `inputs` is empty."""

    @property
    def inputs(self) -> tuple[TensorInfo, ...]:
        """What it takes, in the model's order."""

    @property
    def outputs(self) -> tuple[TensorInfo, ...]:
        """What it gives, in the model's order."""

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Return every output for all rows of `feeds`, one array an input, all of equal length.

        Raises:
            InvalidRequestError: shapes or types do not fit the model, or its graph refuses them.
            ServiceUnavailableError: what runs it died; the model must be loaded again.
        """


LoadModel = Callable[[ObjectStore, ModelRecord], Runtime]  #: InvalidRequestError: it is broken
