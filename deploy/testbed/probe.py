"""Answers "is it ready?" for things that listen."""

import socket
from collections.abc import Callable

import httpx2

PATIENCE_S = 2.0


def tcp(address: str) -> Callable[[], bool]:
    """Return a probe: somebody accepts connections on `host:port`."""

    def ready() -> bool:
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), PATIENCE_S).close()
        except OSError:
            return False
        return True

    return ready


def http(url: str, status: int = 200) -> Callable[[], bool]:
    """Return a probe: a GET is answered with `status`; the testbed's own certificate will do."""

    def ready() -> bool:
        try:
            answer = httpx2.get(url, timeout=PATIENCE_S, verify=False)  # our own door
        except httpx2.TransportError:
            return False
        return answer.status_code == status

    return ready
