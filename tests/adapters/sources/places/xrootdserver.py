"""An XRootD server of a few lines that does what servers should not; on loopback.

The protocol: a handshake, then requests of 24 bytes and a body, answers of 8 bytes and a body
(XRootD protocol specification, version 5).
"""

import socketserver
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import ClassVar

from tests.dataservers import web_server

HANDSHAKE = 20
OK, OK_SO_FAR, ATTENTION, ERROR, REDIRECT, WAIT, WAIT_FOR_ANSWER = 0, 4000, 4001, *range(4003, 4007)
QUERY, CLOSE, FOLDER, PROTOCOL, LOGIN, OPEN, PING, READ, STAT, END, VECTOR = (
    *(3001, 3003, 3004, 3006, 3007, 3010, 3011, 3013, 3017, 3023, 3025),
)
SIZE = 1000
BLOCK = bytes(1024**2)


class Line:
    """One connection, with what is sent on it."""

    def __init__(self, sock, address) -> None:
        self.sock = sock
        self.address = address

    def answer(self, stream: bytes, status: int, body: bytes = b"") -> None:
        self.sock.sendall(stream + struct.pack(">HI", status, len(body)) + body)

    def flood(self, head: bytes) -> None:
        """Send a head, then zeros until nobody takes them."""
        self.sock.sendall(head)
        while True:
            self.sock.sendall(BLOCK)


Act = Callable[[Line, bytes, bytes], None]  #: is given the connection, stream and body


def _good(line: Line, stream: bytes, kind: int, body: bytes) -> None:
    """Answer as a server does that has one file of zeros."""
    answers = {
        PROTOCOL: struct.pack(">II", 0x500, 1),
        LOGIN: bytes(16),
        STAT: b"1 %d 48 1700000000\0" % SIZE,
        OPEN: bytes(12) + b"1 %d 48 1700000000\0" % SIZE,
        QUERY: b"1024\n2097136\n\0",
        FOLDER: b"a.root\nb.root\0",
    }
    if kind == VECTOR:
        heads = [body[at : at + 16] for at in range(0, len(body), 16)]
        content = b"".join(head + bytes(struct.unpack(">I", head[4:8])[0]) for head in heads)
        line.answer(stream, OK, content)
        return
    line.answer(stream, OK, answers.get(kind, b""))


@contextmanager
def hostile(
    acts: dict[int, Act], note: Callable[[int], None] = lambda _kind: None
) -> Iterator[str]:
    """Serve, with these acts instead of good answers; give the prefix of URLs.

    `note` is told the kind of each question.
    """

    class Handler(socketserver.BaseRequestHandler):
        greetings: ClassVar[bytes] = bytes(4) + struct.pack(">III", 8, 0x500, 1)

        def handle(self) -> None:
            with suppress(OSError, EOFError):
                line = Line(self.request, self.server.server_address)
                self._exactly(HANDSHAKE)
                self.request.sendall(self.greetings)
                while True:
                    stream, kind, size = self._request()
                    body = self._exactly(size)
                    note(kind)
                    if kind in acts:
                        acts[kind](line, stream, body)
                    else:
                        _good(line, stream, kind, body)

        def _request(self) -> tuple[bytes, int, int]:
            head = self._exactly(24)
            return head[:2], *struct.unpack(">H", head[2:4]), *struct.unpack(">I", head[20:])

        def _exactly(self, size: int) -> bytes:
            data = b""
            while len(data) < size:
                part = self.request.recv(size - len(data))
                if not part:
                    raise EOFError
                data += part
            return data

    with web_server(Handler) as prefix:
        yield prefix.replace("http:", "root:")


def endless_message(line: Line, stream: bytes, _body: bytes) -> None:
    """One answer of two gigabytes."""
    line.flood(stream + struct.pack(">HI", OK, 2**31 - 1))


def endless_error(line: Line, stream: bytes, _body: bytes) -> None:
    """An error whose text is two gigabytes."""
    line.flood(stream + struct.pack(">HI", ERROR, 2**31 - 1) + struct.pack(">I", 3005))


def endless_parts(line: Line, stream: bytes, _body: bytes) -> None:
    """An answer in parts, of which none is the last."""
    while True:
        line.answer(stream, OK_SO_FAR, b"a.root\n" * 100_000)


def endless_attention(line: Line, _stream: bytes, _body: bytes) -> None:
    """Messages that nobody asked for."""
    some = struct.pack(">HHII", 0, ATTENTION, 4096, 5002) + bytes(4092)
    while True:
        line.sock.sendall(some * 100)


def wait_for_ever(line: Line, stream: bytes, _body: bytes) -> None:
    """Come again in a second, each time."""
    line.answer(stream, WAIT, struct.pack(">I", 1) + b"\0")


def wait_for_an_answer(line: Line, stream: bytes, _body: bytes) -> None:
    """An answer will come, in a hundred years."""
    line.answer(stream, WAIT_FOR_ANSWER, struct.pack(">I", 2**31 - 1))


def redirect_in_circles(line: Line, stream: bytes, _body: bytes) -> None:
    """Go to this server."""
    host, port = line.address
    line.answer(stream, REDIRECT, struct.pack(">I", port) + host.encode())


def garbage(line: Line, _stream: bytes, _body: bytes) -> None:
    """No answer at all, but bytes."""
    line.flood(b"\xff" * 4096)


def silence(_line: Line, _stream: bytes, _body: bytes) -> None:
    """Nothing."""
    threading.Event().wait(0)


def nonsense(line: Line, stream: bytes, _body: bytes) -> None:
    """An answer that means nothing."""
    line.answer(stream, OK, b"\xff\0-1 99999999999999999999999999 x\n" * 3)


def other_bytes(line: Line, stream: bytes, body: bytes) -> None:
    """Other parts of the file than were asked for."""
    line.answer(stream, OK, body[:4] + struct.pack(">IQ", 4, 900) + b"abcd")


def too_many_bytes(line: Line, stream: bytes, body: bytes) -> None:
    """More bytes than were asked for, and their head says so."""
    line.flood(
        stream + struct.pack(">HI", OK, 2**31 - 1) + body[:4] + struct.pack(">I", 2**31 - 32)
    )
