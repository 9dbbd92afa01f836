"""Events that could not be handled, and what waits for each function: for administrators."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One event that was given up, as it was."""

    sequence: int  #: its number among them
    data: bytes  #: the event as it came; perhaps none that we know
    function: str = ""  #: that could not handle it
    problem: str = ""  #: why


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What waits for one function."""

    function: str
    waiting: int  #: events that nobody has taken yet
    held: int  #: events that are being handled, or were and are not answered
    redelivered: int  #: of those, how many were delivered before


class DeadLetters(Protocol):
    """The events that were given up, and how many wait for each function."""

    def letters(self, first: int = 0) -> Iterator[Letter]:
        """Yield what was given up from a number on, the oldest first.

        Raises:
            ServiceUnavailableError: nobody can tell.
        """

    def remove(self, sequence: int) -> None:
        """Take one away; one that is gone already is fine."""

    def queues(self) -> tuple[Queue, ...]:
        """Return what waits, by function."""


class NoDeadLetters:
    """Where events are delivered within the process: nothing is given up, nothing waits."""

    def letters(self, first: int = 0) -> Iterator[Letter]:  # noqa: ARG002
        """Yield nothing."""
        yield from ()

    def remove(self, sequence: int) -> None:
        """Do nothing."""

    def queues(self) -> tuple[Queue, ...]:
        """Return nothing."""
        return ()
