"""Named inputs of any shape: what the standard dialects of inference have in common."""

from collections.abc import Callable
from typing import Any

from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.models.bundle.folding import FEED
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.predict.asking import Asking, Tally
from mlaas4hep.http.predict.call import Answer
from mlaas4hep.http.predict.classes import headers_of, row_classes
from mlaas4hep.http.predict.inference.exact import exact, nested, shown_strings, strings
from mlaas4hep.http.predict.jsonbody import check_told
from mlaas4hep.serving.loadedmodel import LoadedModel
from mlaas4hep.serving.questions import Feeds, Invocation, Outputs, Single

STRINGS = "bytes"  #: the type of tensors of strings


def tensor(name: str, values: Any, dtype: str) -> Array:
    """Return nested JSON lists as an array.

    Raises:
        InvalidRequestError: they are not of that type, or not of equal lengths.
    """
    if dtype == STRINGS:
        return strings(name, values)
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


def asking_tensors(
    model: str,
    feeds: Callable[[LoadedModel], Feeds],
    answer: Callable[[LoadedModel, Outputs], Answer],
    *,
    rows: int = 1,
    signature: str = "",
) -> Asking:
    """Return what asks for the outputs for `feeds`.

    Args:
        model: as the caller names it.
        feeds: returns the model's inputs.
        answer: tells its outputs.
        rows: that are asked about; many are not predicted in the event loop.
        signature: of the model; "": its own.
    """

    def ask(served: LoadedModel) -> Invocation:
        inputs = feeds(served)
        if FEED in inputs and served.record.folds:
            raise InvalidRequestError(f"model {served.record.name!r} has no input {FEED!r}")
        found = max((len(values) for values in inputs.values() if values.ndim), default=0)
        return Invocation(inputs, lambda outputs: (_named(served, outputs, answer), found))

    def told(result: tuple[Answer, int], tally: Tally) -> Answer:
        tally.rows += result[1]
        return result[0]

    return Asking(model, Single(ask, rows), told, signature)


def _named(
    served: LoadedModel, outputs: Outputs, answer: Callable[[LoadedModel, Outputs], Answer]
) -> Answer:
    """Return the answer with a header that says which class each number is for."""
    told = answer(served, outputs)
    headers = headers_of(row_classes(served, outputs))
    return told._replace(headers=(*told.headers, *headers)) if headers else told
