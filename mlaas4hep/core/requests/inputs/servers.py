"""The server that a URL names: who checks it and who connects to it must read it in one way."""

import re
from urllib.parse import urlsplit

from mlaas4hep.core.requests.inputs.secrets import without_secrets
from mlaas4hep.errors import InvalidRequestError

Server = tuple[str, int]  #: a host in lower case, without brackets, and a port

PORTS = {"root": 1094, "roots": 1094, "http": 80, "https": 443}
#: XRootD takes what stands behind an @, though a ? or # came before, and is not alone in that
_PLAIN = re.compile(r"\w+://([^@/?#\\]*@)?([\w.-]+|\[[0-9A-Fa-f:.]+\])(:\d+)?(/.*)?", re.DOTALL)


def server(url: str) -> Server:
    """Return the server of a URL.

    Raises:
        InvalidRequestError: there is none, or not everybody reads the same one.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or PORTS.get(parts.scheme, 0)
    except ValueError as error:
        raise InvalidRequestError(f"{without_secrets(url)!r} is not a URL: {error}") from error
    if not host or not _PLAIN.fullmatch(url):
        raise InvalidRequestError(
            f"{without_secrets(url)!r} must be one server and one path",
            hint="root://host//store/file.root",
        )
    return host.lower(), port
