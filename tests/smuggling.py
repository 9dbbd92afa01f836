"""Attempts to make one caller's bytes part of another's request (RFC 9112 §11), for any door.

A door is anything that speaks HTTP/1.1 and hands requests on: the laptop's gateway, OpenFaaS's
gateway, of-watchdog, oauth2-proxy.
"""

import re
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass

from tests.calls import PATIENCE_S

MARK = "/smuggled"  #: the path that no function may ever be asked for
PAUSE = "{pause}"  #: what follows is sent when others have been answered, as a segment of its own
_ANSWER = re.compile(rb"^HTTP/1\.[01] ([2-5]\d\d)", re.MULTILINE)
NEXT = "GET {path}" + MARK + " HTTP/1.1\r\nHost: {host}\r\n\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """Where to knock, and with what."""

    port: int
    path: str = "/"  #: of a call that is answered at once; `MARK` is appended to it
    headers: str = ""  #: lines that end with CRLF, such as a token
    host: str = "127.0.0.1"  #: as TLS and the Host header say it
    address: str = "127.0.0.1"
    tls: ssl.SSLContext | None = None

    def connect(self) -> socket.socket:
        """Return a fresh connection."""
        line = socket.create_connection((self.address, self.port), timeout=PATIENCE_S)
        return self.tls.wrap_socket(line, server_hostname=self.host) if self.tls else line

    def fill(self, text: str) -> bytes:
        """Put path, host and headers of this door into the text of an attack."""
        filled = text.replace("{path}", self.path).replace("{host}", self.host)
        return filled.replace("{headers}", self.headers).encode("latin-1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an attack led to."""

    statuses: tuple[int, ...]  #: of the answers on the attacker's connection, in order
    victims: tuple[int, ...]  #: what others got who called meanwhile


def head(method: str, *lines: str) -> str:
    return "\r\n".join([f"{method} {{path}} HTTP/1.1", "Host: {host}", *lines, "{headers}\r\n"])


_POST_5 = ("Content-Length: 5",)
CHUNKED = "Transfer-Encoding: chunked"
_SIZE = "Content-Length: 64"

