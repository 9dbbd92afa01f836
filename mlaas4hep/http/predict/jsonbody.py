"""JSON as people's clients send it: also with NaN and Infinity, as Python's and Triton's write it."""

import json
from typing import Any

import orjson

_ODD = (b"NaN", b"Infinity")


def loads(body: bytes) -> Any:
    """Return what a JSON text says; ValueError if it is none."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        if not any(each in body for each in _ODD):
            raise
    try:
        return json.loads(body)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
