"""Settings to services: the only place that chooses adapters.

Adapters are imported where they are chosen, so that no function pays for what it does not use.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from mlaas4hep.adapters.lazy import LazySource
from mlaas4hep.adapters.memory import MemoryBus, MemoryLeases, MemoryRunBook, MemoryStore
from mlaas4hep.adapters.sandbox import Sandbox
from mlaas4hep.core.keys import BUCKETS
from mlaas4hep.ports import Bus, DataSource, Leases, ObjectStore, RunBook, Services
from mlaas4hep.settings import Settings, SettingsError, secret


def services(settings: Settings) -> Services:
    """Return the services that the settings name; nothing is connected before it is used.

    Raises:
        SettingsError: `store` or `nats` is of no kind that we know, or a secret file is missing.
    """
    stores = {bucket: _store(settings, bucket) for bucket in BUCKETS}
    messages = messaging(settings)
    return Services(
        tarballs=stores["tarballs"],
        runs_files=stores["runs"],
        specs=stores["specs"],
        chunks=stores["chunks"],
        models=stores["models"],
        source=LazySource(lambda: _source(settings, stores["tarballs"])),
        bus=messages.bus,
        runs=messages.runs,
        leases=messages.leases,
        clock=time.time,
        trainer=Sandbox(train_seconds=settings.train_seconds),
        range_entries=settings.range_entries,
    )


def _store(settings: Settings, bucket: str) -> ObjectStore:
    bucket = settings.store_bucket_prefix + bucket
    make = _STORES.get(urlsplit(settings.store).scheme)
    if make is None:
        raise SettingsError(
            f"MLAAS_STORE={settings.store!r} is none of memory:, file:///folder, http(s)://host"
        )
    return make(settings, bucket)


def _memory_store(_settings: Settings, _bucket: str) -> ObjectStore:
    return MemoryStore(time.time)


def _directory_store(settings: Settings, bucket: str) -> ObjectStore:
    from mlaas4hep.adapters.directory import DirectoryStore  # noqa: PLC0415

    return DirectoryStore(Path(url2pathname(urlsplit(settings.store).path)), bucket)


_STORES: dict[str, Callable[[Settings, str], ObjectStore]] = {
    "memory": _memory_store,
    "file": _directory_store,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Messaging:
    """The services that need no store; the dispatcher has no others."""

    bus: Bus
    runs: RunBook
    leases: Leases
    close: Callable[[], None]  #: ends their connection, if they have one


def messaging(settings: Settings) -> Messaging:
    """Return bus, run book and leases; nothing is connected before it is used.

    Raises:
        SettingsError: `nats` is of no kind that we know, or a secret file is missing.
    """
    if settings.nats == "memory:":
        return Messaging(
            bus=MemoryBus(),
            runs=MemoryRunBook(time.time),
            leases=MemoryLeases(),
            close=lambda: None,
        )
    if urlsplit(settings.nats).scheme not in {"nats", "tls"}:
        raise SettingsError(f"MLAAS_NATS={settings.nats!r} is neither memory: nor nats://host:port")
    return _jetstream(settings)


def _jetstream(settings: Settings) -> Messaging:
    from mlaas4hep.adapters.jetstream import Connection, JetStreamBus  # noqa: PLC0415
    from mlaas4hep.adapters.jetstream_leases import JetStreamLeases  # noqa: PLC0415
    from mlaas4hep.adapters.jetstream_runs import JetStreamRunBook  # noqa: PLC0415

    user, password = credentials(settings.nats_user_file)
    connection = Connection(settings.nats, user, password, name="mlaas4hep")
    return Messaging(
        bus=JetStreamBus(connection),
        runs=JetStreamRunBook(connection, time.time),
        leases=JetStreamLeases(connection),
        close=connection.close,
    )


def credentials(path: str) -> tuple[str, str]:
    """Return name and password of a secret file that holds `name:password`; empty without one."""
    name, _, password = secret(path).partition(":") if path else ("", "", "")
    return name, password


def _source(settings: Settings, tarballs: ObjectStore) -> DataSource:
    from mlaas4hep.adapters.rootfiles import RootFiles  # noqa: PLC0415

    return RootFiles(tarballs=tarballs, remote_hosts=settings.remote_hosts)
