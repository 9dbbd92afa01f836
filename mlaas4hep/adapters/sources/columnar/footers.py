"""What the footer of a Parquet file says about its columns, found out by a confined process.

pyarrow ends the whole process, not only the call, where a footer contradicts itself. So another
process reads it first, one for all files: if it ends or takes too long, the file is damaged.
"""

import json
import os
import socket
import struct
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlaas4hep.adapters.confinement.environment import bare_environment

MAX_FOOTER_BYTES = 256 * 1024**2
MEMORY_BYTES = 4 * 1024**3
SECONDS = 20.0  #: for one footer
_MODULE = "mlaas4hep.adapters.sources.columnar.footerchild"
_LENGTH = struct.Struct("<Q")
_START_S = 60.0  #: until it has imported pyarrow


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnFigures:
    """What the footer tells about one column in all row groups."""

    compressed: list[int]  #: of each row group
    starts: list[int]  #: where the pages of each row group begin
    counts: list[int]  #: values of each row group, in all lists together
    values: int  #: in all lists together
    size_bytes: int
    gaps: int  #: values that are missing


class Footers:
    """One process that reads footers for all threads of this one.

    It ends with the thread that started it. So a thread that does nothing else starts and asks it.
    """

    def __init__(self) -> None:
        self._asking = ThreadPoolExecutor(1, "footers")
        self._child: _Child | None = None

    def read(self, footer: bytes) -> list[ColumnFigures]:
        """Return the figures of each column.

        Args:
            footer: the end of the file, with its length and mark.

        Raises:
            ValueError: it is damaged.
            NotImplementedError: it tells of what pyarrow does not know.
        """
        told = self._asking.submit(self._ask, footer).result()
        if "error" in told:
            raise (NotImplementedError if told["unknown"] else ValueError)(told["error"])
        return [ColumnFigures(**each) for each in told["columns"]]

    def _ask(self, footer: bytes) -> Mapping[str, Any]:
        child = self._child
        if child is None or child.has_ended:
            child = self._child = _Child()
        try:
            return child.ask(footer)
        except (OSError, EOFError) as error:
            child.end()
            raise ValueError("its footer contradicts itself") from error


class _Child:
    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="mlaas-footers-")
        self._socket, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-s", "-m", _MODULE, str(theirs.fileno()), str(os.getpid())],
                cwd=self._folder.name,
                env=bare_environment(Path(self._folder.name)) | {"OMP_NUM_THREADS": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
                start_new_session=True,
            )
        self.end = weakref.finalize(self, _end, self._process, self._socket, self._folder)
        self._wait_s = _START_S

    @property
    def has_ended(self) -> bool:
        """Tell whether the process is gone."""
        return self._process.poll() is not None

    def ask(self, footer: bytes) -> Mapping[str, Any]:
        """Return what the process answers; TimeoutError, EOFError or OSError if it does not."""
        self._socket.settimeout(self._wait_s + SECONDS)
        self._wait_s = 0.0
        send(self._socket, footer)
        told: Mapping[str, Any] = json.loads(receive(self._socket))
        return told


def _end(process: "subprocess.Popen[bytes]", end: socket.socket, folder: Any) -> None:
    end.close()
    process.kill()
    process.wait()
    folder.cleanup()


def send(end: socket.socket, data: bytes) -> None:
    """Send bytes behind their length."""
    end.sendall(_LENGTH.pack(len(data)))
    end.sendall(data)


def receive(end: socket.socket) -> bytes:
    """Return what `send` sent; EOFError if it does not come."""
    (size,) = _LENGTH.unpack(_exactly(end, _LENGTH.size))
    if size > MAX_FOOTER_BYTES:
        raise EOFError(f"{size} bytes are announced")
    return _exactly(end, size)


def _exactly(end: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        block = end.recv(min(size - len(data), 1024**2))
        if not block:
            raise EOFError("the other side is gone")
        data += block
    return bytes(data)
