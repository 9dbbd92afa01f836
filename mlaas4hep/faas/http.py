"""HTTP/1.1 to functions, on aiohttp: how dispatcher and laptop gateway call, and what passes on.

Connections are kept; bodies stream both ways; an answer may come before its request has ended.
"""

import errno
import socket
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

import aiohttp

from mlaas4hep.adapters.networks import Networks

Headers = list[tuple[bytes, bytes]]

CONNECT_S = 5.0
KEPT_S = 15.0  #: idle connections are closed before the other side, which keeps them longer, does
_HOP_BY_HOP = frozenset(  # RFC 9110 §7.6.1; the length is written anew
    {
        b"connection",
        b"content-length",
        b"expect",
        b"http2-settings",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
_ALL = Networks()
_ALIVE = (  # the kernel finds out within a minute that the other machine is gone
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 10),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
)


@asynccontextmanager
async def calls(networks: Networks = _ALL) -> AsyncIterator[aiohttp.ClientSession]:
    """Give what calls functions: it adds no header, follows nothing and unpacks nothing.

    Nothing ends by itself but the attempt to connect: callers say how long they wait.

    Args:
        networks: what is connected to. Each address is looked at when its socket is made, however
            it was written and whatever its name meant before.
    """

    def open_socket(address: aiohttp.AddrInfoType) -> socket.socket:
        if not networks.allow(address[4][0]):
            raise PermissionError(errno.EACCES, "it is a machine of an internal network")
        return _watched_socket(address)

    connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=KEPT_S, socket_factory=open_socket)
    async with aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_S),
    ) as session:
        yield session


def end_to_end(headers: Iterable[tuple[bytes, bytes]]) -> Headers:
    """Return what is meant for the far end: without length, hop-by-hop headers, and those named so.

    Args:
        headers: with names in lower case.
    """
    given = list(headers)
    named = tokens(given, b"connection")
    return [each for each in given if each[0] not in _HOP_BY_HOP and each[0] not in named]


def tokens(headers: Iterable[tuple[bytes, bytes]], name: bytes) -> frozenset[bytes]:
    """Return the members of a list header in lower case, over all its lines."""
    lines = b",".join(value for each, value in headers if each == name)
    return frozenset(member.strip() for member in lines.lower().split(b",")) - {b""}


def _watched_socket(address: aiohttp.AddrInfoType) -> socket.socket:
    family, kind, protocol, _, _ = address
    open_socket = socket.socket(family=family, type=kind, proto=protocol)
    for level, option, value in _ALIVE:
        open_socket.setsockopt(level, option, value)
    return open_socket
