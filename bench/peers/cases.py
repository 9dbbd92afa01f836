"""What predict and its peers are asked in turns: a row in each dialect, and a thousand."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from bench.peers.dialects import INFER, SPLIT, V1
from bench.predict.questions import KEYS, ONE, VALUES, infer, many_rows

_AS_JSON = "Content-Type: application/json"


@dataclass(frozen=True)
class Case:
    """One kind of request."""

    name: str
    path: str
    body: bytes
    rows: int = 1
    headers: tuple[str, ...] = (_AS_JSON,)


def _case(name: str, path: str, body: Any, rows: int = 1) -> Case:
    return Case(name, path, json.dumps(body).encode(), rows)


def _binary(name: str, rows: list[list[float]]) -> Case:
    split, body = infer(np.array(rows, np.float32))
    return Case(name, INFER, body, len(rows), (_AS_JSON, f"{SPLIT}: {split}"))


def _tensor(rows: list[list[float]]) -> Any:
    flat = [value for row in rows for value in row]
    shape = [len(rows), len(rows[0])]
    return {"name": "keras_tensor", "shape": shape, "datatype": "FP32", "data": flat}


def _entries(rows: list[list[float]]) -> Any:
    return {"model": "lite", "entries": [dict(zip(KEYS, row, strict=True)) for row in rows]}


_ROWS = many_rows()
CASES = (
    _case("one row", "/json", ONE),
    _case("V1", V1, {"instances": [VALUES]}),
    _case("V2 JSON", INFER, {"inputs": [_tensor([VALUES])]}),
    _binary("V2 binary", [VALUES]),
    _case("raw entry", "/json", _entries([VALUES])),
    _case("1000 rows", "/json", {**ONE, "values": _ROWS}, len(_ROWS)),
    _case("1000 rows V2 JSON", INFER, {"inputs": [_tensor(_ROWS)]}, len(_ROWS)),
    _binary("1000 rows V2 binary", _ROWS),
    _case("1000 raw entries", "/json", _entries(_ROWS), len(_ROWS)),
)
