"""`Entry`: one way into a loaded model. Every engine gives a dict of them by signature."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

Feeds = Mapping[str, NDArray[Any]]
Outputs = dict[str, NDArray[Any]]
Shape = tuple[int, ...] | None  #: -1: any size; None: any number of dimensions
Described = tuple[str, str, Shape]  #: name, NumPy type ("bytes": strings), shape

DEFAULT = "serving_default"  #: the signature that TensorFlow means if nobody names one
STRINGS = "bytes"  #: type of tensors of strings: arrays of Python's `bytes`


class ModelError(Exception):
    """The files are no model that can be served; the text tells a person why."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


@dataclass(frozen=True, kw_only=True)
class Entry:
    """What goes in, what comes out, and what computes it."""

    inputs: tuple[Described, ...]  #: the first dimension counts rows
    outputs: tuple[Described, ...]
    call: Callable[[Feeds], Outputs]
    classes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    #: what the numbers in a row of an output are for, where the file says it

    @cached_property
    def fixed(self) -> int:
        """Return how many rows it takes at once; -1: any number."""
        return max((shape[0] for _, _, shape in self.inputs if shape), default=-1)

    def run(self, feeds: Feeds) -> Outputs:
        """Return every output for all rows; a model of fixed batch size is called repeatedly."""
        fixed = self.fixed
        if fixed == -1:
            return self.call(feeds)
        rows = len(next(iter(feeds.values())))
        if fixed == rows:
            return self.call(feeds)
        if fixed < 1 or rows % fixed:
            raise ValueError(f"the model takes {fixed} rows at once, {rows} came")
        parts = [
            self.call({name: each[start : start + fixed] for name, each in feeds.items()})
            for start in range(0, rows, fixed)
        ]
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
