"""The bytes of one file of an XRootD server, opened before or when the first are asked for."""

import weakref
from collections.abc import Callable, Sequence
from functools import partial
from threading import Lock

from mlaas4hep.adapters.sources.places.bytes import grouped, requests
from mlaas4hep.adapters.sources.places.place import PendingBytes, Span
from mlaas4hep.adapters.sources.places.xrootd.connection import Connection, Question
from mlaas4hep.adapters.sources.places.xrootd.errors import Failures


class OpenFile:
    """One file that is, or will be, open in the process of its server; closed with this object."""

    def __init__(self, connection: Connection, number: int) -> None:
        self.connection = connection
        self.number = number
        weakref.finalize(self, connection.close, number)


Opening = Callable[[], OpenFile]  #: waits until the file is open


class XRootDBytes:
    """`Bytes` of a file; it is opened again if the process that had it open is gone."""

    def __init__(self, failures: Failures, begin: Callable[[], Opening]) -> None:
        """Take what asks the server to open the file, and gives what waits for it."""
        self._failures = failures
        self._begin = begin
        self._begun: Opening | None = None
        self._file: OpenFile | None = None
        self._opening = Lock()
        self.size_bytes = 0  #: asked for so far

    def open_early(self) -> None:
        """Have the file opened while something else is asked; who asks for bytes waits for it."""
        with self._opening:
            self._begun = self._begin()

    def ask(self, spans: Sequence[Span]) -> list[PendingBytes]:
        """Send requests for the bytes at each [start, stop), and return what waits for them.

        All are on their way at once; the first answers can be decoded while the others arrive.
        """
        groups = grouped(spans)
        pending: list[PendingBytes] = []
        with self._failures.told():
            with self._opening:
                if self._file is None or self._file.connection.is_gone:
                    begun, self._begun = self._begun or self._begin(), None
                    self._file = begun()
            for some in requests(groups):
                pending += self._pending(self._file, some)
        return pending

    def _pending(
        self, file: OpenFile, groups: Sequence[tuple[Span, list[Span]]]
    ) -> list[PendingBytes]:
        question = file.connection.read(file.number, [span for span, _ in groups])
        wait = partial(self._waited, file.connection, question)
        pending: list[PendingBytes] = []
        at = 0
        for (start, stop), parts in groups:
            pending += [
                partial(_part, wait, at + low - start, at + high - start) for low, high in parts
            ]
            at += stop - start
        self.size_bytes += at
        return pending

    def _waited(self, connection: Connection, question: Question) -> memoryview:
        with self._failures.told():
            return connection.waited(question)


def _part(wait: PendingBytes, start: int, stop: int) -> memoryview:
    return wait()[start:stop]
