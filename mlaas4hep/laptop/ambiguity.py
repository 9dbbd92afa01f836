"""Requests that the gateway does not take part in: two readers could read them differently.

What is refused here is answered once, and the connection is closed.
"""

from dataclasses import dataclass

from mlaas4hep.faas.asgi import Scope

_HERE = (b"127.0.0.1", b"localhost", b"[::1]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Oddity:
    """Why a request is refused."""

    status: int
    message: str
    hint: str = ""


def oddity(scope: Scope) -> Oddity | None:
    """Return why a request must be refused, or None for an ordinary one."""
    return _framing(scope) or _text(scope) or _host(scope)


def asks_for_upgrade(scope: Scope) -> bool:
    """Tell whether a request wants to speak something else on its connection afterwards."""
    return bool(_values(scope, b"upgrade"))


def _framing(scope: Scope) -> Oddity | None:
    """Refuse whatever leaves a doubt where the body ends (RFC 9112 §6.3)."""
    lengths, encodings = _values(scope, b"content-length"), _values(scope, b"transfer-encoding")
    if len(lengths) + len(encodings) > 1:
        return Oddity(status=400, message="the length of the body is said more than once")
    if encodings and (encodings[0].lower() != b"chunked" or scope["http_version"] != "1.1"):
        return Oddity(status=400, message="the body can only be sent with a length or in chunks")
    if asks_for_upgrade(scope) and (encodings or lengths not in ([], [b"0"])):
        return Oddity(
            status=400,
            message="a request with a body cannot ask for another protocol",
            hint="send it without Upgrade, for example as `curl --http1.1` does",
        )
    if scope["method"] == "CONNECT":
        return Oddity(status=400, message="there are no tunnels here")
    return None


def _text(scope: Scope) -> Oddity | None:
    """Refuse what cannot be passed on as it came."""
    target = scope.get("raw_path") or scope["path"].encode()
    if not (target + scope["query_string"]).isascii():
        return Oddity(status=400, message="the address holds bytes that are not ASCII")
    try:
        b"".join(value for _, value in scope["headers"]).decode()
    except UnicodeDecodeError:
        return Oddity(status=400, message="a header is not UTF-8")
    return None


def _host(scope: Scope) -> Oddity | None:
    """Refuse foreign names: a page of somebody else may have bound its own name to this address."""
    hosts = _values(scope, b"host")
    if len(hosts) != 1:
        return None if not hosts and scope["http_version"] == "1.0" else _NO_HOST
    name, colon, port = hosts[0].rpartition(b":")
    if not (colon and port.isdigit()):
        name = hosts[0]
    if name.lower() in _HERE:
        return None
    return Oddity(
        status=421,
        message=f"this is no place called {name.decode(errors='replace')!r}",
        hint="call it 127.0.0.1 or localhost",
    )


_NO_HOST = Oddity(status=400, message="a request has exactly one Host")


def _values(scope: Scope, name: bytes) -> list[bytes]:
    return [value for each, value in scope["headers"] if each == name]
