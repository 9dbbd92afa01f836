"""JSON as people's clients send it: also with NaN and Infinity, as Python's and Triton's write it."""

import json
from typing import Any

import orjson

from mlaas4hep.errors import TooLargeError

MAX_VALUES = 4_000_000  #: in one text; each may take a hundred bytes once it is read
_BETWEEN = (b",", b"[", b"{")
_ODD = (b"NaN", b"Infinity")


def loads(body: bytes) -> Any:
    """Return what a JSON text says; ValueError if it is none.

    Raises:
        TooLargeError: it says so many things that reading it would hold others up.
    """
    if len(body) > MAX_VALUES and sum(map(body.count, _BETWEEN)) > MAX_VALUES:
        raise TooLargeError(
            f"the body has more than {MAX_VALUES} values",
            hint="send several requests, or binary tensors to /v2/models/NAME/infer",
        )
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        if not any(each in body for each in _ODD):
            raise
    try:
        return json.loads(body)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
