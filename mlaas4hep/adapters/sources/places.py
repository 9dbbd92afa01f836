"""Where ROOT files lie: a path, an object of bucket tarballs, an XRootD or an HTTPS server.

Each place says which version of the file is there now, so that what was opened before can be
used as long as it is the same, and never longer.
"""

import math
import os
from collections.abc import Callable, Hashable
from contextlib import ExitStack
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import uproot

from mlaas4hep.errors import (
    ForbiddenError,
    InvalidRequestError,
    MlaasError,
    ServiceUnavailableError,
)
from mlaas4hep.ports import ObjectStore

TIMEOUT_S = 30
REMOTE_HOLDS_S = 2.0  #: a chunk asks for its files twice
_XROOTD_GONE = frozenset({3011, 3016})  #: kXR_NotFound, kXR_isDirectory
_XROOTD_SERVER_SAYS_NO = 400  #: XrdCl's errErrorResponse: the server answered, with an error
_XROOTD = (  # a dead server otherwise takes eight minutes to fail
    ("ConnectionWindow", 5),
    ("ConnectionRetry", 1),
    ("RequestTimeout", 60),
    ("StreamTimeout", 30),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One file as it is now."""

    url: str
    version: Hashable  #: changes when the content does
    size_bytes: int
    open: Callable[[ExitStack], tuple[str, type[Any]]]  #: gives uproot its path and handler
    is_local: bool
    holds_s: float = 0.0  #: how long `version` is believed without asking again


def missing(url: str) -> InvalidRequestError:
    """Return the error about a file that is not there."""
    return InvalidRequestError(
        f"{shown(url)}: there is no such file", hint="check the name in files.txt"
    )


def shown(url: str) -> str:
    """Return the end of a URL that a person recognises: not the keys of our buckets."""
    return repr(url.partition("/files/")[2] or url) if url.startswith("tarball:") else repr(url)


def locate(url: str, tarballs: ObjectStore, remote_hosts: str) -> Place:
    """Return the place of a file.

    Raises:
        InvalidRequestError: there is no such file, or the URL is of no kind that we read.
        ForbiddenError: files may not come from that server.
        ServiceUnavailableError: the server does not answer.
    """
    scheme = url.partition(":")[0] if ":" in url else ""
    if scheme == "tarball":
        return _in_tarball(url, tarballs)
    if scheme in ("root", "roots"):
        return _on_xrootd(_allowed(url, remote_hosts))
    if scheme in ("http", "https"):
        return _on_web(_allowed(url, remote_hosts))
    if url.startswith("/"):
        return _on_disk(url, Path(url))
    raise InvalidRequestError(
        f"{url!r} is not read here", hint="an absolute path, root://, https:// or a tarball's file"
    )


def _allowed(url: str, remote_hosts: str) -> str:
    host = (urlsplit(url).hostname or "").lower()
    globs = [glob.strip().lower() for glob in remote_hosts.split(",")]
    if not any(fnmatchcase(host, glob) for glob in globs if glob):
        raise ForbiddenError(f"{url!r}: files may not come from {host!r}")
    return url


def _on_disk(url: str, path: Path) -> Place:
    try:
        stat = path.stat()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise missing(url) from error
    except OSError as error:
        raise InvalidRequestError(f"{shown(url)} cannot be read: {error.strerror}") from error
    if not path.is_file() or not os.access(path, os.R_OK):
        raise InvalidRequestError(f"{shown(url)} is not a file that can be read")
    return Place(
        url=url,
        version=(stat.st_dev, stat.st_ino, stat.st_mtime_ns, stat.st_size),
        size_bytes=stat.st_size,
        open=lambda _stack: (str(path), uproot.source.file.MultithreadedFileSource),
        is_local=True,
    )


def _in_tarball(url: str, tarballs: ObjectStore) -> Place:
    key = url.removeprefix("tarball:")
    info = tarballs.info(key)
    if info is None:
        raise missing(url)

    def copy(stack: ExitStack) -> tuple[str, type[Any]]:
        return str(
            stack.enter_context(tarballs.local(key))
        ), uproot.source.file.MultithreadedFileSource

    return Place(
        url=url,
        version=info.etag,
        size_bytes=info.size_bytes,
        open=copy,
        is_local=True,
        holds_s=math.inf,  # keys of uploads hold the hash of their content
    )


def _on_xrootd(url: str) -> Place:
    import XRootD.client  # noqa: PLC0415 - an extra of its own, loaded when it is needed

    client: Any = XRootD.client  # it has no types
    for name, value in _XROOTD:
        client.EnvPutInt(name, value)
    parts = urlsplit(url)
    path = parts.path.replace("//", "/", 1) + (f"?{parts.query}" if parts.query else "")
    server = client.FileSystem(f"{parts.scheme}://{parts.netloc}")
    status, stat = server.stat(path, timeout=TIMEOUT_S)
    if not status.ok:
        raise _xrootd_error(url, status)
    return Place(
        url=url,
        version=(stat.size, stat.modtime),
        size_bytes=stat.size,
        open=lambda _stack: (url, uproot.XRootDSource),
        is_local=False,
        holds_s=REMOTE_HOLDS_S,
    )


def _xrootd_error(url: str, status: Any) -> MlaasError:
    if status.code != _XROOTD_SERVER_SAYS_NO:
        return _silent(url, status.message.strip())
    if status.errno in _XROOTD_GONE:
        return missing(url)
    return InvalidRequestError(f"{url!r}: {status.message.strip()}")


def _silent(url: str, reason: str) -> ServiceUnavailableError:
    return ServiceUnavailableError(
        f"{url!r}: the server does not answer: {reason}",
        hint="check the name of the server; if it is right, restart the run when it is back",
    )


def _on_web(url: str) -> Place:
    try:
        answer = httpx.head(url, timeout=TIMEOUT_S, headers={"Accept-Encoding": "identity"})
    except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
        raise InvalidRequestError(f"{url!r} is not a URL: {error}") from error
    except httpx.HTTPError as error:
        raise _silent(url, str(error)) from error
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
        open=lambda _stack: (url, uproot.HTTPSource),
        is_local=False,
        holds_s=REMOTE_HOLDS_S,
    )
