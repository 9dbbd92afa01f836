"""One chunk from the function that makes it to the one that learns from it."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import numpy as np

from bench.steps.bodies import Body, Measured
from mlaas4hep.adapters.stores.directory import DirectoryStore
from mlaas4hep.core.data.chunk import ChunkDraft, Shape, decode, encode

T = TypeVar("T")
WIDTHS = (8,) * 52
FLAT = 26


def handover(state: Path, rows: int = 10_000, **_: object) -> Body:
    """Write and read one chunk of 442 columns; its store is a folder.

    Steps fill the matrix of a draft in place, so that writing is sealing it; `encode ms` is what
    an array that lies elsewhere costs. Reading is decoding, and copying the rows as the training
    does, into memory that is used again; nobody needs the mask for that (`mask ms`).
    """
    rng = np.random.default_rng(1)
    x = rng.random((rows, FLAT + sum(WIDTHS)), np.float32)
    y, counts = np.ones(rows, np.float32), np.full((len(WIDTHS), rows), 3, np.uint8)
    taken = np.ones_like(x)
    store = DirectoryStore(state, "chunks")

    def body() -> Measured:
        notes: dict[str, object] = {}
        draft = ChunkDraft.of(Shape(entries=rows, flat=FLAT, widths=WIDTHS))
        draft.x[:], draft.y[:], draft.counts[:] = x, y, counts
        data = _timed(notes, "write ms", draft.seal)
        _timed(notes, "encode ms", lambda: encode(x, y, widths=WIDTHS, counts=counts))
        _timed(notes, "put ms", lambda: store.put("a.chunk", data))
        body = _timed(notes, "get ms", lambda: store.get("a.chunk"))
        _timed(notes, "read ms", lambda: np.copyto(taken, decode(body).x))
        _timed(notes, "mask ms", lambda: decode(body).mask)
        notes["MB"] = round(len(body) / 1e6, 1)
        return Measured(rows, notes)

    return body


def _timed(notes: dict[str, object], name: str, call: Callable[[], T]) -> T:
    started = time.perf_counter()
    result = call()
    notes[name] = round(1000 * (time.perf_counter() - started), 2)
    return result
