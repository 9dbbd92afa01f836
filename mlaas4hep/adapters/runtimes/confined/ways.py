"""Signatures of a model as its process announces them, which may say anything."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np

from mlaas4hep.adapters.children import frames
from mlaas4hep.adapters.runtimes.entry import STRINGS
from mlaas4hep.ports import TensorInfo

_ROWS = (-1, -1)  #: the shape that is shown of what takes any


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way into a model."""

    name: str
    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]


def announced(name: str, found: Mapping[str, Any]) -> Way:
    """Return a signature that a child announced; ValueError and others: it makes no sense."""
    return Way(
        name=name,
        inputs=tuple(_info(each) for each in found["inputs"]),
        outputs=tuple(_info(each, found["classes"]) for each in found["outputs"]),
    )


def _info(described: Any, classes: Mapping[str, Any] = MappingProxyType({})) -> TensorInfo:
    name, dtype, shape = described
    if dtype != STRINGS and not _is_number(dtype):
        raise ValueError(f"{name!r} is of type {dtype!r}")
    return TensorInfo(
        name=str(name),
        dtype=str(dtype),
        shape=_ROWS if shape is None else tuple(int(size) for size in shape),
        is_ranked=shape is not None,
        classes=tuple(map(str, classes.get(name, ()))),
    )


def _is_number(dtype: Any) -> bool:
    return isinstance(dtype, str) and dtype.isidentifier() and np.dtype(dtype).kind in frames.KINDS
