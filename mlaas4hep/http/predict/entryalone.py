"""The answer to one raw entry, of which only the prediction is ever new.

Most entries are a number for each branch, all in the ranges that training has seen, for a model that
cuts nothing. Their answers differ in the prediction alone; `raw` answers everything else.
"""

from typing import Any, NamedTuple

import numpy as np
import orjson

from mlaas4hep.http.predict.call import Answer
from mlaas4hep.http.predict.entryresult import answer_of, result_of
from mlaas4hep.serving.loadedmodel import LoadedModel

_MOST_NUMBERS = 4096  #: of a prediction that is told here
_NO_PREDICTION = b'"predictions":[]'  #: inside of texts JSON writes no plain quotation mark
_TOLD = "entry"


class _Frame(NamedTuple):
    """What stands around the prediction, and the headers."""

    before: bytes
    behind: bytes
    headers: tuple[tuple[bytes, bytes], ...]


def answer_alone(served: LoadedModel, entry: Any) -> Answer | None:
    """Return the answer to an entry; None: the entry or the model is not as plain as most are.

    Raises:
        InvalidRequestError: the model refuses it.
    """
    way, transform = served.row_way, served.transform
    straight = transform.straight if transform is not None else None
    row = straight.row(entry) if straight is not None else None
    if way is None or row is None or row.shape[1] != way.width or way.numbers > _MOST_NUMBERS:
        return None
    found = way.outputs(row)
    if found is None:
        return None
    frame: _Frame = way.told.get(_TOLD) or way.told.setdefault(_TOLD, _frame(served, way.numbers))
    values = found[way.output]
    shown = values[0] if way.numbers == 1 else values
    numbers = orjson.dumps(shown, option=orjson.OPT_SERIALIZE_NUMPY)
    return Answer(b"".join((frame.before, numbers, frame.behind)), headers=frame.headers)


def _frame(served: LoadedModel, numbers: int) -> _Frame:
    """Return what is told of an entry whose prediction is so many numbers."""
    predictions = np.zeros(1 if numbers == 1 else (1, numbers), np.float32)
    result = result_of(served, predictions, [True], [()], [()])
    headers = answer_of(result).headers
    text = answer_of({**result, "predictions": []}).body
    before, told, behind = text.partition(_NO_PREDICTION)
    return _Frame(before + told.removesuffix(b"[]"), behind, headers)
