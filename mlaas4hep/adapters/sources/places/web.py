"""Files of web servers."""

from contextlib import ExitStack
from functools import partial

import httpx
import uproot

from mlaas4hep.adapters.sources.places.bytes import ServerBytes
from mlaas4hep.adapters.sources.places.place import Bytes, Place, missing
from mlaas4hep.errors import InvalidRequestError, ServiceUnavailableError

TIMEOUT_S = 30
HOLDS_S = 2.0  #: a chunk asks for its files twice


def on_web(url: str) -> Place:
    """Return the place of a URL; InvalidRequestError, ServiceUnavailableError."""
    try:
        answer = httpx.head(url, timeout=TIMEOUT_S, headers={"Accept-Encoding": "identity"})
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise InvalidRequestError(f"{url!r} is not a URL: {error}") from error
    except httpx.HTTPError as error:
        raise ServiceUnavailableError(
            f"{url!r}: the server does not answer: {error}",
            hint="check the name of the server; if it is right, restart the run when it is back",
        ) from error
    if answer.status_code in (404, 410):
        raise missing(url)
    if answer.status_code >= 500:  # noqa: PLR2004 - the server's own trouble
        raise ServiceUnavailableError(f"{url!r}: the server answers {answer.status_code}")
    if answer.status_code != 200:  # noqa: PLR2004
        raise InvalidRequestError(f"{url!r}: the server answers {answer.status_code}")
    headers = answer.headers
    return Place(
        url=url,
        version=(headers.get("ETag"), headers.get("Last-Modified"), headers.get("Content-Length")),
        size_bytes=int(headers.get("Content-Length", 0)),
        open=partial(_open, url),
        holds_s=HOLDS_S,
    )


def _open(url: str, stack: ExitStack) -> Bytes:
    return ServerBytes(stack.enter_context(uproot.HTTPSource(url, **uproot.open.defaults)))
