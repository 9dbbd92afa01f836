"""The process that reads footers of Parquet files; only `footers.py` starts it."""

import json
import os
import socket
import sys
from pathlib import Path
from typing import Any

from mlaas4hep.adapters.confinement.confinement import confine
from mlaas4hep.adapters.confinement.limits import allow_seconds
from mlaas4hep.adapters.sources.columnar.footers import MEMORY_BYTES, SECONDS, receive, send
from mlaas4hep.adapters.sources.reason import first_line

_MARK = b"PAR1"


def main(arguments: list[str]) -> None:
    """Answer footers with figures until the parent goes.

    Args:
        arguments: socket descriptor, parent's process id.
    """
    descriptor, parent = map(int, arguments)
    end = socket.socket(fileno=descriptor)
    confine(work=Path.cwd(), memory_bytes=MEMORY_BYTES, parent=parent, file_bytes=0)
    while True:
        try:
            footer = receive(end)
        except (EOFError, OSError):
            os._exit(0)
        allow_seconds(SECONDS)
        try:
            told: dict[str, Any] = {"columns": figures(footer)}
        except (Exception, MemoryError) as error:  # noqa: BLE001 - a parser fails in every way
            unknown = isinstance(error, NotImplementedError)
            told = {"error": first_line(error), "unknown": unknown}
        send(end, json.dumps(told).encode())


def figures(footer: bytes) -> list[dict[str, Any]]:
    """Return what a footer says about each column."""
    import pyarrow as pa  # noqa: PLC0415 - after the process is confined
    from pyarrow import parquet  # noqa: PLC0415

    metadata = parquet.read_metadata(pa.BufferReader(_MARK + footer))
    found: list[dict[str, Any]] = [
        {"compressed": [], "starts": [], "counts": [], "values": 0, "size_bytes": 0, "gaps": 0}
        for _ in range(metadata.num_columns)
    ]
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for place, each in enumerate(found):
            column = group.column(place)
            each["compressed"].append(column.total_compressed_size)
            each["starts"].append(_start(column))
            each["counts"].append(column.num_values)
            each["values"] += column.num_values
            each["size_bytes"] += column.total_uncompressed_size
            if column.statistics is not None and column.statistics.has_null_count:
                each["gaps"] += column.statistics.null_count
    return found


def _start(column: Any) -> int:
    """Return where pyarrow begins to read the pages of a column."""
    first: int = column.data_page_offset
    before = column.dictionary_page_offset
    return before if before is not None and 0 < before < first else first


if __name__ == "__main__":
    main(sys.argv[1:])
