"""One file in one place: which version of it is there now, and how its bytes are had."""

from collections.abc import Callable, Hashable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Protocol

from mlaas4hep.core.requests.inputs.secrets import without_secrets
from mlaas4hep.errors import InvalidRequestError, PermanentError

Span = tuple[int, int]  #: bytes [start, stop) of a file
PendingBytes = Callable[[], memoryview]  #: waits for the bytes


class Bytes(Protocol):
    """The bytes of an open file; any number of threads may ask for some."""

    def ask(self, spans: Sequence[Span]) -> list[PendingBytes]:
        """Return what gives the bytes of each span; all of them are on their way at once.

        An answer raises EOFError when the file ends before the span does.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One file as it is now."""

    url: str
    version: Hashable  #: changes when the content does
    size_bytes: int
    open: Callable[[ExitStack], Bytes]  #: the bytes can be asked for until the stack is closed
    holds_s: float = 0.0  #: how long `version` is believed without asking again
    is_remote: bool = False  #: a server has to be asked for the bytes

    def read(self, content: Bytes, start: int, stop: int) -> bytes:
        """Return bytes [start, stop), or fewer where the file ends.

        Raises:
            PermanentError: the file is shorter now than it was when it was located.
        """
        start, stop = max(0, start), min(stop, self.size_bytes)
        if start >= stop:
            return b""
        (answer,) = content.ask([(start, stop)])
        try:
            return bytes(answer())
        except EOFError as error:
            raise changed(self.url) from error


def missing(url: str) -> InvalidRequestError:
    """Return the error about a file that is not there."""
    return InvalidRequestError(
        f"{shown(url)}: there is no such file", hint="check the name in files.txt"
    )


def changed(url: str) -> PermanentError:
    """Return the error about a file that is another one now."""
    return PermanentError(
        f"{shown(url)} changed since the run began",
        hint="restart the run, so that the file as it is now is measured",
    )


def shown(url: str) -> str:
    """Return the end of a URL that a person recognises: no keys of our buckets, no tokens."""
    if url.startswith("tarball:"):
        return repr(url.partition("/files/")[2] or url)
    return repr(without_secrets(url))
