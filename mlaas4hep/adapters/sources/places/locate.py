"""From a URL to the place that it names: one row a scheme."""

from collections.abc import Callable
from fnmatch import fnmatchcase
from urllib.parse import urlsplit

from mlaas4hep.adapters.sources.places.disk import on_disk
from mlaas4hep.adapters.sources.places.place import Place
from mlaas4hep.adapters.sources.places.tarball import in_tarball
from mlaas4hep.adapters.sources.places.web import on_web
from mlaas4hep.adapters.sources.places.xrootd import on_xrootd
from mlaas4hep.errors import ForbiddenError, InvalidRequestError
from mlaas4hep.ports import ObjectStore

_SERVERS: dict[str, Callable[[str], Place]] = {
    "root": on_xrootd,
    "roots": on_xrootd,
    "http": on_web,
    "https": on_web,
}


def locate(url: str, tarballs: ObjectStore, remote_hosts: str) -> Place:
    """Return the place of a file.

    Raises:
        InvalidRequestError: there is no such file, or the URL is of no kind that we read.
        ForbiddenError: files may not come from that server.
        ServiceUnavailableError: the server does not answer.
    """
    scheme = url.partition(":")[0] if ":" in url else ""
    if scheme == "tarball":
        return in_tarball(url, tarballs)
    if scheme in _SERVERS:
        return _SERVERS[scheme](_allowed(url, remote_hosts))
    if url.startswith("/"):
        return on_disk(url)
    raise InvalidRequestError(
        f"{url!r} is not read here", hint="an absolute path, root://, https:// or a tarball's file"
    )


def _allowed(url: str, remote_hosts: str) -> str:
    host = (urlsplit(url).hostname or "").lower()
    globs = [glob.strip().lower() for glob in remote_hosts.split(",")]
    if not any(fnmatchcase(host, glob) for glob in globs if glob):
        raise ForbiddenError(f"{url!r}: files may not come from {host!r}")
    return url
