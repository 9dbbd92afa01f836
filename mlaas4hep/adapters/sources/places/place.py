"""One file in one place: which version of it is there now, and how its bytes are had."""

from collections.abc import Callable, Hashable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

from mlaas4hep.core.requests.inputs.secrets import without_secrets
from mlaas4hep.errors import InvalidRequestError, PermanentError, ServiceUnavailableError

FIRST_BYTES = 32 * 1024  #: a header, ROOT's topmost folder, and a tree of few branches behind it
LAST_BYTES = 256 * 1024  #: a list of keys and a tree, or a footer

Span = tuple[int, int]  #: bytes [start, stop) of a file
PendingBytes = Callable[[], memoryview]  #: waits for the bytes


class Bytes(Protocol):
    """The bytes of an open file; any number of threads may ask for some."""

    def ask(self, spans: Sequence[Span]) -> list[PendingBytes]:
        """Return what gives the bytes of each span; all of them are on their way at once.

        An answer raises EOFError when the file ends before the span does.
        """


class Ends:
    """Both ends of a file on a server, which mostly tell of its structure: read in one go."""

    def __init__(
        self,
        size_bytes: int,
        first: bytes = b"",
        coming: Callable[[Span], bytes] | None = None,
    ) -> None:
        """Take the size of the file, and its first bytes as far as they are known.

        Last bytes that were asked for before anybody knew the size are `coming`: it waits for those
        at a span, and gives none if they have to be asked for again.
        """
        behind = min(len(first) or FIRST_BYTES, size_bytes)
        self.spans: tuple[Span, Span] = (
            (0, behind),
            (max(behind, size_bytes - LAST_BYTES), size_bytes),
        )
        self._known: dict[Span, bytes] = {self.spans[0]: first[:behind]} if first else {}
        self._coming = coming

    def fetch(self, content: Bytes, spans: Sequence[Span]) -> list[bytes]:
        """Return the ends at these `spans`, read unless they are known."""
        known = self._known = self._known | self._came(spans)
        missing = [span for span in spans if span not in known and span[0] < span[1]]
        if missing:
            answers = [bytes(answer()) for answer in content.ask(missing)]
            known = self._known = known | dict(zip(missing, answers, strict=True))
        return [known.get(span, b"") for span in spans]

    def _came(self, spans: Sequence[Span]) -> dict[Span, bytes]:
        """Return the last bytes if they are wanted and on their way; once."""
        last = self.spans[1]
        if self._coming is None or last not in spans:
            return {}
        coming, self._coming = self._coming, None
        data = coming(last) if last[0] < last[1] else b""
        return {last: data} if data else {}

    def read(self, content: Bytes, start: int, stop: int) -> bytes:
        """Return bytes [start, stop), which must lie in the file."""
        touched = [span for span in self.spans if start < span[1] and span[0] < stop]
        inside = sum(min(stop, high) - max(start, low) for low, high in touched)
        if inside < stop - start:
            (answer,) = content.ask([(start, stop)])
            return _bytes(answer())
        ends = zip(touched, self.fetch(content, touched), strict=True)
        return b"".join(data[max(0, start - low) : stop - low] for (low, _), data in ends)

    def forget(self) -> None:
        """Forget the bytes: the file is open."""
        self._known, self._coming = {}, None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One file as it is now."""

    url: str
    version: Hashable  #: changes when the content does
    size_bytes: int
    open: Callable[[ExitStack], Bytes]  #: the bytes can be asked for until the stack is closed
    holds_s: float = 0.0  #: how long `version` is believed without asking again
    ends: Ends | None = None  #: of a file for whose bytes a server has to be asked

    @property
    def is_remote(self) -> bool:
        """Tell whether a server has to be asked for the bytes."""
        return self.ends is not None

    def look(self, content: Bytes) -> None:
        """Have both ends of a file on a server here: whoever opens it reads there, bit by bit."""
        if self.ends is not None:
            self.ends.fetch(content, self.ends.spans)

    def forget(self) -> None:
        """Forget what `look` read."""
        if self.ends is not None:
            self.ends.forget()

    def read(self, content: Bytes, start: int, stop: int) -> bytes:
        """Return bytes [start, stop), or fewer where the file ends.

        Raises:
            PermanentError: the file is shorter now than it was when it was located.
        """
        start, stop = max(0, start), min(stop, self.size_bytes)
        if start >= stop:
            return b""
        try:
            if self.ends is not None:
                return self.ends.read(content, start, stop)
            (answer,) = content.ask([(start, stop)])
            return _bytes(answer())
        except EOFError as error:
            raise changed(self.url) from error


def _bytes(view: memoryview) -> bytes:
    """Return bytes; those of which all are seen are not copied."""
    seen = view.obj
    return seen if isinstance(seen, bytes) and len(seen) == view.nbytes else bytes(view)


def missing(url: str) -> InvalidRequestError:
    """Return the error about a file that is not there."""
    return InvalidRequestError(
        f"{shown(url)}: there is no such file", hint="check how its name is written"
    )


def changed(url: str) -> PermanentError:
    """Return the error about a file that is another one now."""
    return PermanentError(
        f"{shown(url)} changed since the run began",
        hint="restart the run, so that the file as it is now is measured",
    )


def no_memory(url: str, hint: str) -> ServiceUnavailableError:
    """Return the error about a part of a file for which there is no room in this process.

    Others may have it now: whoever tells the run tries again.
    """
    return ServiceUnavailableError(
        f"{shown(url)}: a part of it takes more memory than there is here now", hint=hint
    )


def shown(url: str) -> str:
    """Return the end of a URL that a person recognises: no keys of our buckets, no tokens."""
    if url.startswith("tarball:"):
        return repr(url.partition("/files/")[2] or url)
    return repr(without_secrets(url))
