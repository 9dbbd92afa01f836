"""Settings to services: the only place that chooses adapters.

Adapters are imported where they are chosen, so that no function pays for what it does not use.
"""

import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from mlaas4hep.adapters.lazy import LazySource
from mlaas4hep.adapters.memory import MemoryBus, MemoryLeases, MemoryRunBook, MemoryStore
from mlaas4hep.core.keys import BUCKETS
from mlaas4hep.ports import Bus, DataSource, Leases, ObjectStore, RunBook, Services
from mlaas4hep.settings import Settings, SettingsError, secret


def services(settings: Settings) -> Services:
    """Return the services that the settings name; nothing is connected before it is used.

    Raises:
        SettingsError: `store` or `nats` is of no kind that we know, or a secret file is missing.
    """
    stores = {bucket: _store(settings, bucket) for bucket in BUCKETS}
    bus, runs, leases = _messaging(settings)
    return Services(
        tarballs=stores["tarballs"],
        runs_files=stores["runs"],
        specs=stores["specs"],
        chunks=stores["chunks"],
        models=stores["models"],
        source=LazySource(lambda: _source(settings, stores["tarballs"])),
        bus=bus,
        runs=runs,
        leases=leases,
        clock=time.time,
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


def _messaging(settings: Settings) -> tuple[Bus, RunBook, Leases]:
    if settings.nats == "memory:":
        return MemoryBus(), MemoryRunBook(time.time), MemoryLeases()
    if urlsplit(settings.nats).scheme not in {"nats", "tls"}:
        raise SettingsError(f"MLAAS_NATS={settings.nats!r} is neither memory: nor nats://host:port")
    return _jetstream(settings)


def _jetstream(settings: Settings) -> tuple[Bus, RunBook, Leases]:
    from mlaas4hep.adapters.jetstream import Connection, JetStreamBus  # noqa: PLC0415
    from mlaas4hep.adapters.jetstream_leases import JetStreamLeases  # noqa: PLC0415
    from mlaas4hep.adapters.jetstream_runs import JetStreamRunBook  # noqa: PLC0415

    user, password = credentials(settings.nats_user_file)
    connection = Connection(settings.nats, user, password, name="mlaas4hep")
    return (
        JetStreamBus(connection),
        JetStreamRunBook(connection, time.time),
        JetStreamLeases(connection),
    )


def credentials(path: str) -> tuple[str, str]:
    """Return name and password of a secret file that holds `name:password`; empty without one."""
    name, _, password = secret(path).partition(":") if path else ("", "", "")
    return name, password


def _source(settings: Settings, tarballs: ObjectStore) -> DataSource:
    from mlaas4hep.adapters.rootfiles import RootFiles  # noqa: PLC0415

    return RootFiles(tarballs=tarballs, remote_hosts=settings.remote_hosts)
