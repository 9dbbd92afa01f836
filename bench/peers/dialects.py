"""What a bare handler does with a body in each dialect: rows from it, and the answer to them."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, Protocol

import numpy as np
import orjson

V1, INFER = "/v1/models/lite:predict", "/v2/models/lite/infer"
SPLIT = "inference-header-content-length"
Headers = list[tuple[str, str]]
_JSON: Headers = [("content-type", "application/json")]


class Predicts(Protocol):
    """A network."""

    def predicted(self, values: Any) -> np.ndarray:
        """Return its outputs for a row or rows."""


class Told(NamedTuple):
    """An answer."""

    body: bytes
    headers: Headers = _JSON


def answer(model: Predicts, path: str, header: Callable[[str], str], body: bytes) -> Told:
    """Return the answer to a body that was sent to `path`; `header` returns one of its headers."""
    if path == INFER:
        split = header(SPLIT)
        return _infer_binary(model, body, int(split)) if split else _infer(model, body)
    asked = orjson.loads(body)
    if path == V1:
        return Told(_dumps({"predictions": model.predicted(asked["instances"])}))
    if "entries" in asked:
        rows = [list(entry.values()) for entry in asked["entries"]]
        return Told(_dumps({"predictions": model.predicted(rows).reshape(-1)}))
    return Told(_dumps(model.predicted(asked["values"])))


def _infer(model: Predicts, body: bytes) -> Told:
    (sent,) = orjson.loads(body)["inputs"]
    found = model.predicted(np.array(sent["data"], np.float32).reshape(sent["shape"]))
    return Told(_dumps(_described(found, data=found.reshape(-1))))


def _infer_binary(model: Predicts, body: bytes, split: int) -> Told:
    (sent,) = orjson.loads(body[:split])["inputs"]
    found = model.predicted(np.frombuffer(body, np.float32, offset=split).reshape(sent["shape"]))
    data = found.tobytes()
    head = _dumps(_described(found, parameters={"binary_data_size": len(data)}))
    headers = [("content-type", "application/octet-stream"), (SPLIT, str(len(head)))]
    return Told(head + data, headers)


def _described(values: np.ndarray, **more: Any) -> Mapping[str, Any]:
    output = {"name": "output_0", "datatype": "FP32", "shape": values.shape, **more}
    return {"model_name": "lite", "model_version": "1", "outputs": [output]}


def _dumps(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY)
