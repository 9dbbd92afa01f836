"""Messages between a training process and its parent: small JSON packets, files as descriptors.

A file travels as an open descriptor, so that the child needs no right to open what it is given,
and the parent opens no path that model.py could have chosen. Nothing is ever pickled.
"""

import array
import os
import socket
from dataclasses import dataclass
from typing import Self

LONGEST = 64 * 1024  #: bytes of one packet
_FD_SPACE = socket.CMSG_LEN(array.array("i").itemsize)  #: for one; the kernel closes all others


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """One message."""

    kind: str
    body: bytes = b""
    descriptor: int | None = None  #: of an open file; belongs to the receiver


class Channel:
    """One end of a pair of connected sockets."""

    def __init__(self, end: socket.socket) -> None:
        self._socket = end

    @classmethod
    def pair(cls) -> tuple[Self, Self]:
        """Return two ends of a new channel."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        return cls(ours), cls(theirs)

    @classmethod
    def inherited(cls, descriptor: int) -> Self:
        """Return the end that the parent left open as `descriptor`."""
        return cls(socket.socket(fileno=descriptor))

    def fileno(self) -> int:
        """Return the descriptor of this end."""
        return self._socket.fileno()

    def close(self) -> None:
        """Close this end; the other one sees `EOFError`."""
        self._socket.close()

    def send(self, kind: str, body: bytes = b"", descriptor: int | None = None) -> None:
        """Send one packet.

        Raises:
            EOFError: the other end is gone.
        """
        attached = []
        if descriptor is not None:
            rights = array.array("i", [descriptor])
            attached = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)]
        try:
            self._socket.sendmsg([kind.encode() + b"\n" + body], attached)
        except (BrokenPipeError, ConnectionResetError) as error:
            raise EOFError("the other end is gone") from error

    def receive(self, timeout_s: float | None = None) -> Packet | None:
        """Return the next packet, or None when none came in time (None waits for ever).

        Raises:
            EOFError: the other end is gone.
        """
        self._socket.settimeout(timeout_s)
        try:
            data, attached, _, _ = self._socket.recvmsg(LONGEST, _FD_SPACE, socket.MSG_CMSG_CLOEXEC)
        except (TimeoutError, BlockingIOError):
            return None
        except ConnectionResetError as error:
            raise EOFError("the other end is gone") from error
        finally:
            self._socket.settimeout(None)
        if not data:
            raise EOFError("the other end is gone")
        kind, _, body = data.partition(b"\n")
        return Packet(
            kind=kind.decode("ascii", "replace"), body=body, descriptor=_descriptor(attached)
        )


def _descriptor(attached: list[tuple[int, int, bytes]]) -> int | None:
    received = array.array("i")
    for level, kind, data in attached:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            received.frombytes(data[: len(data) - len(data) % received.itemsize])
    for surplus in received[1:]:
        os.close(surplus)
    return received[0] if received else None
