"""What needs no store: bus, run book, leases, audit log and dead letters, of one connection."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from mlaas4hep.adapters.deferred import deferred
from mlaas4hep.ports import Audit, Bus, Leases, RunBook
from mlaas4hep.ports.deadletters import DeadLetters
from mlaas4hep.settings import Settings, SettingsError, credentials


@dataclass(frozen=True, slots=True, kw_only=True)
class Messaging:
    """The services that need no store; the dispatcher has no others."""

    bus: Bus
    runs: RunBook
    leases: Leases
    audit: Audit
    dead_letters: DeadLetters
    close: Callable[[], None]  #: ends their connection, if they have one


def messaging(settings: Settings) -> Messaging:
    """Return bus, run book and leases; nothing is connected before it is used.

    Raises:
        SettingsError: `nats` is of no kind that we know, or a secret file is missing.
    """
    if settings.nats == "memory:":
        return _in_memory()
    if urlsplit(settings.nats).scheme not in {"nats", "tls"}:
        raise SettingsError(f"MLAAS_NATS={settings.nats!r} is neither memory: nor nats://host:port")
    return _jetstream(settings)


def _in_memory() -> Messaging:
    from mlaas4hep.adapters import memory  # noqa: PLC0415 - it knows events and runs

    return Messaging(
        bus=memory.MemoryBus(),
        runs=memory.MemoryRunBook(time.time),
        leases=memory.MemoryLeases(),
        audit=memory.MemoryAudit(),
        dead_letters=memory.MemoryDeadLetters(),
        close=lambda: None,
    )


def _jetstream(settings: Settings) -> Messaging:
    user, password = credentials(settings.nats_user_file)
    made = deferred(lambda: _connected(settings.nats, user, password))

    def close() -> None:
        made.close()

    return Messaging(
        bus=deferred(lambda: made.bus),
        runs=deferred(lambda: made.runs),
        leases=deferred(lambda: made.leases),
        audit=deferred(lambda: made.audit),
        dead_letters=deferred(lambda: made.dead_letters),
        close=close,
    )


def _connected(url: str, user: str, password: str) -> Messaging:
    from mlaas4hep.adapters.nats.audit import JetStreamAudit  # noqa: PLC0415
    from mlaas4hep.adapters.nats.connection import Connection, JetStreamBus  # noqa: PLC0415
    from mlaas4hep.adapters.nats.deadletters import JetStreamDeadLetters  # noqa: PLC0415
    from mlaas4hep.adapters.nats.leases import JetStreamLeases  # noqa: PLC0415
    from mlaas4hep.adapters.nats.runs import JetStreamRunBook  # noqa: PLC0415

    connection = Connection(url, user, password, name=user or "mlaas4hep")
    return Messaging(
        bus=JetStreamBus(connection),
        runs=JetStreamRunBook(connection, time.time),
        leases=JetStreamLeases(connection),
        audit=JetStreamAudit(connection),
        dead_letters=JetStreamDeadLetters(connection),
        close=connection.close,
    )
