"""Ports for servers that have to be told one."""

import re
import secrets
import socket
from contextlib import ExitStack
from pathlib import Path

HOST = "127.0.0.1"
_LOWEST = 16_384
_MOST_TRIES = 100  #: to find one that nobody has; the system's own choice comes next
_CONNECTIONS = Path("/proc/sys/net/ipv4/ip_local_port_range")


def free_ports(count: int) -> list[int]:
    """Return different ports that nobody listens on now.

    The system takes none of them for a connection, so that no program that only connects somewhere
    has one of them when the server that is told it begins to listen.
    """
    with ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        return [_bound(each) for each in held]


def _bound(held: socket.socket) -> int:
    count = _first_of_connections() - _LOWEST
    for _ in range(min(count, _MOST_TRIES)):
        port = _LOWEST + secrets.randbelow(count)
        try:
            held.bind((HOST, port))
        except OSError:
            continue
        return port
    held.bind((HOST, 0))  # the system takes nearly all of them
    return int(held.getsockname()[1])


def _first_of_connections() -> int:
    try:
        found = re.match(r"\d+", _CONNECTIONS.read_text())
    except OSError:  # not Linux
        return 0
    return int(found[0]) if found else 0
