"""How many bytes each owner keeps, listed now and then, and never by who asks."""

import logging
import threading
from collections import Counter

from mlaas4hep.errors import MlaasError
from mlaas4hep.ports import Services
from mlaas4hep.usecases.quotas import bytes_by_owner

log = logging.getLogger(__name__)

_LISTED_S = 600.0  #: the buckets are listed as often, not for every question
_PATIENCE_S = 2.0  #: scrapes end after ten seconds


class StoredBytes:
    """Lists all buckets in a thread of its own."""

    def __init__(self, services: Services, patience_s: float = _PATIENCE_S) -> None:
        """Take the stores, and how long an answer waits; longer lists are told by later ones."""
        self._services = services
        self._patience_s = patience_s
        self._lock = threading.Lock()
        self._listing: threading.Thread | None = None
        self._listed_at = float("-inf")
        self._found: Counter[str] | None = None

    def by_owner(self) -> Counter[str] | None:
        """Return the bytes of each owner as they were listed last; None before the first time.

        Who asks waits for the first list, a little, but for none that replaces another.
        """
        with self._lock:
            age_s = self._services.clock() - self._listed_at
            is_old = not 0 <= age_s < _LISTED_S  # less than 0: the clock was put back
            if is_old and (self._listing is None or not self._listing.is_alive()):
                self._listing = threading.Thread(target=self._list, name="bytes", daemon=True)
                self._listing.start()
            listing = self._listing
        if listing is not None and self._found is None:
            listing.join(self._patience_s)
        return self._found

    def _list(self) -> None:
        try:
            self._found = bytes_by_owner(self._services)
        except MlaasError as error:  # what was listed before is told; the next question asks again
            log.warning("the bytes of owners are not known: %s", error)
        else:
            self._listed_at = self._services.clock()
