"""The keys of the issuer of people's tokens, fetched over HTTP and kept for some minutes."""

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from mlaas4hep.errors import ServiceUnavailableError, UnauthenticatedError

if TYPE_CHECKING:
    from mlaas4hep.adapters.identity.jose import PublicKey

log = logging.getLogger(__name__)

FRESH_S = 300.0  #: a set is fetched again after this time
STALE_S = 3600.0  #: known keys still count this long while the issuer does not answer
AGAIN_S = 10.0  #: an unknown key asks the issuer at most this often
PAUSE_S = 2.0  #: an issuer that did not answer is left alone this long

Fetch = Callable[[str], Any]


def fetch_json(url: str) -> Any:
    """Return the JSON that `url` answers.

    Raises:
        ServiceUnavailableError: nothing usable came.
    """
    from mlaas4hep.adapters.identity.web import answered  # noqa: PLC0415 - with the first token

    return answered(url)


class KeySet:
    """The issuer's public keys by name; one set for all threads of a process."""

    def __init__(
        self,
        issuer: str,
        jwks_url: str = "",
        fetch: Fetch = fetch_json,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Fetch nothing yet; `jwks_url` empty means: ask the issuer's discovery document."""
        self._issuer = issuer
        self._url = jwks_url
        self._fetch = fetch
        self._clock = clock
        self._lock = threading.Lock()
        self._keys: dict[str, PublicKey] = {}
        self._fetched_at = float("-inf")
        self._asked_at = float("-inf")
        self._failure: ServiceUnavailableError | None = None

    def key(self, kid: str | None) -> "PublicKey":
        """Return the key called `kid`; None means the only one there is.

        Raises:
            UnauthenticatedError: the issuer has no such key, also after asking it again.
            ServiceUnavailableError: the issuer does not answer and the key is not known.
        """
        with self._lock:
            found = self._find(kid)
            age = self._clock() - self._fetched_at
            if found is None or age > FRESH_S:
                self._refresh(keep=found is not None and age <= STALE_S)
                found = self._find(kid)
        if found is None:
            raise UnauthenticatedError(
                f"the token is signed with key {kid!r}, which the issuer does not have",
                hint="get a new token; this one may come from another issuer (on a laptop from another "
                "state folder: `mlaas4hep token --state FOLDER` takes that of `mlaas4hep up`)",
            )
        return found

    def _find(self, kid: str | None) -> "PublicKey | None":
        if kid is None:
            return next(iter(self._keys.values())) if len(self._keys) == 1 else None
        return self._keys.get(kid)

    def _refresh(self, *, keep: bool) -> None:
        now = self._clock()
        if now - self._asked_at < (PAUSE_S if self._failure else AGAIN_S):
            if self._failure and not keep:
                raise self._failure
            return
        self._asked_at = now
        try:
            self._keys, self._fetched_at, self._failure = self._load(), now, None
        except ServiceUnavailableError as error:
            self._failure = error
            if not keep:
                raise
            log.warning("keys of %s could not be renewed: %s", self._issuer, error)

    def _load(self) -> "dict[str, PublicKey]":
        from mlaas4hep.adapters.identity import jose  # noqa: PLC0415 - with the first token

        if not self._url:
            where = f"{self._issuer.rstrip('/')}/.well-known/openid-configuration"
            self._url = self._member(self._fetch(where), "jwks_uri", where)
        entries = self._member(self._fetch(self._url), "keys", self._url)
        return jose.public_keys(entries, self._issuer)

    @staticmethod
    def _member(document: Any, name: str, url: str) -> Any:
        if isinstance(document, dict) and document.get(name):
            return document[name]
        raise ServiceUnavailableError(f"{url} answers without {name!r}")
