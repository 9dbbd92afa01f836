"""What others than people send: claims of tokens, answers of web servers, lists of XRootD folders.

A web server answers on loopback, byte by byte; whatever it says, it is a file, or one of our errors.
"""

import base64
import json
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from fuzz.target import Read, Target
from mlaas4hep.adapters.identity.signing import ALGORITHM
from mlaas4hep.adapters.identity.tokens import Verifier
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.web.client import WebClient
from mlaas4hep.adapters.sources.places.web.ends import FileEnds
from mlaas4hep.adapters.sources.places.web.place import WebPlaces
from mlaas4hep.laptop import issuer
from mlaas4hep.settings import Settings

_CLAIMS = json.dumps(
    {
        "iss": issuer.ISSUER,
        "aud": [issuer.AUDIENCE],
        "sub": "alice",
        "preferred_username": "alice",
        "groups": ["cms", "/cms/higgs"],
        "iat": 1_700_000_000,
        "nbf": 1_700_000_000,
        "exp": 4_000_000_000,
    }
).encode()
_BODY = bytes(range(200))
_PARTS = b"bytes 0-199/200"


def _answer(status: bytes, *lines: bytes, body: bytes = _BODY) -> bytes:
    length = b"Content-Length: %d" % len(body)
    return b"\r\n".join([b"HTTP/1.1 " + status, *lines, length, b"", body])


_ANSWERS = (
    _answer(b"206 Partial Content", b"Content-Range: " + _PARTS, b'ETag: "1"'),
    _answer(
        b"200 OK", b"Content-Type: text/plain", b"Last-Modified: Sat, 28 Nov 2026 04:00:00 GMT"
    ),
    b"HTTP/1.1 206 P\r\nContent-Range: " + _PARTS + b"\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"c8;x=y\r\n" + _BODY + b"\r\n0\r\nA: b\r\n\r\n",
)
_WORDS = (
    *(b"HTTP/1.1 %d X\r\n" % status for status in (206, 200, 302, 416, 429, 503)),
    *(b"\r\n", b": ", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"bytes 0-"),
    *(
        b"Content-Encoding: gzip\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"Location: /b\r\n",
        b"http://",
    ),
    *(b"Content-Range: bytes 0-199/", b"Retry-After: 7\r\n", b"X-A: b\r\n" * 200, b"ffffffff\r\n"),
)


def _web(_folder: Path) -> Read:
    """Serve whatever is to be tried; return what reads a file from there."""
    kept = ExitStack()
    door = kept.enter_context(closing(socket.create_server(("127.0.0.1", 0))))
    url = f"http://127.0.0.1:{door.getsockname()[1]}/a.root"
    said = [b""]

    def serve() -> None:
        while True:
            line, _ = door.accept()
            with line:
                try:
                    line.settimeout(1)
                    line.recv(65536)
                    line.sendall(said[0])
                except OSError:
                    continue

    threading.Thread(target=serve, daemon=True).start()
    places = WebPlaces(ServerPolicy())
    client = WebClient(ServerPolicy(), silence_s=0.5, pause=lambda _seconds: None)
    places._client = client  # noqa: SLF001 - with less patience than a run has

    def read(data: bytes, _kept: ExitStack = kept) -> object:
        said[0] = data
        places._ends = FileEnds(client)  # noqa: SLF001 - which remembers servers that gave nonsense
        place = places.locate(url, opens=True)
        with ExitStack() as stack:
            content = place.open(stack)
            place.look(content)
            (answer,) = content.ask([(0, min(place.size_bytes, 200))])
            return len(answer())

    return read


def _claims(folder: Path) -> Read:
    """Return what checks claims that the issuer signed."""
    key = issuer.signing_key(folder)
    verifier = Verifier(
        Settings(issuer=issuer.ISSUER, audience=issuer.AUDIENCE, jwks_url="https://x.example/k"),
        lambda _url: issuer.jwks(folder),
    )
    signed = _signing(key.private_pem, key.jwk.get("kid", ""))

    def read(data: bytes) -> object:
        return verifier.person("Bearer " + signed(data))

    return read


def _signing(private_pem: str, kid: Any) -> Callable[[bytes], str]:
    """Return what signs bytes as claims, whatever they are."""
    key: Any = load_pem_private_key(private_pem.encode(), None)
    head = json.dumps({"alg": ALGORITHM, "typ": "JWT", "kid": kid}).encode()

    def signed(claims: bytes) -> str:
        text = _plain(head) + b"." + _plain(claims)
        return (text + b"." + _plain(key.sign(text))).decode()

    return signed


def _plain(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def _token(folder: Path) -> Read:
    verifier = Verifier(
        Settings(issuer=issuer.ISSUER, audience=issuer.AUDIENCE, jwks_url="https://x.example/k"),
        lambda _url: issuer.jwks(folder),
    )
    return lambda data: verifier.person(data.decode("latin-1"))


def _tokens(folder: Path) -> Sequence[bytes]:
    return [f"Bearer {issuer.token(folder, 'alice', groups=['cms'])}".encode()]


TARGETS = (
    Target(
        name="token claims",
        make=_claims,
        seeds=lambda _folder: [_CLAIMS],
        words=(b'"exp":', b'"sub":', b'"groups":', b"null", b"[", b"{", b"1e400", b'"\\ud800"'),
        share=2,
    ),
    Target(
        name="token", make=_token, seeds=_tokens, words=(b".", b"Bearer ", b"=", b"e30"), share=2
    ),
    Target(name="web answer", make=_web, seeds=lambda _folder: _ANSWERS, words=_WORDS, share=2),
)
