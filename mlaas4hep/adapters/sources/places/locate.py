"""From a URL to the place that it names: one row a scheme."""

import threading
from collections.abc import Callable

from mlaas4hep.adapters.sources.places.disk import on_disk
from mlaas4hep.adapters.sources.places.place import Place, shown
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.tarball import in_tarball
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.ports import ObjectStore


class Locator:
    """Knows the places of all files; what servers need is made when the first one is asked."""

    def __init__(self, tarballs: ObjectStore, policy: ServerPolicy) -> None:
        self._tarballs = tarballs
        self._policy = policy
        self._servers: dict[str, Callable[[str], Place]] = {}
        self._making = threading.Lock()

    def locate(self, url: str) -> Place:
        """Return the place of a file.

        Raises:
            InvalidRequestError: there is no such file, or the URL is of no kind that we read.
            ForbiddenError: files may not come from that server.
            ServiceUnavailableError: the server does not answer.
        """
        scheme = url.partition(":")[0] if ":" in url else ""
        if scheme == "tarball":
            return in_tarball(url, self._tarballs)
        if scheme in _MAKERS:
            self._policy.check_url(url)
            return self._server(_MAKERS[scheme])(url)
        if url.startswith("/"):
            return on_disk(url)
        raise InvalidRequestError(
            f"{shown(url)} is not read here",
            hint="an absolute path, root://, https:// or a tarball's file",
        )

    def _server(self, make: "_Maker") -> Callable[[str], Place]:
        with self._making:
            if make.__name__ not in self._servers:
                self._servers[make.__name__] = make(self._policy)
            return self._servers[make.__name__]


_Maker = Callable[[ServerPolicy], Callable[[str], Place]]


def _web(policy: ServerPolicy) -> Callable[[str], Place]:
    from mlaas4hep.adapters.sources.places.web.place import WebPlaces  # noqa: PLC0415 - rare

    return WebPlaces(policy).locate


def _xrootd(policy: ServerPolicy) -> Callable[[str], Place]:
    from mlaas4hep.adapters.sources.places.xrootd import XRootDPlaces  # noqa: PLC0415 - an extra

    return XRootDPlaces(policy).locate


_MAKERS: dict[str, _Maker] = {"root": _xrootd, "roots": _xrootd, "http": _web, "https": _web}
