"""A request of ASGI in the words of WSGI (PEP 3333)."""

import sys
from typing import Any, BinaryIO, cast

from mlaas4hep.faas.asgi import Scope
from mlaas4hep.faas.bodies import Spool

_PLAIN = {b"content-type": "CONTENT_TYPE"}


def environ(scope: Scope, body: Spool) -> dict[str, Any]:
    """Return the WSGI environment of a request whose body lies in `body`, at its start."""
    server = scope.get("server") or ("localhost", 0)
    client = scope.get("client") or ("", 0)
    size = body.seek(0, 2)
    body.seek(0)
    found: dict[str, Any] = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": scope["path"].encode("utf-8", "surrogateescape").decode("latin-1"),
        "QUERY_STRING": scope.get("query_string", b"").decode("latin-1"),
        "SERVER_NAME": str(server[0]),
        "SERVER_PORT": str(server[1]),
        "REMOTE_ADDR": str(client[0]),
        "SERVER_PROTOCOL": f"HTTP/{scope.get('http_version', '1.1')}",
        "CONTENT_LENGTH": str(size),  # what was really sent
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.get("scheme", "http"),
        "wsgi.input": cast(BinaryIO, body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in scope["headers"]:
        if name in (b"content-length", b"transfer-encoding"):
            continue
        key = _PLAIN.get(name) or f"HTTP_{name.decode('latin-1').upper().replace('-', '_')}"
        text = value.decode("latin-1")
        found[key] = f"{found[key]},{text}" if key in found else text
    return found
