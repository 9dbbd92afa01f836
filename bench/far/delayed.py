"""`python -m bench.far.delayed PORT MS`: a TCP proxy on loopback that adds latency, and nothing else.

What a client sends arrives MS later, and answers are passed on at once: a long cable, not a thin
one. Answers move from socket to socket inside the kernel, for a reader takes 400 MB in a second.
It prints its port when it listens.
"""

import contextlib
import os
import queue
import socket
import sys
import threading
import time
from functools import partial

PIECE = 1 << 20  #: bytes that are moved at once


def _late(source: socket.socket, target: socket.socket, delay_s: float) -> None:
    """Pass on what comes, each piece when its time has come."""
    waiting: queue.SimpleQueue[tuple[float, bytes]] = queue.SimpleQueue()

    def deliver() -> None:
        while True:
            due, data = waiting.get()
            time.sleep(max(due - time.monotonic(), 0))
            if not data:
                break
            target.sendall(data)

    delivering = threading.Thread(target=_quietly, args=(deliver,), daemon=True)
    delivering.start()
    data = b"-"
    while data:
        data = _received(source)
        waiting.put((time.monotonic() + delay_s, data))
    delivering.join()
    _ended(target)


def _received(source: socket.socket) -> bytes:
    try:
        return source.recv(PIECE)
    except OSError:
        return b""


def _moved(source: socket.socket, target: socket.socket) -> None:
    """Pass on what comes, at once."""
    out, into = os.pipe()
    try:
        while there := os.splice(source.fileno(), into, PIECE):
            while there:
                there -= os.splice(out, target.fileno(), there)
    finally:
        os.close(out)
        os.close(into)
        _ended(target)


def _ended(target: socket.socket) -> None:
    with contextlib.suppress(OSError):
        target.shutdown(socket.SHUT_WR)


def _quietly(work: partial[None]) -> None:
    with contextlib.suppress(OSError):
        work()


def _connected(near: socket.socket, port: int, delay_s: float) -> None:
    time.sleep(delay_s)  # the handshake
    with near, socket.create_connection(("127.0.0.1", port)) as far:
        for each in (near, far):
            each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        back = threading.Thread(target=_quietly, args=(partial(_moved, far, near),), daemon=True)
        back.start()
        _late(near, far, delay_s)
        back.join()


def _serve(port: int, delay_s: float) -> None:
    listening = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(listening.getsockname()[1], flush=True)
    while True:
        near, _ = listening.accept()
        work = partial(_connected, near, port, delay_s)
        threading.Thread(target=_quietly, args=(work,), daemon=True).start()


if __name__ == "__main__":
    _serve(int(sys.argv[1]), float(sys.argv[2]) / 1000)