#: by name: what is sent at once, and how many answers there may be on that connection
ATTACKS: dict[str, tuple[str, int]] = {
    "upgrade with a length and no body": (
        head("GET", "Connection: upgrade", "Upgrade: x", "Content-Length: 60"), 1),
    "upgrade with a length and the next request as body": (
        head("GET", "Connection: upgrade", "Upgrade: x", "Content-Length: 60") + NEXT, 1),
    "upgrade of a POST": (
        head("POST", "Connection: upgrade", "Upgrade: h2c", *_POST_5) + "hello" + NEXT, 1),
    "upgrade to a websocket": (
        head("GET", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==") + NEXT, 1),
    "upgrade in chunks": (
        head("POST", "Connection: upgrade", "Upgrade: x", CHUNKED) + "5\r\nhello\r\n0\r\n\r\n", 1),
    "upgrade with a length, its body apart": (
        head("POST", "Connection: upgrade", "Upgrade: x", "Content-Length: 60") + PAUSE + NEXT, 1),
    "upgrade in chunks, its body apart": (
        head("POST", "Connection: upgrade", "Upgrade: x", CHUNKED) + PAUSE + NEXT, 1),
    "a tunnel": ("CONNECT {host}:80 HTTP/1.1\r\nHost: {host}:80\r\n\r\n" + NEXT, 1),
    "length and chunks (CL.TE)": (head("POST", _SIZE, CHUNKED) + "0\r\n\r\n" + NEXT, 1),
    "chunks and length (TE.CL)": (
        head("POST", CHUNKED, "Content-Length: 4") + "2e\r\n" + NEXT + "\r\n0\r\n\r\n", 1),
    "two lengths": (head("POST", "Content-Length: 5", "Content-Length: 0") + "hello" + NEXT, 1),
    "a list of lengths": (head("POST", "Content-Length: 5, 0") + "hello" + NEXT, 1),
    "a signed length": (head("POST", "Content-Length: +5") + "hello" + NEXT, 1),
    "a negative length": (head("POST", "Content-Length: -5") + "hello" + NEXT, 1),
    "a length in hex": (head("POST", "Content-Length: 0x5") + "hello" + NEXT, 1),
    "a length with a gap": (head("POST", "Content-Length: 5 0") + "hello" + NEXT, 1),
    "a length without end": (head("POST", f"Content-Length: {'9' * 30}") + "hello" + NEXT, 1),
    "a folded header": (
        head("POST", "X-Own: a\r\n Content-Length: 5", "Content-Length: 0") + NEXT, 1),
    "a folded encoding": (
        head("POST", "Transfer-Encoding:\r\n chunked", "Content-Length: 4") + "0\r\n\r\n" + NEXT, 1),
    "a blank before the colon": (
        head("POST", "Content-Length: 0", "Transfer-Encoding : chunked") + "0\r\n\r\n" + NEXT, 1),
    "an unknown encoding": (
        head("POST", "Transfer-Encoding: xchunked", "Content-Length: 5") + "hello" + NEXT, 1),
    "chunked and something behind it": (
        head("POST", "Transfer-Encoding: chunked, identity") + "0\r\n\r\n" + NEXT, 1),
    "two encodings": (
        head("POST", CHUNKED, "Transfer-Encoding: identity") + "0\r\n\r\n" + NEXT, 1),
    "a vertical tab in the encoding": (
        head("POST", "Transfer-Encoding: \x0bchunked", "Content-Length: 5") + "hello" + NEXT, 1),
    "chunks of HTTP/1.0": (
        "POST {path} HTTP/1.0\r\nHost: {host}\r\n" + CHUNKED + "\r\n\r\n0\r\n\r\n" + NEXT, 1),
    "a bare line feed in a header": (
        head("POST", "X-Own: a\nContent-Length: 5", "Content-Length: 0") + "hello" + NEXT, 1),
    "a bare carriage return in a header": (
        head("POST", "X-Own: a\rContent-Length: 5", "Content-Length: 0") + NEXT, 1),
    "a null byte in a header": (head("GET", "X-Own: a\0b") + NEXT, 1),
    "two hosts": (head("GET", "Host: elsewhere") + NEXT, 1),
    "a chunk of hexadecimal form": (head("POST", CHUNKED) + "0x5\r\nhello\r\n0\r\n\r\n" + NEXT, 1),
    "a negative chunk": (head("POST", CHUNKED) + "-5\r\nhello\r\n0\r\n\r\n" + NEXT, 1),
    "a chunk without end": (head("POST", CHUNKED) + f"{'f' * 17}\r\nhello" + NEXT, 1),
    "a chunk longer than it says": (head("POST", CHUNKED) + "3\r\nhello\r\n0\r\n\r\n" + NEXT, 1),
    "a chunk that ends with a bare line feed": (
        head("POST", CHUNKED) + "5\nhello\n0\n\n" + NEXT, 1),
    "an extension with a bare line feed": (
        head("POST", CHUNKED) + "5;a\nhello\r\n0\r\n\r\n" + NEXT, 1),
    "a trailer that is a header": (
        head("POST", CHUNKED) + "5\r\nhello\r\n0\r\nContent-Length: 60\r\n\r\n", 1),
    "an extension": (head("POST", CHUNKED) + "5;a=b\r\nhello\r\n0\r\n\r\n", 1),
    "expected, never sent": (head("POST", "Expect: 100-continue", "Content-Length: 60"), 1),
    "expected, and a request as body": (
        head("POST", "Expect: 100-continue", f"Content-Length: {len(NEXT) - 20}") + NEXT, 1),
    "the length is hop by hop": (
        head("POST", "Connection: keep-alive, content-length", *_POST_5) + "hello", 1),
    "one after the other": (head("GET") + head("POST", *_POST_5) + "hello" + head("GET"), 3),
}  # fmt: skip


def attack(door: Door, name: str, knocks: int = 10) -> Outcome:
    """Send one attack, and call as others while its connection is open and after it."""
    return sent(door, ATTACKS[name][0], knocks)


def sent(door: Door, text: str, knocks: int) -> Outcome:
    """Send the text of an attack, and call as others; see `attack`."""
    with door.connect() as connection:
        victims = _send(connection, door, text)
        first = _read(connection, seconds=0.3)
        victims += [knock(door) for _ in range(knocks)]
        rest = _read(connection, seconds=0.2)
    victims += [knock(door) for _ in range(knocks)]
    return Outcome(statuses=_statuses(first + rest), victims=tuple(victims))


def _send(connection: socket.socket, door: Door, text: str) -> list[int]:
    """Send the parts of an attack; return what others got in the pauses."""
    first, *others = text.split(PAUSE)
    connection.sendall(door.fill(first))
    victims = []
    for part in others:
        victims.append(knock(door))
        with suppress(ConnectionError):  # it was refused already
            connection.sendall(door.fill(part))
    return victims


def knock(door: Door) -> int:
    """Return the status of one honest call over a connection of its own; 0 if there is none."""
    with door.connect() as connection:
        connection.sendall(door.fill(head("GET", "Connection: close")))
        return next(iter(_statuses(_read(connection, seconds=PATIENCE_S))), 0)


def most_answers(name: str) -> int:
    """Return how many answers an attack may get."""
    return ATTACKS[name][1]


def _statuses(said: bytes) -> tuple[int, ...]:
    return tuple(int(found) for found in _ANSWER.findall(said))


def _read(connection: socket.socket, seconds: float) -> bytes:
    """Return what comes until the connection is closed or silent."""
    said = b""
    connection.settimeout(seconds)
    with suppress(TimeoutError, ConnectionError):
        while block := connection.recv(65536):
            said += block
    return said
