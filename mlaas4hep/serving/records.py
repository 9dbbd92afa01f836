"""Records of models that were read already, so that a list reads only what has changed."""

import threading

from cachetools import LRUCache

from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.ports import ObjectInfo, ObjectStore
from mlaas4hep.usecases.modelstore import read_record


class Records:
    """Reads records, each once for each content."""

    def __init__(self, most: int = 20_000) -> None:
        self._known: LRUCache[str, tuple[str, ModelRecord]] = LRUCache(most)
        self._lock = threading.Lock()

    def read(self, store: ObjectStore, info: ObjectInfo) -> ModelRecord:
        """Return the record that `info` describes."""
        with self._lock:
            known = self._known.get(info.key)
        if known is not None and known[0] == info.etag:
            return known[1]
        record = read_record(store, info)
        with self._lock:
            self._known[info.key] = info.etag, record
        return record
