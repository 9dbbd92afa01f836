"""`Audit` in a stream of NATS from which nothing can be taken out before it is old."""

from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from mlaas4hep.adapters.nats.connection import Connection
from mlaas4hep.adapters.nats.provision import AUDIT_STREAM, AUDIT_SUBJECT
from mlaas4hep.core import wire
from mlaas4hep.core.requests.deed import Deed

_LOOKED_AT = 10_000  #: messages at most, when those of one owner are wanted


class JetStreamAudit:
    """One message a deed."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def note(self, deed: Deed) -> None:
        """Add a deed; the server acknowledges it."""

        async def work(jetstream: JetStreamContext) -> None:
            await jetstream.publish(AUDIT_SUBJECT, wire.dump(deed))

        self._connection.run(work)

    def newest(self, limit: int, owner: str = "") -> list[Deed]:
        """Return the newest deeds, newest first."""

        async def work(jetstream: JetStreamContext) -> list[Deed]:
            state = (await jetstream.stream_info(AUDIT_STREAM)).state
            found: list[Deed] = []
            sequence, first = state.last_seq, max(state.first_seq, state.last_seq - _LOOKED_AT)
            while sequence >= max(first, 1) and len(found) < limit:
                deed = await _at(jetstream, sequence)
                if deed is not None and owner in ("", deed.owner):
                    found.append(deed)
                sequence -= 1
            return found

        return self._connection.run(work)


async def _at(jetstream: JetStreamContext, sequence: int) -> Deed | None:
    try:
        message = await jetstream.get_msg(AUDIT_STREAM, seq=sequence, direct=True)
    except NotFoundError:  # it was too old
        return None
    return wire.load(Deed, message.data or b"")
