"""Rows of network inputs as TFaaS takes them: `{"keys": […], "values": […], "model": "luca_1"}`.

`values` is one row, or a list of rows; they go to the network as they are. `keys` may be left out,
or name the columns in any order. The answer to one row is the list of the network's outputs, such
as `[0.086]`; to many rows, a list of
such lists. The header `X-Classes` names the class of each number.
"""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.data.values.doubles import single_row
from mlaas4hep.core.nearest import nearest
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.predict.asking import Asking, Tally
from mlaas4hep.http.predict.call import Answer, json_answer
from mlaas4hep.http.predict.classes import classes_of, headers_of
from mlaas4hep.http.predict.context import only_input, row_output
from mlaas4hep.http.predict.inference.exact import exact, is_numbers, is_plain, listed, many
from mlaas4hep.http.predict.inference.tensors import shown
from mlaas4hep.http.predict.inference.truths import check_no_truths
from mlaas4hep.ports import TensorInfo
from mlaas4hep.serving.loadedmodel import LoadedModel, in_one_text
from mlaas4hep.serving.questions import Feeds, Invocation, Outputs, Question, Single

_ROW = (list, np.ndarray)


class RowOutputs(NamedTuple):
    """The model's outputs for rows, and the class that each number of a row is for."""

    values: Array
    classes: tuple[str, ...]


class Rows(NamedTuple):
    """One request for predictions of rows."""

    values: Sequence[Any] | Array
    keys: Sequence[str] = ()
    order: str = ""  #: the keys in one text: rows with the same are joined
    single: bool = False  #: `values` is one row and not a list of rows
    truths: bool = False  #: true or false may be among the values

    @classmethod
    def of(
        cls,
        values: Sequence[Any] | Array,
        keys: Sequence[str],
        order: str = "",
        *,
        truths: bool = False,
    ) -> "Rows":
        """Return what asks for `values`, a row or a list of rows."""
        single = len(values) > 0 and not isinstance(values[0], _ROW)
        return cls(values=values, keys=keys, order=order, single=single, truths=truths)

    def about(self, values: list[Any]) -> "Rows":
        """Return the same question about another row, in which is neither null, true nor false."""
        return Rows(values, self.keys, self.order, True, False)

    @property
    def rows(self) -> int:
        """Return how many there are."""
        return 1 if self.single else len(self.values)

    @property
    def kind(self) -> tuple[int, str] | None:
        """Return what single rows have in common that can be joined."""
        return (len(self.values), self.order) if self.single and not self.truths else None

    def ask(self, served: LoadedModel) -> Invocation:
        """Return the rows as the model takes them; the answer is its outputs, one row each."""
        return Invocation(self._feeds(served), partial(self._predicted, served))

    def alone(self, served: LoadedModel) -> RowOutputs | None:
        """Return what a plain row is answered with."""
        way = served.row_way
        if way is None or not self.single or not self._fits(way.width, served.order):
            return None
        found = way.outputs(single_row(self.values))
        return None if found is None else RowOutputs(found[way.output][0], way.classes)

    def _predicted(self, served: LoadedModel, outputs: Outputs) -> RowOutputs:
        values = row_output(served, outputs, self.rows)
        classes = classes_of(served, values)
        return RowOutputs(values.reshape(-1) if self.single else values, classes)

    def joined(self, others: "Sequence[Rows]") -> Question:
        """Return one question for single rows that are alike."""
        whole = Rows(values=[each.values for each in others], keys=self.keys)
        return Single(whole.ask_all, len(others))

    def ask_all(self, served: LoadedModel) -> Invocation:
        """Return the inputs for all rows; the answer is the list of their outputs."""

        def answer(outputs: Outputs) -> list[RowOutputs]:
            result = row_output(served, outputs, len(self.values))
            classes = classes_of(served, result)
            return [RowOutputs(row, classes) for row in result.reshape(len(result), -1)]

        return Invocation(self._feeds(served), answer)

    def _feeds(self, served: LoadedModel) -> Feeds:
        info = served.row_input
        if info is not None and self.single and self._fits(info.shape[1], served.order):
            return {info.name: single_row(self.values)}
        info = only_input(served)
        if self.truths:
            check_no_truths("the model", self.values, info.dtype, self.keys or served.columns)
        values = numbers(self.values, info.dtype, served.missing)
        if self.keys and (not self.order or self.order != served.order):
            order = column_order(served, self.keys)
            if order is None:
                _check_count(self.keys, values)
            elif values.shape[-1] == len(order):
                values = values[..., order]
        return {info.name: shaped(served, values, info)}

    def _fits(self, width: int, order: str) -> bool:
        """Tell whether this row surely goes to a network of `width` inputs as it is."""
        is_ordered = not self.keys or (bool(self.order) and self.order == order)
        is_row = not self.truths and len(self.values) == width
        return is_ordered and is_row and is_plain(self.values)


