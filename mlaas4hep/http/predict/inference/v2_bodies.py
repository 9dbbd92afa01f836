"""Bodies of the Open Inference Protocol: JSON, or JSON with binary tensors behind it."""

from functools import lru_cache
from typing import NamedTuple

from mlaas4hep.http.predict.call import said_by
from mlaas4hep.http.predict.inference.v2_infer import (
    RAW,
    InferRequest,
    Input,
    from_json,
    length_of,
)
from mlaas4hep.http.predict.letters import may_hold_truths

_ALIKE, _HEADS = 16 * 1024, 256  #: bytes of bodies whose heads are remembered, and how many heads


def parse(body: bytes, json_bytes: str) -> tuple[InferRequest, bool]:
    """Return the request in a body, and whether true or false may be in its JSON.

    Args:
        json_bytes: the header Inference-Header-Content-Length, "" if all of the body is JSON.

    Raises:
        InvalidRequestError: something is missing, of the wrong type, or of a wrong length.
    """
    split = length_of(json_bytes, len(body)) if json_bytes else len(body)
    text, raw = body[:split], memoryview(body)[split:]
    if raw and len(body) <= _ALIKE:
        known = _of_head(text, len(raw))
        if known is not None:
            return known.with_data(raw), known.truths
    return from_json(said_by(text), raw), may_hold_truths(text)


class _Head(NamedTuple):
    """What the JSON before binary tensors says, which is the same in many requests."""

    request: InferRequest  #: whose inputs have no data
    lengths: tuple[int, ...]  #: of the data of each
    truths: bool

    def with_data(self, raw: memoryview) -> InferRequest:
        """Return the request with its data."""
        at, inputs = 0, []
        for each, length in zip(self.request.inputs, self.lengths, strict=True):
            inputs.append(Input(each.name, each.shape, each.datatype, raw[at : at + length]))
            at += length
        _, outputs, binary, request_id, signature = self.request
        return InferRequest(tuple(inputs), outputs, binary, request_id, signature)


@lru_cache(_HEADS)
def _of_head(text: bytes, size: int) -> _Head | None:
    """Return what a head says of `size` bytes behind it; None if some of the data is in itself."""
    request = from_json(said_by(text), memoryview(bytes(size)))
    if not all(isinstance(each.data, RAW) for each in request.inputs):
        return None
    lengths = tuple([len(each.data) for each in request.inputs])
    bare = tuple([each._replace(data=b"") for each in request.inputs])
    return _Head(request._replace(inputs=bare), lengths, may_hold_truths(text))
