"""Bytes that are on their way before anybody asks: those behind what is being read.

Files are read range by range, each for an event of its own. While one is decoded, the bytes of the
next ones come, if it follows the one before: then who asks for it finds them here.
"""

import threading
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from cachetools import LRUCache

from mlaas4hep.adapters.sources.places.place import Bytes, PendingBytes, Span
from mlaas4hep.adapters.sources.windows import Window
from mlaas4hep.errors import ServiceUnavailableError

LIMIT_BYTES = 64 * 1024**2  #: of all files together; what nobody took makes room
REMEMBERED = 64  #: windows begun last: who goes on where one of them ends may well go on
Answer = tuple[PendingBytes, int]  #: what waits for the bytes, and how many they are


class EarlyAnswers:
    """Answers that nobody has taken yet, of all files; any number of threads may ask."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self._waiting: LRUCache[Hashable, Answer] = LRUCache(limit_bytes, lambda answer: answer[1])
        self._lock = threading.Lock()

    def has(self, key: Hashable) -> bool:
        """Tell whether an answer waits here."""
        with self._lock:
            return key in self._waiting

    def put(self, key: Hashable, answer: PendingBytes, size_bytes: int) -> None:
        """Keep an answer for whoever takes it, unless it is larger than all room."""
        with self._lock:
            if size_bytes <= self._waiting.maxsize:
                self._waiting[key] = answer, size_bytes

    def take(self, key: Hashable) -> PendingBytes | None:
        """Return an answer, and forget it; None if there is none."""
        with self._lock:
            answer, _ = self._waiting.pop(key, (None, 0))
            return answer


class EarlyBytes:
    """The bytes of one file on a server, some of them asked for early."""

    def __init__(self, content: Bytes, answers: EarlyAnswers) -> None:
        self._content = content
        self._answers = answers
        self._begun: tuple[tuple[Hashable, Window], ...] = ()
        self._beginning = threading.Lock()

    def ask(self, spans: Sequence[Span]) -> list[PendingBytes]:
        """Return what gives the bytes of each span; what was not asked for early, is now."""
        early = {span: self._answers.take((self, span)) for span in spans}
        missing = [span for span, answer in early.items() if answer is None]
        asked = dict(zip(missing, self._content.ask(missing), strict=True)) if missing else {}
        return [
            partial(self._given, span, answer) if (answer := early[span]) else asked[span]
            for span in spans
        ]

    def ask_early(self, spans: Iterable[Span]) -> None:
        """Have spans on their way that are likely to be asked for soon; nothing fails for it."""
        new = [span for span in spans if not self._answers.has((self, span))]
        if not new:
            return
        with suppress(ServiceUnavailableError):  # whoever wants them asks again, and is told
            for span, answer in zip(new, self._content.ask(new), strict=True):
                self._answers.put((self, span), answer, span[1] - span[0])

    def begin(self, names: Hashable, windows: Sequence[Window]) -> bool:
        """Tell whether windows of these branches follow others, or are the first of the file.

        Whoever begins the file once more is going to read the others once more, too.
        """
        before = windows[0][0]
        with self._beginning:
            begun = self._begun
            if not before and (names, windows[0]) in begun:
                begun = tuple(each for each in begun if each[0] != names)
            follows = not before or any((n, w[1]) == (names, before) for n, w in begun)
            self._begun = (*begun, *((names, window) for window in windows))[-REMEMBERED:]
        return follows

    def expect(
        self, names: Hashable, window: Window, early: Iterator[Callable[[], int]], most_bytes: int
    ) -> None:
        """Ask for about so many bytes early, unless somebody has begun to read the window.

        Who begins meanwhile waits until they have been asked for, and finds them.
        """
        with self._beginning:
            while (
                most_bytes > 0 and not self.is_begun(names, window) and (send := next(early, None))
            ):
                most_bytes -= send()

    def is_begun(self, names: Hashable, window: Window) -> bool:
        """Tell whether somebody has begun to read a window of these branches."""
        return (names, window) in self._begun

    def _given(self, span: Span, answer: PendingBytes) -> memoryview:
        try:
            return answer()
        except ServiceUnavailableError as error:
            if error.retry_after_s:
                raise
            # That was then.
            (again,) = self._content.ask([span])
            return again()


@dataclass(frozen=True, slots=True, kw_only=True)
class Behind:
    """Blocks behind those that are read, which somebody is likely to want then."""

    windows: Iterable[Window]
    content: EarlyBytes | None = None  #: of a file on a server

    def asking(self, spans: Callable[[Window], Iterable[Span]]) -> Iterator[Callable[[], int]]:
        """Yield what asks for one of the blocks early, and returns how many bytes that are."""
        return (partial(self._ask, spans, window) for window in self.windows)

    def _ask(self, spans: Callable[[Window], Iterable[Span]], window: Window) -> int:
        wanted = list(spans(window))
        if self.content is not None:
            self.content.ask_early(wanted)
        return sum(stop - start for start, stop in wanted)


NOTHING_BEHIND = Behind(windows=())
