"""uproot's view of the bytes of a place, wherever they are."""

from queue import Queue
from typing import Any, Self

import uproot

from mlaas4hep.adapters.sources.places.place import Bytes, Place, Span


def uproot_source(place: Place, content: Bytes) -> type[Any]:
    """Return a handler for `uproot.open` that reads the bytes of an open place."""
    return type("PlaceSource", (_PlaceSource,), {"place": place, "content": content})


class _PlaceSource(uproot.source.chunk.Source):  # type: ignore[misc]  # uproot has no types
    place: Place
    content: Bytes

    def __init__(self, file_path: str, **_options: Any) -> None:
        super().__init__()
        self._file_path = file_path
        self._num_bytes = self.place.size_bytes
        self._open = True

    def chunk(self, start: int, stop: int) -> Any:
        """Return the bytes [start, stop), or what the file has of them."""
        (chunk,) = self.chunks([(start, stop)], Queue())
        return chunk

    def chunks(self, ranges: list[Span], notifications: "Queue[Any]") -> list[Any]:
        """Return the bytes of all ranges, asked for at once."""
        size = self.place.size_bytes
        inside = [(min(start, size), min(stop, size)) for start, stop in ranges]
        answers = iter(self.content.ask([each for each in inside if each[0] < each[1]]))
        chunks = []
        for (start, stop), (low, high) in zip(ranges, inside, strict=True):
            future = uproot.source.futures.TrivialFuture(next(answers)() if low < high else b"")
            chunks.append(uproot.source.chunk.Chunk(self, start, stop, future))
            notifications.put(chunks[-1])
        return chunks

    @property
    def closed(self) -> bool:
        """Tell whether uproot has closed it."""
        return not self._open

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._open = False
