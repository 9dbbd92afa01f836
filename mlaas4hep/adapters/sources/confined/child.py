"""`python -m mlaas4hep.adapters.sources.confined.child`: the process that reads one file.

It can reach nothing: the bytes of the file come through its socket. Only `table.py` starts it.
"""

import importlib
import os
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

from mlaas4hep.adapters.children import frames
from mlaas4hep.adapters.confinement.confinement import confine
from mlaas4hep.adapters.confinement.limits import allow_seconds
from mlaas4hep.adapters.sources.columnar.file import PlaceFile
from mlaas4hep.adapters.sources.columnar.table import Opening, Table
from mlaas4hep.adapters.sources.confined import packing
from mlaas4hep.adapters.sources.places.bytes import FileBytes
from mlaas4hep.adapters.sources.places.place import Bytes, Ends, PendingBytes, Place, Span
from mlaas4hep.adapters.sources.reason import first_line
from mlaas4hep.core import wire
from mlaas4hep.core.data.columns import Array
from mlaas4hep.errors import MlaasError

_FORMATS = "mlaas4hep.adapters.sources."
Answer = dict[str, Array]


class _AskedBytes:
    """`Bytes` for which the parent is asked."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def ask(self, spans: Sequence[Span]) -> list[PendingBytes]:
        """Return the bytes of each span, which are here already."""
        frames.send(self._end, {"ask": [list(span) for span in spans]}, {})
        _, arrays = frames.receive(self._end)
        return [partial(_plain, arrays[str(number)]) for number in range(len(spans))]


def _plain(values: Array) -> memoryview:
    return values.data


class _Reader:
    """One file, opened when something is asked about it."""

    def __init__(self, content: Bytes, module: Any) -> None:
        self._content = content
        self._module = module
        self._table: Table | None = None
        self._stack = ExitStack()

    def open(self, asked: dict[str, Any]) -> Answer:
        """Return what the table in the file holds."""
        place, file = self._file(asked)
        opening = Opening(
            place=place, file=file, tree=asked["tree"], layout=asked["layout"], stack=self._stack
        )
        self._table = self._module.open_table(opening)
        contents = wire.dump(self._table.contents)
        return {packing.TOLD: packing.as_json(contents.decode())}

    def trees(self, asked: dict[str, Any]) -> Answer:
        """Return the names of the tables in the file."""
        _, file = self._file(asked)
        return {packing.TOLD: packing.as_json(self._module.list_trees(file))}

    def read(self, asked: dict[str, Any]) -> Answer:
        """Return the entries of a window."""
        assert self._table is not None  # noqa: S101 - the parent opens first
        return packing.pack(self._table.read(asked["names"], (asked["start"], asked["stop"])))

    def _file(self, asked: dict[str, Any]) -> tuple[Place, PlaceFile]:
        content, size = self._content, asked["size_bytes"]
        place = Place(
            url=asked["url"],
            version="",
            size_bytes=size,
            open=lambda _stack: content,
            ends=Ends(size) if isinstance(content, _AskedBytes) else None,  # asked for in pages
        )
        return place, PlaceFile(place, content)


def main(arguments: list[str]) -> None:
    """Answer frames with frames until the parent goes.

    Args:
        arguments: socket descriptor, parent's process id, memory, processor time for one answer,
            module of the format.
    """
    descriptor, parent, memory_bytes, seconds, module = arguments
    end = socket.socket(fileno=int(descriptor))
    confine(work=Path.cwd(), memory_bytes=int(memory_bytes), parent=int(parent), file_bytes=0)
    content = _content(end)
    reader = _Reader(content, prepare(module))
    ways = {"open": reader.open, "trees": reader.trees, "read": reader.read}
    while True:
        try:
            asked, _ = frames.receive(end)
        except (EOFError, OSError):
            os._exit(0)
        allow_seconds(float(seconds))
        head, arrays = _answer(ways[asked["what"]], asked)
        frames.send(end, head, arrays)


def _content(end: socket.socket) -> Bytes:
    """Return the bytes of the file: of the descriptor that comes first, or as the parent has them."""
    _, descriptors, _, _ = socket.recv_fds(end, 1, 1, socket.MSG_CMSG_CLOEXEC)
    return FileBytes(descriptors[0]) if descriptors else _AskedBytes(end)


def prepare(module: str) -> Any:
    """Import and return a format; its `prepare()`, if it has one, does the rest."""
    found = importlib.import_module(f"{_FORMATS}{module}")
    if hasattr(found, "prepare"):
        found.prepare()
    return found


def _answer(
    way: Callable[[dict[str, Any]], Answer], asked: dict[str, Any]
) -> tuple[dict[str, Any], Answer]:
    try:
        return {}, way(asked)
    except MlaasError as error:
        problem = error.problem.to_json()
        return {"error": error.code, "problem": problem}, {}
    except MemoryError:
        return {"error": "memory"}, {}
    except Exception as error:  # noqa: BLE001 - a parser that meets wrong bytes fails in every way
        return {"error": "damaged", "text": first_line(error)[:1000]}, {}


if __name__ == "__main__":
    main(sys.argv[1:])
