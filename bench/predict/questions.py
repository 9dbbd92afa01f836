"""What is asked of the predict function."""

import json
from dataclasses import dataclass

import numpy as np

from bench.predict.servers import WIDTH


@dataclass(frozen=True)
class Question:
    """One kind of request."""

    name: str
    port: int
    path: str
    body: bytes
    clients: int
    rows: int = 1
    headers: tuple[str, ...] = ()
    yardstick: str | None = None


CONSTANT, BEHIND = "constant answer", "constant answer, watchdog"
INFER = "/v2/models/lite/infer"
KEYS = [f"b{i:02d}" for i in range(WIDTH)]
VALUES = [round(0.01 * i, 2) for i in range(WIDTH)]
ONE = {"keys": KEYS, "values": VALUES, "model": "lite"}


def questions(port: int, constant: int, token: str) -> list[Question]:
    """Return what is asked at the function's own port."""
    rows = np.array(many_rows(), np.float32)
    auth = (f"Authorization: Bearer {token}",)
    entry = {"model": "lite", "entries": [dict(zip(KEYS, VALUES, strict=True))]}
    many = {"model": "lite", "values": many_rows()}
    entries = [dict(zip(KEYS, row, strict=True)) for row in many_rows()]
    branches = dict(zip(KEYS, map(list, zip(*many_rows(), strict=True)), strict=True))
    head, binary = infer(rows)
    lengths = (*auth, f"Inference-Header-Content-Length: {head}")

    def asked(name: str, body: object, clients: int = 100, rows: int = 1) -> Question:
        return Question(name, port, "/json", _json(body), clients, rows, auth, CONSTANT)

    return [
        Question(CONSTANT, constant, "/", _json(ONE), 100),
        asked("one row", ONE),
        asked("one raw entry", entry),
        asked("one row, SavedModel", {**ONE, "model": "saved"}),
        asked("one row, 1 client", ONE, clients=1),
        asked("1000 rows JSON", many, 4, 1000),
        asked("1000 raw entries JSON", {"model": "lite", "entries": entries}, 4, 1000),
        asked("1000 entries by branch", {"model": "lite", "branches": branches}, 4, 1000),
        Question("1000 rows V2 binary", port, INFER, binary, 4, 1000, lengths, CONSTANT),
    ]


def many_rows() -> list[list[float]]:
    """Return 1000 rows of inputs, always the same."""
    rows = np.random.default_rng(1).random((1000, WIDTH), dtype=np.float32)
    return [[round(float(value), 6) for value in row] for row in rows]


def behind(port: int, constant: int, token: str) -> list[Question]:
    """Return what is asked through a watchdog."""
    auth = (f"Authorization: Bearer {token}",)
    return [
        Question(BEHIND, constant, "/", _json(ONE), 100),
        Question("one row, watchdog", port, "/json", _json(ONE), 100, 1, auth, BEHIND),
    ]


def crowds(port: int, constant: int, token: str) -> list[Question]:
    """Return the same question by more and more clients."""
    auth = (f"Authorization: Bearer {token}",)
    found = []
    for clients in (1, 10, 200):
        held = f"{CONSTANT}, {clients} clients"
        found.append(Question(held, constant, "/", _json(ONE), clients))
        found.append(
            Question(
                f"one row, {clients} clients", port, "/json", _json(ONE), clients, 1, auth, held
            )
        )
    return found


def _json(body: object) -> bytes:
    return json.dumps(body).encode()


def infer(rows: np.ndarray) -> tuple[int, bytes]:
    """Return how long the head of a binary question is, and the whole of it."""
    tensor = {
        "name": "keras_tensor",
        "shape": rows.shape,
        "datatype": "FP32",
        "parameters": {"binary_data_size": rows.nbytes},
    }
    head = _json({"inputs": [tensor], "parameters": {"binary_data_output": True}})
    return len(head), head + rows.tobytes()
