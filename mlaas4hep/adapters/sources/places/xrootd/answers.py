"""Questions and answers between us and a process in which XRootD's client works.

A question is its length and JSON; an answer is the number of its question, what it is, its length,
and the bytes of a file or JSON. What comes in is not believed: a server may have taken the process.
"""

import json
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

_LENGTH = struct.Struct("<I")
_HEAD = struct.Struct("<QBQ")
_MOST_ASKED = 8 * 1024**2  #: bytes of one question
_AT_ONCE = 512  #: buffers of one call; the kernel takes 1024
TOLD_BYTES = 16 * 1024**2  #: of an answer that is JSON

TOLD, CONTENT, FAILED = range(3)


class Answer(NamedTuple):
    """One answer."""

    number: int
    kind: int
    body: memoryview


class NonsenseError(Exception):
    """The process sent what is no answer."""


def ask(end: socket.socket, asked: dict[str, Any]) -> None:
    """Send a question; OSError: nobody takes it."""
    text = json.dumps(asked).encode()
    end.sendall(_LENGTH.pack(len(text)) + text)


def next_question(end: socket.socket) -> dict[str, Any]:
    """Return the next question; EOFError: there will be none."""
    (length,) = _LENGTH.unpack(_filled(end, bytearray(_LENGTH.size)))
    if length > _MOST_ASKED:
        raise EOFError
    found: dict[str, Any] = json.loads(bytes(_filled(end, bytearray(length))))
    return found


def tell(end: socket.socket, number: int, kind: int, parts: Sequence[Any]) -> None:
    """Send an answer of these buffers; OSError: nobody takes it."""
    size = sum(len(part) for part in parts)
    buffers = [memoryview(_HEAD.pack(number, kind, size)), *(memoryview(part) for part in parts)]
    for first in range(0, len(buffers), _AT_ONCE):
        _send_all(end, buffers[first : first + _AT_ONCE])


def told(
    end: socket.socket,
    most_bytes: Callable[[int, int], int],
    room: Callable[[int], memoryview],
) -> Answer:
    """Return the next answer.

    Args:
        end: the socket.
        most_bytes: how many an answer to a question, by its number, of a kind may have.
        room: gives room for so many bytes.

    Raises:
        EOFError, OSError: the process is gone.
        NonsenseError: what came is no answer.
    """
    number, kind, size = _HEAD.unpack(_filled(end, bytearray(_HEAD.size)))
    if size > most_bytes(number, kind):
        raise NonsenseError(f"an answer of kind {kind} and {size} bytes")
    return Answer(number, kind, _filled(end, room(size)))


def _send_all(end: socket.socket, buffers: list[memoryview]) -> None:
    sent = end.sendmsg(buffers)
    for each in buffers:
        if sent < len(each):
            end.sendall(each[sent:])
        sent = max(0, sent - len(each))


def _filled(end: socket.socket, room: bytearray | memoryview) -> memoryview:
    whole = memoryview(room)
    got = 0
    while got < len(whole):
        count = end.recv_into(whole[got:])
        if not count:
            raise EOFError
        got += count
    return whole
