"""Named inputs of any shape: what the standard dialects of inference have in common."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.data.values.doubles import single_row, singles
from mlaas4hep.core.models.bundle.folding import FEED
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.predict.asking import Asking, Tally
from mlaas4hep.http.predict.call import Answer
from mlaas4hep.http.predict.classes import Headers, headers_of, row_classes
from mlaas4hep.http.predict.inference.exact import exact, is_plain, nested, shown_strings, strings
from mlaas4hep.http.predict.inference.truths import check_no_truths
from mlaas4hep.http.predict.jsonbody import check_told
from mlaas4hep.serving.loadedmodel import LoadedModel
from mlaas4hep.serving.questions import Feeds, Invocation, Outputs, Question, Single

STRINGS = "bytes"  #: the type of tensors of strings

#: tells the outputs of a model, and may name the class of each number of a row
Tells = Callable[[LoadedModel, Outputs, tuple[str, ...]], Answer]
#: returns a model's inputs for one row of plain numbers, or of the bytes of float32
RowFeeds = Callable[[LoadedModel, Any], Feeds]


def tensor(name: str, values: Any, dtype: str, columns: Sequence[str] | None = None) -> Array:
    """Return nested JSON lists as an array.

    Args:
        name: of the input.
        values: for it.
        dtype: that it takes.
        columns: what the numbers of a row are called, as far as that is known, if true or false
            may be among the values; None: neither is.

    Raises:
        InvalidRequestError: they are not of that type, or not of equal lengths.
    """
    if dtype == STRINGS:
        return strings(name, values)
    if columns is not None:
        check_no_truths(f"input {name!r}", values, dtype, columns)
    return exact(name, nested(name, values, dtype), dtype)


def shown(array: Array) -> Any:
    """Return what JSON shows of an array: numbers as they are, strings as texts.

    Raises:
        InvalidRequestError: there are too many.
    """
    check_told(array)
    if array.dtype == object:
        return shown_strings(array)
    return array if array.ndim else array.item()


class Row(NamedTuple):
    """A row of plain numbers for one input, which is joined with others before NumPy sees it."""

    values: list[float] | memoryview  #: or the bytes of single-precision ones
    name: str  #: of the input; "": the only one
    feeds: RowFeeds  #: for any type that a model takes
    answer: Tells

    def about(self, values: list[Any]) -> "Row | None":
        """Return the same question about another row; None: it is not of plain numbers."""
        return Row(values, self.name, self.feeds, self.answer) if is_plain(values) else None

    @property
    def rows(self) -> int:
        """Return 1."""
        return 1

    @property
    def kind(self) -> tuple[int, str, type]:
        """Return what rows have in common that can be joined."""
        return len(self.values), self.name, type(self.values)

    def ask(self, served: LoadedModel) -> Invocation:
        """Return the row; the answer is told as its dialect does."""
        return Invocation(
            _rows_fed(served, (self,)), lambda outputs: (_named(served, outputs, self.answer), 1)
        )

    def alone(self, served: LoadedModel) -> tuple[Answer, int] | None:
        """Return the answer to the row."""
        way = served.row_way
        if way is None or self.name not in ("", way.input):
            return None
        row = _array((self.values,))
        found = way.outputs(row) if row is not None and row.shape[1] == way.width else None
        if found is None:
            return None
        answer = self.answer(served, found, way.classes)
        return (_with(headers_of(way.classes), answer), 1)

    def joined(self, others: "Sequence[Row]") -> Question:
        """Return one question for rows that are alike."""

        def ask(served: LoadedModel) -> Invocation:
            return Invocation(
                _rows_fed(served, others), lambda outputs: _each(served, others, outputs)
            )

        return Single(ask, len(others))


def _rows_fed(served: LoadedModel, rows: Sequence[Row]) -> Feeds:
    """Return rows that are alike as one array, shape (rows, numbers)."""
    info, name = served.row_input, rows[0].name
    if info is not None and name in ("", info.name):
        found = _array([each.values for each in rows])
        if found is not None:
            return {info.name: found}
    feeds = [each.feeds(served, each.values) for each in rows]
    return {name: np.concatenate([each[name] for each in feeds]) for name in feeds[0]}


def _array(rows: Sequence[Any]) -> Array | None:
    """Return what several `Row`s hold; None if it is not for single precision."""
    if isinstance(rows[0], memoryview):
        return np.frombuffer(b"".join(rows), "<f4").reshape(len(rows), -1)
    return single_row(rows[0]) if len(rows) == 1 else singles(rows)


def _each(served: LoadedModel, rows: Sequence[Row], outputs: Outputs) -> list[tuple[Answer, int]]:
    """Return the answer to each row."""
    classes = row_classes(served, outputs)
    headers = headers_of(classes)
    parts = (
        {name: values[place : place + 1] for name, values in outputs.items()}
        for place in range(len(rows))
    )
    answers = (row.answer(served, part, classes) for row, part in zip(rows, parts, strict=True))
    return [(_with(headers, answer), 1) for answer in answers]


def asking_tensors(
    model: str,
    feeds: Callable[[LoadedModel], Feeds],
    answer: Tells,
    *,
    rows: int = 1,
    signature: str = "",
    row: tuple[str, Any, RowFeeds] | None = None,
) -> Asking:
    """Return what asks for the outputs for `feeds`.

    Args:
        model: as the caller names it.
        feeds: returns the model's inputs.
        answer: tells its outputs; its last argument is the class of each number of a row.
        rows: that are asked about; many are not predicted in the event loop.
        signature: of the model; "": its own.
        row: the name of an input ("": the only one), its values, or the bytes of float32, and what
            feeds them, if `feeds` are one row of it.
    """
    if row is not None and (isinstance(row[1], memoryview) or is_plain(row[1])):
        return Asking(model, Row(row[1], row[0], row[2], answer), _counted, signature)

    def ask(served: LoadedModel) -> Invocation:
        inputs = feeds(served)
        if FEED in inputs and served.record.folds:
            raise InvalidRequestError(f"model {served.record.name!r} has no input {FEED!r}")
        found = max((len(values) for values in inputs.values() if values.ndim), default=0)
        return Invocation(inputs, lambda outputs: (_named(served, outputs, answer), found))

    return Asking(model, Single(ask, rows), _counted, signature)


def _counted(result: tuple[Answer, int], tally: Tally) -> Answer:
    tally.rows += result[1]
    return result[0]


def _named(served: LoadedModel, outputs: Outputs, answer: Tells) -> Answer:
    """Return the answer with a header that says which class each number is for."""
    classes = row_classes(served, outputs)
    return _with(headers_of(classes), answer(served, outputs, classes))


def _with(headers: Headers, answer: Answer) -> Answer:
    return answer._replace(headers=(*answer.headers, *headers)) if headers else answer
