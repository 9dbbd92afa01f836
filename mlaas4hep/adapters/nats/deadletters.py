"""Dead letters and queues as they lie in JetStream."""

import asyncio
import json
from collections.abc import Iterator

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError, ServerError

from mlaas4hep.adapters.nats.connection import Connection
from mlaas4hep.adapters.nats.provision import CONSUMERS, DEAD_STREAM, STREAM
from mlaas4hep.ports.deadletters import Letter, Queue

_NO_MESSAGE = 10057  #: what the server calls a message that is gone


class JetStreamDeadLetters:
    """Reads the stream of dead letters, and how far each function's consumer is."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def letters(self, first: int = 0) -> Iterator[Letter]:
        """Yield what was given up from a number on, the oldest first."""
        sequence = max(first, 1)
        while (found := self._next(sequence)) is not None:
            sequence = found.sequence + 1
            yield found

    def remove(self, sequence: int) -> None:
        """Take one away; one that is gone already is fine."""

        async def work(jetstream: JetStreamContext) -> None:
            try:
                await jetstream.delete_msg(DEAD_STREAM, sequence)
            except NotFoundError:
                return
            except ServerError as error:
                if error.err_code != _NO_MESSAGE:
                    raise

        self._connection.run(work)

    def queues(self) -> tuple[Queue, ...]:
        """Return what waits, by function."""

        async def work(jetstream: JetStreamContext) -> tuple[Queue, ...]:
            return tuple(await asyncio.gather(*(_queue(jetstream, name) for name in CONSUMERS)))

        return self._connection.run(work)

    def _next(self, sequence: int) -> Letter | None:
        async def work(jetstream: JetStreamContext) -> Letter | None:
            try:
                raw = await jetstream.get_msg(DEAD_STREAM, seq=sequence, subject=">", next=True)
            except NotFoundError:
                return None
            headers = raw.headers or {}
            return Letter(
                sequence=raw.seq or 0,
                data=raw.data or b"",
                function=headers.get("Mlaas-Function", ""),
                problem=_message(headers.get("Mlaas-Problem", "")),
            )

        return self._connection.run(work)


async def _queue(jetstream: JetStreamContext, function: str) -> Queue:
    told = await jetstream.consumer_info(STREAM, function)
    return Queue(
        function=function,
        waiting=told.num_pending or 0,
        held=told.num_ack_pending or 0,
        redelivered=told.num_redelivered or 0,
    )


def _message(problem: str) -> str:
    try:
        return str(json.loads(problem)["message"])
    except (ValueError, TypeError, KeyError):
        return ""
