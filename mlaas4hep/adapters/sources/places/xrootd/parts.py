"""Parts of a file that come in any order, and how many bytes of it are on their way."""

import threading
from collections.abc import Callable
from typing import Any

ON_THEIR_WAY_BYTES = 64 * 1024**2  #: that are asked of the server at once
Told = Callable[[Any, Any], None]  #: is given status and response of XRootD's client


class Parts:
    """The parts of one answer, which come in any order."""

    def __init__(self, count: int, done: Callable[[list[bytes]], None]) -> None:
        self._found: list[bytes] = [b""] * count
        self._missing = count
        self._taken = 0
        self._done = done
        self._has_failed = False
        self._lock = threading.Lock()

    def taking(self, some: list[tuple[int, int]], failed: Callable[[Any], None]) -> Told:
        """Return what takes the answer to the next of the questions."""
        first = self._taken
        self._taken += len(some)

        def told(status: Any, response: Any) -> None:
            found = [chunk.buffer for chunk in response.chunks] if status.ok else []
            is_whole = [len(each) for each in found] == [length for _, length in some]
            with self._lock:
                if self._has_failed:
                    return
                self._has_failed = not is_whole
                self._missing -= len(found)
                self._found[first : first + len(some)] = found
                is_last = not self._missing
            if not is_whole:
                failed(_Short if status.ok else status)
            elif is_last:
                self._done(self._found)

        return told


class _Short:
    """The status of an answer with other bytes than were asked for."""

    code, errno, message = 0, 0, "it sends other bytes than were asked for"


class BytesOnTheirWay:
    """How many bytes are on their way; who asks for more waits until there is room."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    def add(self, count: int) -> None:
        """Count some more, when there is room, or (below 0) some less."""
        with self._changed:
            while count > 0 and self._count and self._count + count > ON_THEIR_WAY_BYTES:
                self._changed.wait()
            self._count += count
            if count < 0:
                self._changed.notify_all()
