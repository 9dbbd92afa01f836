"""The process that reads footers of Parquet files; only `footers.py` starts it."""

import json
import os
import resource
import socket
import sys
from pathlib import Path
from typing import Any

from mlaas4hep.adapters.confinement.confinement import confine
from mlaas4hep.adapters.sources.columnar.footers import MEMORY_BYTES, SECONDS, receive, send

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
        _allow(SECONDS)
        try:
            told: dict[str, Any] = {"columns": figures(footer)}
        except (Exception, MemoryError) as error:  # noqa: BLE001 - a parser fails in every way
            told = {"error": (str(error).strip() or type(error).__name__).splitlines()[0]}
        send(end, json.dumps(told).encode())


def _allow(seconds: float) -> None:
    """Let the kernel end this process when it computes for longer than the parent waits."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    most = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (most, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def figures(footer: bytes) -> list[dict[str, Any]]:
    """Return what a footer says about each column."""
    import pyarrow as pa  # noqa: PLC0415 - after the process is confined
    from pyarrow import parquet  # noqa: PLC0415

    metadata = parquet.read_metadata(pa.BufferReader(_MARK + footer))
    found: list[dict[str, Any]] = [
        {"compressed": [], "size_bytes": 0, "gaps": 0} for _ in range(metadata.num_columns)
    ]
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        for place, each in enumerate(found):
            column = group.column(place)
            each["compressed"].append(column.total_compressed_size)
            each["size_bytes"] += column.total_uncompressed_size
            if column.statistics is not None and column.statistics.has_null_count:
                each["gaps"] += column.statistics.null_count
    return found


if __name__ == "__main__":
    main(sys.argv[1:])
