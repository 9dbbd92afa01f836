"""Files of XRootD servers."""

from contextlib import ExitStack
from functools import partial
from typing import Any
from urllib.parse import urlsplit

import uproot

from mlaas4hep.adapters.sources.places.bytes import ServerBytes
from mlaas4hep.adapters.sources.places.place import Bytes, Place, missing
from mlaas4hep.errors import InvalidRequestError, MlaasError, ServiceUnavailableError

TIMEOUT_S = 30
HOLDS_S = 2.0  #: a chunk asks for its files twice
_GONE = frozenset({3011, 3016})  #: kXR_NotFound, kXR_isDirectory
_SERVER_SAYS_NO = 400  #: XrdCl's errErrorResponse: the server answered, with an error
_LIMITS = (  # a dead server otherwise takes eight minutes to fail
    ("ConnectionWindow", 5),
    ("ConnectionRetry", 1),
    ("RequestTimeout", 60),
    ("StreamTimeout", 30),
)


def on_xrootd(url: str) -> Place:
    """Return the place of `root://host//path`; InvalidRequestError, ServiceUnavailableError."""
    import XRootD.client  # noqa: PLC0415 - an extra of its own, loaded when it is needed

    client: Any = XRootD.client  # it has no types
    for name, value in _LIMITS:
        client.EnvPutInt(name, value)
    parts = urlsplit(url)
    path = parts.path.replace("//", "/", 1) + (f"?{parts.query}" if parts.query else "")
    server = client.FileSystem(f"{parts.scheme}://{parts.netloc}")
    status, stat = server.stat(path, timeout=TIMEOUT_S)
    if not status.ok:
        raise _our_error(url, status)
    return Place(
        url=url,
        version=(stat.size, stat.modtime),
        size_bytes=stat.size,
        open=partial(_open, url),
        holds_s=HOLDS_S,
    )


def _open(url: str, stack: ExitStack) -> Bytes:
    return ServerBytes(stack.enter_context(uproot.XRootDSource(url, **uproot.open.defaults)))


def _our_error(url: str, status: Any) -> MlaasError:
    if status.code != _SERVER_SAYS_NO:
        return ServiceUnavailableError(
            f"{url!r}: the server does not answer: {status.message.strip()}",
            hint="check the name of the server; if it is right, restart the run when it is back",
        )
    if status.errno in _GONE:
        return missing(url)
    return InvalidRequestError(f"{url!r}: {status.message.strip()}")
