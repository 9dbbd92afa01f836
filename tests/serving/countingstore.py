"""A store for models that knows what was asked of it."""

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.core import keys


class CountingStore(MemoryStore):
    """A store that notes which objects were read, and where models were listed."""

    def __init__(self):
        super().__init__(lambda: 0.0)
        self.reads, self.listings = [], []

    def get(self, key):
        self.reads.append(key)
        return super().get(key)

    def list(self, prefix):
        yield from super().list(prefix)
        if not prefix.startswith(keys.models_mark("")):
            self.listings.append(prefix)
