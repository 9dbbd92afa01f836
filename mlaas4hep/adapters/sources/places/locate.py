"""From a URL to the place that it names: one row a scheme."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

from cachetools import TTLCache

from mlaas4hep.adapters.sources.places.disk import on_disk
from mlaas4hep.adapters.sources.places.place import Place, shown
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.tarball import in_tarball
from mlaas4hep.core.requests.inputs.files import ALTERNATIVES
from mlaas4hep.errors import InvalidRequestError, MlaasError, PermanentError
from mlaas4hep.ports import ObjectStore

FAILED_S = 300.0  #: a place that failed is the last to be tried for so long


class Servers(Protocol):
    """The servers of one protocol."""

    def locate(self, url: str, *, opens: bool = False) -> Place:
        """Return the place of a file; see `Locator.locate`."""

    def find(self, pattern: str) -> list[str]:
        """Return the URLs of the files that match; see `ports.DataSource.find`."""


class Locator:
    """Knows the places of all files; what servers need is made when the first one is asked."""

    def __init__(self, tarballs: ObjectStore, policy: ServerPolicy) -> None:
        self._tarballs = tarballs
        self._policy = policy
        self._servers: dict[str, Servers] = {}
        #: Which failed lately, and whether they were bad, not only away.
        self._failed: TTLCache[str, bool] = TTLCache(1000, FAILED_S)
        self._making = threading.Lock()

    def locate(self, url: str, *, opens: bool = False) -> Place:
        """Return the place of a file; of several alternatives, the first that is there.

        Args:
            url: of the file.
            opens: whoever asks is going to read both ends of it: they may come along.

        Raises:
            InvalidRequestError: there is no such file, or the URL is of no kind that we read.
            ForbiddenError: files may not come from that server.
            ServiceUnavailableError: the server does not answer.
        """
        if ALTERNATIVES not in url:
            return self._locate(url, opens=opens)
        failure: MlaasError | None = None
        for each in sorted(url.split(ALTERNATIVES), key=self._has_failed):
            try:
                place = self._locate(each, opens=opens)
            except MlaasError as error:
                failure = error
                self._remember(each, is_bad=isinstance(error, PermanentError))
            else:
                return replace(place, url=url, version=(each, place.version))
        assert failure is not None  # noqa: S101 - there is at least one
        raise failure

    def find(self, pattern: str) -> list[str]:
        """Return the URLs of the files of a server that match a pattern, sorted."""
        scheme = pattern.partition(":")[0]
        if scheme not in _MAKERS:
            raise InvalidRequestError(f"{shown(pattern)}: files cannot be listed there")
        self._policy.check_url(pattern)
        return self._of(scheme).find(pattern)

    def failed(self, place: Place, *, is_bad: bool) -> None:
        """Remember that a place with alternatives was bad, or away, while it was read."""
        if ALTERNATIVES in place.url and isinstance(place.version, tuple):
            self._remember(str(place.version[0]), is_bad=is_bad)

    def _remember(self, url: str, *, is_bad: bool) -> None:
        with self._making:
            self._failed[url] = is_bad or self._failed.get(url, False)

    def has_another(self, place: Place) -> bool:
        """Tell whether a place has an alternative that has not been bad lately; it may be away."""
        if ALTERNATIVES not in place.url:
            return False
        with self._making:
            return not all(self._failed.get(url, False) for url in place.url.split(ALTERNATIVES))

    def _has_failed(self, url: str) -> bool:
        with self._making:
            return url in self._failed

    def _locate(self, url: str, *, opens: bool) -> Place:
        scheme = url.partition(":")[0] if ":" in url else ""
        if scheme == "tarball":
            return in_tarball(url, self._tarballs)
        if scheme in _MAKERS:
            self._policy.check_url(url)
            return self._of(scheme).locate(url, opens=opens)
        if url.startswith("/"):
            return on_disk(url)
        raise InvalidRequestError(
            f"{shown(url)} is not read here",
            hint="an absolute path, root://, https://, s3:// or a tarball's file",
        )

    def _of(self, scheme: str) -> Servers:
        make = _MAKERS[scheme]
        with self._making:
            if make.__name__ not in self._servers:
                self._servers[make.__name__] = make(self._policy)
            return self._servers[make.__name__]


_Maker = Callable[[ServerPolicy], Servers]


def _web(policy: ServerPolicy) -> Servers:
    from mlaas4hep.adapters.sources.places.web.place import WebPlaces  # noqa: PLC0415 - rare

    return WebPlaces(policy)


def _xrootd(policy: ServerPolicy) -> Servers:
    from mlaas4hep.adapters.sources.places.xrootd.place import (  # noqa: PLC0415 - an extra
        XRootDPlaces,
    )

    return XRootDPlaces(policy)


def _s3(policy: ServerPolicy) -> Servers:
    from mlaas4hep.adapters.sources.places.s3 import S3Places  # noqa: PLC0415 - rare

    return S3Places(policy)


def _datasets(policy: ServerPolicy) -> Servers:
    from mlaas4hep.adapters.sources.places.datasets import DatasetPlaces  # noqa: PLC0415 - rare

    return DatasetPlaces(policy)


_MAKERS: dict[str, _Maker] = {
    "root": _xrootd,
    "roots": _xrootd,
    "http": _web,
    "https": _web,
    "s3": _s3,
    "dataset": _datasets,
}
