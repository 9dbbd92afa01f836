"""What a program printed: shortened in the middle when it is too much, harmless to look at."""

import re
import threading

from mlaas4hep.core.harmless import harmless

_COLOUR = re.compile(rb"\x1b\[[\d;:]*m")  #: hides nothing, and says nothing where it is not obeyed


class CappedLog:
    """Keeps the beginning and the end of what is written, and counts what it drops."""

    def __init__(self, limit_bytes: int) -> None:
        self._half = limit_bytes // 2
        self._first = bytearray()
        self._last = bytearray()
        self._dropped = 0
        self._lock = threading.Lock()

    def write(self, data: bytes) -> None:
        """Take more output."""
        with self._lock:
            room = self._half - len(self._first)
            self._first += data[:room]
            self._last += data[room:] if room < len(data) else b""
            surplus = len(self._last) - self._half
            if surplus > 0:
                del self._last[:surplus]
                self._dropped += surplus

    def content(self) -> bytes:
        """Return what is kept as UTF-8, with a note where something is missing."""
        with self._lock:
            first, last, dropped = bytes(self._first), bytes(self._last), self._dropped
        if not dropped:
            return _lines(first + last).encode()
        note = f"\n[... {dropped} bytes of output left out ...]\n"
        return (_lines(first) + note + _lines(last)).encode()


def _lines(output: bytes) -> str:
    return harmless(_COLOUR.sub(b"", output).decode("utf-8", "backslashreplace"))
