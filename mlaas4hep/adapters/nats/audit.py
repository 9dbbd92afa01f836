"""`Audit` in a stream of NATS from which nothing can be taken out before it is old."""

import asyncio

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from mlaas4hep.adapters.nats.connection import Connection
from mlaas4hep.adapters.nats.provision import AUDIT_STREAM, AUDIT_SUBJECT
from mlaas4hep.core import wire
from mlaas4hep.core.requests.auditedaction import AuditedAction

_AT_ONCE = 100  #: messages that are asked for together
_LOOKED_AT = 10_000  #: messages at most, when those of one owner are wanted


class JetStreamAudit:
    """One message an action."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note(self, audited: AuditedAction) -> None:
        """Add an action; the server acknowledges it."""

        async def work(jetstream: JetStreamContext) -> None:
            await jetstream.publish(AUDIT_SUBJECT, wire.dump(audited))

        self._connection.run(work)

    def newest(self, limit: int, owner: str = "") -> list[AuditedAction]:
        """Return the newest actions, newest first."""

        async def work(jetstream: JetStreamContext) -> list[AuditedAction]:
            state = (await jetstream.stream_info(AUDIT_STREAM)).state
            first = max(state.first_seq, state.last_seq - _LOOKED_AT, 1)
            found: list[AuditedAction] = []
            for last in range(state.last_seq, first - 1, -_AT_ONCE):
                numbers = range(last, max(last - _AT_ONCE, first - 1), -1)
                actions = await asyncio.gather(*(_at(jetstream, number) for number in numbers))
                found += [
                    audited for audited in actions if audited and owner in ("", audited.owner)
                ]
                if len(found) >= limit:
                    break
            return found[:limit]

        return self._connection.run(work)


async def _at(jetstream: JetStreamContext, sequence: int) -> AuditedAction | None:
    try:
        message = await jetstream.get_msg(AUDIT_STREAM, seq=sequence, direct=True)
    except NotFoundError:  # it was too old
        return None
    return wire.load(AuditedAction, message.data or b"")
