"""Events that a dispatcher holds: by what they are, because messages come twice and streams go.

A stream that is deleted and made again counts its messages from 1: a number says which message is
meant only together with the time at which the server took it. And an acknowledgement of a message
of the former stream would be taken for one of the message that has its number now.
"""

import logging
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import nats.errors
from nats.aio.msg import Msg

from mlaas4hep.adapters import tracing
from mlaas4hep.core.runs import cloudevents
from mlaas4hep.core.runs.events import Event

log = logging.getLogger(__name__)

_PASSED_ON = (tracing.HEADER, cloudevents.AGAIN)
_LATE_S = 5.0  #: what was given back may come that much late; after that, somebody else has it


def mark(message: Msg) -> str:
    """Return what tells a message from all others of all streams that there ever were."""
    metadata = message.metadata
    return f"{metadata.stream}/{metadata.sequence.stream}/{metadata.timestamp.timestamp()}"


@dataclass(slots=True, eq=False)
class HeldEvent:
    """An event that is ours for now, and the message to settle."""

    event: Event
    data: bytes
    headers: Mapping[str, str]  #: of the message, that the function gets too
    mark: str  #: of the message that it came with, never the same twice
    message: Msg | None  #: None: the stream in which it lay is gone
    told_at: float = 0.0  #: seconds since the epoch, when the stream took it

    def is_like(self, event: Event) -> bool:
        """Tell whether it is of the same kind, run and attempt."""
        mine = self.event
        return type(mine) is type(event) and (mine.owner, mine.run, mine.attempt) == (
            event.owner,
            event.run,
            event.attempt,
        )

    async def ack(self) -> None:
        """Say that it is done."""
        if self.message is not None:
            await self.message.ack()

    async def nak(self, delay: float | None = None) -> None:
        """Give it back; it is delivered again after `delay` seconds."""
        if self.message is not None:
            await self.message.nak(delay=delay)

    async def touch(self) -> None:
        """Keep it from being delivered to somebody else for a while."""
        if self.message is not None:
            await self.message.in_progress()


@dataclass(slots=True)
class HeldEvents:
    """Which events are held, and which were given back and will come again."""

    _held: dict[str, HeldEvent] = field(default_factory=dict)
    _postponed: dict[str, tuple[Event, float]] = field(default_factory=dict)  #: and until when
    _newest: tuple[int, datetime] | None = None  #: number and time

    def __len__(self) -> int:
        """Return how many messages of the stream as it is now are held or will come again."""
        held = sum(each.message is not None for each in list(self._held.values()))
        return held + len(self._coming())

    def receive(self, message: Msg, event: Event) -> HeldEvent | None:
        """Return what is held from now on, or None if the event was held before.

        One that is held without a message, or by an older copy of it, is settled with this one.
        """
        if self._is_of_another_stream(message):
            self.stream_is_gone()
        self._postponed.pop(event.id, None)
        self._forget_the_late()
        known = self._held.get(event.id)
        if known is not None:
            known.message = message
            return None
        given = message.headers or {}
        headers = {name: given[name] for name in _PASSED_ON if name in given}
        held = HeldEvent(
            event=event,
            data=message.data,
            headers=headers,
            mark=mark(message),
            message=message,
            told_at=message.metadata.timestamp.timestamp(),
        )
        self._held[event.id] = held
        return held

    def leave(self, held: HeldEvent, again_in_s: float | None = None) -> None:
        """Hold an event no more; it was given back if it comes again."""
        self._held.pop(held.event.id, None)
        if again_in_s is not None and held.message is not None:
            until = time.monotonic() + again_in_s + _LATE_S
            self._postponed[held.event.id] = (held.event, until)

    async def settle(self, done: Collection[HeldEvent], again_in_s: float) -> None:
        """Acknowledge events and hold them no more; what cannot be acknowledged comes again."""
        told = set()
        try:
            for held in done:
                await held.ack()
                told.add(held)
        except nats.errors.Error as error:
            log.warning("%d events are not settled and come back: %s", len(done) - len(told), error)
        finally:
            for held in done:
                self.leave(held, None if held in told else again_in_s)

    def stream_is_gone(self) -> None:
        """Settle no message of those that came: the stream in which they lay is gone."""
        self._postponed.clear()
        for held in self._held.values():
            held.message = None

    def events(self) -> Iterator[Event]:
        """Yield what is held or will come again; may be called from other threads."""
        for held in list(self._held.values()):
            yield held.event
        yield from self._coming()

    def _coming(self) -> list[Event]:
        now = time.monotonic()
        return [event for event, until in list(self._postponed.values()) if until > now]

    def _forget_the_late(self) -> None:
        now = time.monotonic()
        while self._postponed:  # in the order in which they were given back
            first = next(iter(self._postponed))
            if self._postponed[first][1] > now:
                break
            del self._postponed[first]

    def _is_of_another_stream(self, message: Msg) -> bool:
        """Tell whether it is younger than the newest before it and has no higher number."""
        number, at = message.metadata.sequence.stream, message.metadata.timestamp
        before = self._newest
        if before is not None and at <= before[1]:  # it comes again
            return False
        self._newest = (number, at)
        return before is not None and number <= before[0]
