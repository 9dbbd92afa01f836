"""What lies in NATS, as messages that can be kept elsewhere and put back."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError
from nats.js.kv import KV_OP

from mlaas4hep.adapters.nats.connection import Connection
from mlaas4hep.adapters.nats.provision import (
    AUDIT_STREAM,
    COUNTERS,
    DEAD_STREAM,
    RUNS,
    STREAM,
    put_in_place,
)

STREAMS = (
    f"KV_{RUNS}",
    f"KV_{COUNTERS}",
    STREAM,
    DEAD_STREAM,
    AUDIT_STREAM,
)  #: leases are of the moment
_OWN = ("Nats-Expected-", "Nats-Rollup")  #: headers that only meant something when it was written


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message of a stream."""

    stream: str
    sequence: int
    subject: str
    headers: tuple[tuple[str, str], ...]
    data: bytes

    def header(self, name: str) -> str:
        """Return a header; empty if there is none."""
        return dict(self.headers).get(name, "")


class NatsArchive:
    """Reads and writes whole streams; for an administrator's user."""

    def __init__(self, connection: Connection, replicas: int = 1) -> None:
        """Use a connection; what `prepare` makes has so many `replicas`."""
        self._connection = connection
        self._replicas = replicas

    def messages(self, stream: str) -> Iterator[Message]:
        """Yield what lies in a stream, in order; nothing is taken out of it."""
        sequence = 1
        while (found := self._next(stream, sequence)) is not None:
            sequence = found.sequence + 1
            if not found.header(KV_OP):  # a key that was deleted
                yield found

    def put(self, message: Message) -> None:
        """Write a message into the stream of its subject."""

        async def work(jetstream: JetStreamContext) -> None:
            headers = {k: v for k, v in message.headers if not k.startswith(_OWN)}
            await jetstream.publish(message.subject, message.data, headers=headers or None)

        self._connection.run(work)

    def prepare(self) -> None:
        """Make the streams and buckets that are not there."""
        self._connection.run(partial(put_in_place, replicas=self._replicas))

    def _next(self, stream: str, sequence: int) -> Message | None:
        async def work(jetstream: JetStreamContext) -> Message | None:
            try:
                raw = await jetstream.get_msg(stream, seq=sequence, subject=">", next=True)
            except NotFoundError:
                return None
            return Message(
                stream=stream,
                sequence=raw.seq or 0,
                subject=raw.subject or "",
                headers=tuple((raw.headers or {}).items()),
                data=raw.data or b"",
            )

        return self._connection.run(work)
