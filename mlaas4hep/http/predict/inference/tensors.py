"""Named inputs of any shape: what the standard dialects of inference have in common."""

from collections.abc import Callable
from typing import Any, cast

from mlaas4hep.core.data.columns import Array
from mlaas4hep.core.models.folding import FEED
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.predict.call import Answer, Call
from mlaas4hep.http.predict.classes import headers_of, row_classes
from mlaas4hep.http.predict.context import Context
from mlaas4hep.http.predict.inference.exact import exact, nested, shown_strings, strings
from mlaas4hep.serving.loadedmodel import LoadedModel
from mlaas4hep.serving.questions import Asked, Feeds, Outputs, Single

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
    """Return what JSON shows of an array: numbers as they are, strings as texts."""
    if array.dtype == object:
        return shown_strings(array)
    return array if array.ndim else array.item()


async def predict_tensors(
    context: Context,
    call: Call,
    model: str,
    feeds: Callable[[LoadedModel], Feeds],
    answer: Callable[[LoadedModel, Outputs], Answer],
    *,
    rows: int = 1,
    signature: str = "",
) -> Answer:
    """Return the answer to one request, and count it.

    Args:
        rows: that are asked about; many are not predicted in the event loop.
    """

    def ask(served: LoadedModel) -> Asked:
        inputs = feeds(served)
        if FEED in inputs and served.record.folds:
            raise InvalidRequestError(f"model {served.record.name!r} has no input {FEED!r}")
        found = max((len(values) for values in inputs.values() if values.ndim), default=0)
        return Asked(inputs, lambda outputs: (_named(served, outputs, answer), found))

    (result, found), tally = await context.ask(call, model, Single(ask, rows), signature)
    tally.rows += found
    return cast(Answer, result)


def _named(
    served: LoadedModel, outputs: Outputs, answer: Callable[[LoadedModel, Outputs], Answer]
) -> Answer:
    """Return the answer with a header that says which class each number is for."""
    told = answer(served, outputs)
    headers = headers_of(row_classes(served, outputs))
    return told._replace(headers=(*told.headers, *headers)) if headers else told