def rows_of(request: dict[str, Any], *, truths: bool = False) -> Rows:
    """Return the rows in a JSON object, whose numbers `truths` may be among.

    Raises:
        InvalidRequestError: `values` is not a list or `keys` not a list of names.
    """
    values, keys = request.get("values"), request.get("keys") or []
    if not isinstance(values, list) or not values:
        raise InvalidRequestError(
            "`values` is missing or empty", hint='send {"keys": [], "values": [1, 2], "model": "m"}'
        )
    try:
        order = in_one_text(keys) if isinstance(keys, list) else None
    except TypeError:
        order = None
    if order is None:
        raise InvalidRequestError("`keys` is not a list of names")
    return Rows.of(values, keys, order, truths=truths)


def asking_rows(model: str, rows: Rows, signature: str = "") -> Asking:
    """Return what asks for predictions of rows; they are told as JSON."""

    def to_answer(predicted: RowOutputs, tally: Tally) -> Answer:
        tally.rows += 1 if rows.single else len(predicted.values)
        return json_answer(shown(predicted.values), headers=headers_of(predicted.classes))

    return Asking(model, rows, to_answer, signature)


def numbers(values: Sequence[Any] | Array, dtype: str, missing: float) -> Array:
    """Return numbers of a JSON request as an array.

    Args:
        values: numbers, and `null` where there is no value.
        dtype: of the array.
        missing: what is put there.

    Raises:
        InvalidRequestError: something is not a number, or rows have different lengths.
    """
    found = many(values, dtype)
    if found is not None:
        return found
    try:
        array = listed(values, dtype)
        if array.dtype == object:
            given = [missing if each is None else each for each in array.flat]
            array = listed(given, dtype).reshape(array.shape)
    except (ValueError, TypeError) as error:
        raise InvalidRequestError(
            "the values are not numbers, or the rows have different lengths"
        ) from error
    if not is_numbers(array):
        raise InvalidRequestError("the values are not numbers")
    return array.astype(dtype) if array.dtype.kind == "b" else exact("values", array, dtype)


def _check_count(keys: Sequence[str], values: Array) -> None:
    if len(set(keys)) < len(keys):
        twice = next(key for place, key in enumerate(keys) if key in keys[:place])
        raise InvalidRequestError(f"`keys` names {twice!r} twice", branch=twice)
    if values.ndim and values.shape[-1] != len(keys):
        raise InvalidRequestError(
            f"`keys` has {len(keys)} names, a row has {values.shape[-1]} values",
            hint="name each value, or leave keys out",
        )


def column_order(served: LoadedModel, keys: Sequence[str]) -> list[int] | None:
    """Return where each column of the network is in `keys`; None if they are in order already.

    Keys of a model that was not trained here are not checked: nobody knows its columns.

    Raises:
        InvalidRequestError: a key is unknown, missing or there twice.
    """
    columns = served.columns
    if not columns or list(columns) == keys:
        return None
    places = {key: place for place, key in enumerate(keys)}
    unknown = sorted(places.keys() - set(columns))
    if unknown:
        raise InvalidRequestError(
            f"key {unknown[0]!r} is no column of model {served.record.name!r}",
            branch=unknown[0],
            hint=nearest(unknown[0], columns),
        )
    missing = [name for name in columns if name not in places]
    if missing or len(keys) != len(columns):
        what = f"{missing[0]!r} is missing" if missing else "one is there twice"
        raise InvalidRequestError(
            f"`keys` has {len(keys)} names, model {served.record.name!r} has {len(columns)} "
            f"columns: {what}",
            hint=f"GET /models/{served.record.name} lists them",
        )
    return [places[name] for name in columns]


def shaped(served: LoadedModel, values: Array, info: TensorInfo) -> Array:
    """Return `values` with one dimension for rows and the model's dimensions behind it.

    Raises:
        InvalidRequestError: they do not fit.
    """
    sizes = info.shape[1:]
    if values.shape[1:] == sizes:
        return values
    if values.ndim == len(sizes) or (values.ndim == 1 and sizes):
        values = values[None]
        if values.shape[1:] == sizes:
            return values
    if -1 not in sizes and values.ndim == 2 and values.shape[1] == math.prod(sizes):  # noqa: PLR2004
        return values.reshape(-1, *sizes)
    if not info.takes(values.shape):
        raise InvalidRequestError(
            f"a row has {math.prod(values.shape[1:])} values, model {served.record.name!r} takes "
            f"{' x '.join(map(str, sizes)) or 1}",
            hint=f"input {info.name!r} has shape {list(info.shape)}: its first dimension counts rows",
        )
    return values
