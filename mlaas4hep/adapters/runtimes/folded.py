"""The models of all folds as one: each row goes to the model of its fold."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from mlaas4hep.adapters.runtimes.entry import DEFAULT, Entry, Feeds, ModelError, Outputs
from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.models.bundle.folding import FEED
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.ports import Runtime, TensorInfo


def joined(models: Sequence[Mapping[str, Entry]]) -> dict[str, Entry]:
    """Return the only entry of all models together; it takes the fold of each row besides.

    Names of inputs and outputs differ from one TensorFlow model to the next: those of the first
    count.

    Raises:
        ModelError: they differ in what they take or give, or take several things.
    """
    entries = [_only(each) for each in models]
    first = entries[0]
    if len({_form(each) for each in entries}) != 1:
        raise ModelError("the models of the folds take or give different things")
    ((taken, _, _),) = first.inputs

    def call(feeds: Feeds) -> Outputs:
        folds = feeds[FEED]
        parts: list[tuple[Array, list[Array]]] = []
        for fold, entry in enumerate(entries):
            rows = np.flatnonzero(folds == fold)
            if len(rows):
                parts.append((rows, _run(entry, feeds[taken][rows])))
        if sum(len(rows) for rows, _ in parts) != len(folds):
            raise ValueError(f"there are {len(entries)} folds, and some rows are of none of them")
        names = [name for name, *_ in first.outputs]
        return {name: _together(parts, place, len(folds)) for place, name in enumerate(names)}

    return {DEFAULT: replace(first, inputs=(*first.inputs, (FEED, "int32", (-1,))), call=call)}


def _only(entries: Mapping[str, Entry]) -> Entry:
    if DEFAULT in entries:
        return entries[DEFAULT]
    if len(entries) == 1:
        return next(iter(entries.values()))
    raise ModelError("a model of a fold has several signatures, none the default")


def _form(entry: Entry) -> tuple[Any, ...]:
    """Return what must be the same for all: type and shape of the input, number of outputs."""
    if len(entry.inputs) != 1:
        raise ModelError("the model of a fold has several inputs")
    ((_, dtype, shape),) = entry.inputs
    return dtype, shape, len(entry.outputs)


def _run(entry: Entry, values: Array) -> list[Array]:
    """Return the outputs in the model's order."""
    ((taken, _, _),) = entry.inputs
    outputs = entry.run({taken: values})
    return [outputs[name] for name, *_ in entry.outputs]


def _together(parts: Sequence[tuple[Array, list[Array]]], place: int, rows: int) -> Array:
    """Return one output for all rows, in their order."""
    example = parts[0][1][place]
    found = np.empty((rows, *example.shape[1:]), example.dtype)
    for places, outputs in parts:
        found[places] = outputs[place]
    return found


class FoldedRuntime:
    """A runtime of several models, which answers only who says the fold of each row."""

    def __init__(self, inner: Runtime) -> None:
        self._inner = inner
        self.prompt_rows = 0
        self.platform = inner.platform
        self.inputs: tuple[TensorInfo, ...] = tuple(
            each for each in inner.inputs if each.name != FEED
        )
        self.outputs = inner.outputs
        self.signatures: Mapping[str, Runtime] = {}

    def run(self, feeds: Mapping[str, Array]) -> dict[str, Array]:
        """Return every output; `FEED` says the fold of each row.

        Raises:
            InvalidRequestError: the folds are not said.
        """
        if FEED not in feeds:
            raise InvalidRequestError(
                "this is one model for each fold, and rows of inputs do not say which of them has"
                " not learned from the entry",
                hint='send raw entries with the branches of fold_by: {"entries": [{…}]}',
            )
        return self._inner.run(feeds)
