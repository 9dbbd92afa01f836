"""Answers of web servers, read while they come fast enough: also heads, and what frames a body.

urllib3 reads answers with `http.client`, and limits neither how long a head may be nor how slowly
anything may come: its timeout begins again with every byte.
"""

import http.client
import io
import socket
import time
from typing import Any

SLOWEST = 50_000  #: bytes a second, after the time that silence may last
HEAD_BYTES = 1024**2  #: of status and headers, answers that are not the last one included
FRAMING_BYTES = 1024**2  #: of sizes of chunks, their extensions and trailers


class Answer(http.client.HTTPResponse):
    """An answer that ends with TimeoutError when its server sends too slowly, bit by bit."""

    def __init__(self, sock: socket.socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        self.fp.close()
        self._incoming = _IncomingBytes(sock)
        self.fp = io.BufferedReader(self._incoming)

    def begin(self) -> None:
        """Read the head, in the time that silence may last."""
        super().begin()
        self._incoming.begin_body(is_framed=self.chunked)

    def read1(self, n: int = -1) -> bytes:
        """Return some bytes of the body, and count them: what else comes only frames them."""
        part = super().read1(n)
        self._incoming.body_bytes += len(part)
        return part


class _IncomingBytes(io.RawIOBase):
    """The bytes of one answer as they come."""

    def __init__(self, sock: socket.socket) -> None:
        super().__init__()
        self._stream = sock.makefile("rb", buffering=0)
        self._silence_s = sock.gettimeout() or 0.0
        self._is_head = True
        self._is_framed = False
        self.body_bytes = 0  #: that were given to whoever reads the answer piece by piece
        self._begin()

    def _begin(self) -> None:
        self._since = time.monotonic()
        self._size_bytes = 0

    def begin_body(self, *, is_framed: bool) -> None:
        """Give the body time of its own; a framed one comes in chunks, with their sizes between."""
        self._is_head, self._is_framed = False, is_framed
        self._begin()

    def readable(self) -> bool:
        return True

    def readinto(self, room: Any) -> int | None:
        self._check()
        count = self._stream.readinto(room)
        self._size_bytes += count or 0
        return count

    def _check(self) -> None:
        """Refuse to go on.

        Raises:
            TimeoutError: it comes too slowly.
            http.client.HTTPException: the head, or what frames the body, does not end.
        """
        if self._is_head and self._size_bytes > HEAD_BYTES:
            raise http.client.HTTPException("a head without end")
        if self._is_framed and self._size_bytes - self.body_bytes > FRAMING_BYTES:
            raise http.client.HTTPException("chunks or trailers without end")
        if time.monotonic() - self._since > self._silence_s + self._size_bytes / SLOWEST:
            raise TimeoutError

    def close(self) -> None:
        self._stream.close()
        super().close()
