"""A registry of a few lines: manifests by the OCI distribution API, on loopback, with and without a login."""

import hashlib
import http.server
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.dataservers import web_server

INDEX = "application/vnd.oci.image.index.v1+json"


def digest_of(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


@dataclass
class StandIn:
    """What it serves: `repository:tag` → manifest."""

    manifests: dict[str, bytes]
    host: str = ""
    kind: str = INDEX
    token: str = ""  #: that it wants; "": none
    realm: str = ""  #: where tokens are given; "": here
    told: str | None = None  #: a digest that it tells instead of the right one
    asked: list[tuple[str, str]] = field(default_factory=list)  #: path, Authorization


@contextmanager
def serving(stand_in: StandIn) -> Iterator[StandIn]:
    """Serve it; its `host` is set."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            stand_in.asked.append((self.path, self.headers.get("Authorization", "")))
            if self.path.startswith("/token"):
                self._send(200, json.dumps({"token": stand_in.token}).encode(), "application/json")
                return
            if stand_in.token and self.headers.get("Authorization") != f"Bearer {stand_in.token}":
                realm = stand_in.realm or f"http://{stand_in.host}/token"
                challenge = f'Bearer realm="{realm}",service="here",scope="repository:x:pull"'
                self._send(401, b"", "text/plain", **{"WWW-Authenticate": challenge})
                return
            name, _, tag = self.path.removeprefix("/v2/").partition("/manifests/")
            content = stand_in.manifests.get(f"{name}:{tag}")
            if content is None:
                self._send(404, b"{}", "application/json")
                return
            told = digest_of(content) if stand_in.told is None else stand_in.told
            self._send(200, content, stand_in.kind, **{"Docker-Content-Digest": told})

        def _send(self, status: int, content: bytes, kind: str, **headers: str) -> None:
            self.send_response(status)
            for name, value in ({"Content-Type": kind} | headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    with web_server(Handler) as prefix:
        stand_in.host = prefix.removeprefix("http://")
        yield stand_in
