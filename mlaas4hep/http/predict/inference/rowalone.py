"""The request of the Open Inference Protocol that nearly all are: one row of numbers, nothing else."""

from typing import Any, NamedTuple


class RowAlone(NamedTuple):
    """What such a request says."""

    name: str  #: of the input
    values: list[Any]
    id: str


def row_alone(message: Any) -> RowAlone | None:
    """Return the row, which needs no second look; None: whoever reads all requests has to tell."""
    try:
        (sent,) = message["inputs"]
        name, shape, kind, data = sent["name"], sent["shape"], sent["datatype"], sent["data"]
        is_bare = len(sent) == 4 and len(message) == 1 + ("id" in message)  # noqa: PLR2004
        rows, width = shape
        request_id = message.get("id", "")
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    is_row = rows.__class__ is int and rows == 1 and width.__class__ is int and kind == "FP32"
    if not is_bare or not is_row or data.__class__ is not list or len(data) != width:
        return None
    are_texts = name.__class__ is str and request_id.__class__ is str
    return RowAlone(name, data, request_id) if are_texts else None
