"""Which call, run and trace a piece of work belongs to: a context that events and logs carry on.

Traces are named as W3C's Trace Context says: a header `traceparent` comes with calls, stands on
the messages of NATS, and goes out again with the calls that follow.
"""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace

HEADER = "traceparent"
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_NOTHING = ("0" * 32, "0" * 16)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What is being done; empty where it is not known."""

    trace: str = ""  #: 32 hexadecimal digits
    span: str = ""  #: 16, of the part that is being done
    flags: str = "01"
    request: str = ""
    run: str = ""  #: owner/name
    event: str = ""

    @property
    def traceparent(self) -> str:
        """Return the header for calls and messages that follow from this; empty: no trace."""
        return f"00-{self.trace}-{self.span}-{self.flags}" if self.trace else ""


_IDLE = Work()
_current: ContextVar[Work] = ContextVar("work", default=_IDLE)


def current() -> Work:
    """Return what this thread or task is doing."""
    return _current.get()


@contextmanager
def doing(**known: str) -> Iterator[Work]:
    """Say what is being done from here on; what was known before stays known."""
    token = _current.set(replace(_current.get(), **known))
    try:
        yield _current.get()
    finally:
        _current.reset(token)


def continued(header: str) -> dict[str, str]:
    """Return trace, a new span, and flags: those of a caller's header, or of a new trace."""
    found = _TRACEPARENT.fullmatch(header.strip().lower())
    if found is None or found[1] == _NOTHING[0] or found[2] == _NOTHING[1]:
        return {"trace": secrets.token_hex(16), "span": secrets.token_hex(8)}
    return {"trace": found[1], "span": secrets.token_hex(8), "flags": found[3]}
