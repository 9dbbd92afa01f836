"""Named inputs of any shape: what the standard dialects of inference have in common."""

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from mlaas4hep.core.data.columns import Array
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.predict.call import Answer, Call
from mlaas4hep.http.predict.context import Desk
from mlaas4hep.serving.questions import Asked, Feeds, Outputs, Single
from mlaas4hep.serving.registry import Served


def tensor(name: str, values: Any, dtype: str) -> Array:
    """Return nested JSON lists as an array.

    Raises:
        InvalidRequestError: they are not numbers, or not of equal lengths.
    """
    try:
        array = np.array(values)
    except ValueError as error:
        raise InvalidRequestError(f"input {name!r} has rows of different lengths") from error
    if array.dtype.kind not in "biuf":
        raise InvalidRequestError(f"input {name!r} has values that are not numbers")
    return array.astype(dtype, copy=False)


async def predict_tensors(
    desk: Desk,
    call: Call,
    model: str,
    feeds: Callable[[Served], Feeds],
    answer: Callable[[Served, Outputs], Answer],
) -> Answer:
    """Return the answer to one request, and count it."""

    def ask(served: Served) -> Asked:
        inputs = feeds(served)
        rows = max((len(values) for values in inputs.values() if values.ndim), default=0)
        return Asked(inputs, lambda outputs: (answer(served, outputs), rows))

    (result, rows), tally = await desk.ask(call, model, Single(ask))
    tally.rows += rows
    return cast(Answer, result)
