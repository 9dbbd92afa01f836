"""The Open Inference Protocol's answer to one row, of which only the numbers are ever new."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from mlaas4hep.http.predict.call import Answer, json_answer
from mlaas4hep.http.predict.inference.v2_outputs import Output
from mlaas4hep.serving.loadedmodel import LoadedModel
from mlaas4hep.serving.questions import Outputs

_REMEMBERED = 1024
_MOST_NUMBERS = 4096  #: of rows that are told here
_NO_DATA = b'"data":[]'  #: inside of texts JSON writes no plain quotation mark
_SINGLE_BYTES = 4


class _Told(NamedTuple):
    """What is the same in all answers of a version of a model."""

    model: str
    version: str
    output: str
    numbers: int
    classes: tuple[str, ...]


def row_answer(
    wanted: Sequence[Output],
    request_id: str,
    served: LoadedModel,
    outputs: Outputs,
    *,
    binary: bool,
) -> Answer | None:
    """Return the answer to one row for a model as plain as most are; None: others have to tell it.

    Args:
        wanted: the outputs that were asked for; none: all.
        request_id: what the caller calls the request; "": nothing.
        served: the model.
        outputs: that it gave.
        binary: whether outputs go behind the JSON, if nobody asked for certain ones.
    """
    way = served.row_way
    if way is None or len(wanted) > 1 or (wanted and wanted[0].name != way.output):
        return None
    values = outputs[way.output]
    if values.shape != (1, way.numbers) or way.numbers > _MOST_NUMBERS:
        return None
    record = served.record
    told = _Told(record.name, record.shown_version, way.output, way.numbers, way.classes)
    if wanted[0].binary if wanted else binary:
        head = _named(_head(told), request_id)
        length = ((b"inference-header-content-length", b"%d" % len(head)),)
        return Answer(head + values.tobytes(), 200, b"application/octet-stream", length)
    before, behind = _frame(told)
    numbers = orjson.dumps(values[0], option=orjson.OPT_SERIALIZE_NUMPY)
    return Answer(b"".join((before, numbers, _named(behind, request_id))))


def _named(text: bytes, request_id: str) -> bytes:
    """Return the end of a JSON object with the name of the request in it, if it has one."""
    return b'%b,"id":%b}' % (text[:-1], orjson.dumps(request_id)) if request_id else text


@lru_cache(_REMEMBERED)
def _frame(told: _Told) -> tuple[bytes, bytes]:
    """Return what stands before and behind the numbers."""
    parameters = {"parameters": {"classes": ",".join(told.classes)}} if told.classes else {}
    before, data, behind = _message(told, {"data": [], **parameters}).partition(_NO_DATA)
    return before + data.removesuffix(b"[]"), behind


@lru_cache(_REMEMBERED)
def _head(told: _Told) -> bytes:
    """Return the JSON before the numbers' bytes."""
    size = {"binary_data_size": told.numbers * _SINGLE_BYTES}
    classes = {"classes": ",".join(told.classes)} if told.classes else {}
    return _message(told, {"parameters": {**size, **classes}})


def _message(told: _Told, data: dict[str, Any]) -> bytes:
    described = {"name": told.output, "datatype": "FP32", "shape": (1, told.numbers), **data}
    return json_answer(
        {"model_name": told.model, "model_version": told.version, "outputs": [described]}
    ).body
