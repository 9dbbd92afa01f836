"""The bytes of a tree that holds baskets itself: read and inflated when the first is needed."""

from threading import Lock

from mlaas4hep.adapters.sources.earlybytes import EarlyBytes
from mlaas4hep.adapters.sources.places.place import Bytes
from mlaas4hep.adapters.sources.root.directory import Key
from mlaas4hep.adapters.sources.root.ttree.basket import UnknownBasketError


class TreeContent:
    """The bytes of a tree; two threads may ask for parts of it."""

    def __init__(self, key: Key | None, content: Bytes | EarlyBytes | None) -> None:
        """Take the key of the tree, and the bytes of its file; no key: it holds no baskets."""
        self._key, self._content = key, content
        self._data: bytes | None = None
        self._lock = Lock()

    def part(self, start: int, stop: int) -> bytes:
        """Return bytes [start, stop).

        Raises:
            UnknownBasketError: there is no such tree.
        """
        with self._lock:
            if self._data is None:
                self._data = self._read()
        return self._data[start:stop]

    def _read(self) -> bytes:
        content = self._content
        if self._key is None or content is None:
            raise UnknownBasketError("a basket in a tree that is not known")

        def read(start: int, stop: int) -> bytes:
            (answer,) = content.ask([(start, stop)])
            return bytes(answer())

        return self._key.content(read)


NO_TREE = TreeContent(None, None)
