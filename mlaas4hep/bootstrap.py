"""Settings to services: the only place that chooses adapters.

Adapters are imported where they are chosen, so that no function pays for what it does not use.
"""

import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

from mlaas4hep.adapters.backedruns import BackedRunBook
from mlaas4hep.adapters.confinement import levels
from mlaas4hep.adapters.confinement.levels import DEMANDS
from mlaas4hep.adapters.confinement.offered import offered
from mlaas4hep.adapters.deferred import deferred
from mlaas4hep.adapters.identity.table import IDENTITIES
from mlaas4hep.adapters.identity.tokens import DispatcherVerifier
from mlaas4hep.adapters.memory import (
    MemoryAudit,
    MemoryBus,
    MemoryDeadLetters,
    MemoryLeases,
    MemoryRunBook,
    MemoryStore,
)
from mlaas4hep.adapters.proposers.optuna import OptunaProposer
from mlaas4hep.adapters.recent import RecentValues
from mlaas4hep.adapters.runtimes.choose import Runtimes
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.s3access import S3Access
from mlaas4hep.adapters.tables import Tables
from mlaas4hep.adapters.trainers.sandbox import Sandbox
from mlaas4hep.core.keys import BUCKETS
from mlaas4hep.ports import (
    Audit,
    Bus,
    DataSource,
    Deliveries,
    DirectDownloads,
    DirectUploads,
    Leases,
    NoDirectDownloads,
    NoDirectUploads,
    ObjectStore,
    People,
    RunBook,
    Services,
)
from mlaas4hep.ports.deadletters import DeadLetters
from mlaas4hep.settings import Settings, SettingsError, secret

OWN_S3 = "env:"  #: the S3 that the environment of a person's shell names


def services(settings: Settings) -> Services:
    """Return the services that the settings name; nothing is connected before it is used.

    Raises:
        SettingsError: `store` or `nats` is of no kind that we know, or a secret file is missing.
    """
    make = _stores(settings)
    stores = {bucket: make(settings.store_bucket_prefix + bucket) for bucket in BUCKETS}
    messages = messaging(settings)
    policy = _server_policy(settings)
    demand = _demand(settings)
    return Services(
        tarballs=stores["tarballs"],
        runs_files=stores["runs"],
        specs=stores["specs"],
        chunks=stores["chunks"],
        models=stores["models"],
        source=deferred(lambda: _source(settings, stores["tarballs"], policy)),
        bus=messages.bus,
        runs=_runs(settings, messages, stores["runs"]),
        leases=messages.leases,
        audit=messages.audit,
        dead_letters=messages.dead_letters,
        clock=time.time,
        trainer=Sandbox(
            build_seconds=settings.build_seconds,
            train_seconds=settings.train_seconds,
            demand=demand,
            prepared_seconds=settings.prepared_seconds,
        ),
        load_model=Runtimes(demand=demand, prepared_seconds=settings.prepared_seconds).load,
        tables=Tables(),
        recent=RecentValues(),
        direct_uploads=_direct_uploads(settings),
        direct_downloads=_direct_downloads(settings),
        proposer=OptunaProposer(),
        range_entries=settings.range_entries,
        max_versions=settings.max_versions,
    )


def _runs(settings: Settings, messages: "Messaging", stored: ObjectStore) -> RunBook:
    """Return the run book, for which the store knows what it has lost; one in memory begins anew."""
    if settings.nats == "memory:":
        return messages.runs
    return deferred(lambda: BackedRunBook(messages.runs, stored))


def people(settings: Settings) -> People:
    """Return what knows the people of this deployment.

    Raises:
        SettingsError: the issuer is of no kind that we know.
    """
    scheme = urlsplit(settings.issuer).scheme
    if scheme not in IDENTITIES:
        known = ", ".join(f"{name}://" for name in IDENTITIES if name)
        raise SettingsError(f"MLAAS_ISSUER={settings.issuer!r} is none of {known}")
    return IDENTITIES[scheme](settings)


def deliveries(settings: Settings, function: str) -> Deliveries:
    """Return what checks the dispatcher's calls of a function; SettingsError without its key."""
    return DispatcherVerifier(secret(settings.dispatcher_public_key_file), function)


def _stores(settings: Settings) -> Callable[[str], ObjectStore]:
    """Return what makes the store of a bucket."""
    parts = urlsplit(settings.store)
    if parts.scheme == "memory":
        return lambda _bucket: MemoryStore(time.time)
    if parts.scheme == "file":
        return partial(_directory_store, Path(url2pathname(parts.path)))
    if parts.scheme in {"http", "https"} and parts.netloc:
        return _s3_stores(settings)
    raise SettingsError(
        f"MLAAS_STORE={settings.store!r} is none of memory:, file:///folder, http(s)://host"
    )


def _demand(settings: Settings) -> str:
    if settings.sandbox not in DEMANDS:
        known = ", ".join(DEMANDS)
        raise SettingsError(f"MLAAS_SANDBOX={settings.sandbox!r} is none of {known}")
    if settings.sandbox != "any":
        try:
            levels.check(offered(), settings.sandbox)
        except levels.ConfinementError as error:
            raise SettingsError(f"MLAAS_SANDBOX={settings.sandbox!r}: {error}") from error
    return settings.sandbox


def _directory_store(root: Path, bucket: str) -> ObjectStore:
    from mlaas4hep.adapters.stores.directory import DirectoryStore  # noqa: PLC0415

    return DirectoryStore(root, bucket)


def _s3_stores(settings: Settings) -> Callable[[str], ObjectStore]:
    from mlaas4hep.adapters.stores.filecache import FileCache  # noqa: PLC0415
    from mlaas4hep.adapters.stores.s3 import S3Store, client  # noqa: PLC0415

    access, secret_key = credentials(settings.store_key_file)
    folder = settings.cache_dir or str(Path(tempfile.gettempdir()) / f"mlaas-cache-{os.getuid()}")
    cache = FileCache(Path(folder), settings.cache_bytes)
    minio = client(settings.store, access, secret_key)
    return lambda bucket: S3Store(minio, bucket, cache)


def _direct_uploads(settings: Settings) -> DirectUploads:
    if not _is_public(settings):
        return NoDirectUploads()
    from mlaas4hep.adapters.stores.s3 import client  # noqa: PLC0415
    from mlaas4hep.adapters.stores.s3forms import S3Forms  # noqa: PLC0415

    minio = client(settings.store, *credentials(settings.store_key_file))
    return S3Forms(minio, settings.store_public_url, f"{settings.store_bucket_prefix}tarballs")


def _direct_downloads(settings: Settings) -> DirectDownloads:
    if not _is_public(settings):
        return NoDirectDownloads()
    from mlaas4hep.adapters.stores.s3 import client  # noqa: PLC0415
    from mlaas4hep.adapters.stores.s3addresses import S3Addresses  # noqa: PLC0415

    keys = credentials(settings.store_key_file)
    url, prefix = settings.store_public_url, settings.store_bucket_prefix
    return S3Addresses(client(settings.store, *keys), partial(client, url, *keys), url, prefix)


def _is_public(settings: Settings) -> bool:
    """Tell whether people reach the S3 that holds the buckets."""
    return bool(settings.store_public_url) and urlsplit(settings.store).scheme in {"http", "https"}


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
        return Messaging(
            bus=MemoryBus(),
            runs=MemoryRunBook(time.time),
            leases=MemoryLeases(),
            audit=MemoryAudit(),
            dead_letters=MemoryDeadLetters(),
            close=lambda: None,
        )
    if urlsplit(settings.nats).scheme not in {"nats", "tls"}:
        raise SettingsError(f"MLAAS_NATS={settings.nats!r} is neither memory: nor nats://host:port")
    return _jetstream(settings)


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


def credentials(path: str) -> tuple[str, str]:
    """Return name and password of a secret file that holds `name:password`; empty without one."""
    name, _, password = secret(path).partition(":") if path else ("", "", "")
    return name, password


def _source(settings: Settings, tarballs: ObjectStore, policy: ServerPolicy) -> DataSource:
    from mlaas4hep.adapters.sources.files import DataFiles  # noqa: PLC0415

    return DataFiles(tarballs=tarballs, policy=policy, cache_dir=settings.cache_dir)


def _data_s3(settings: Settings) -> S3Access | None:
    """Return where input files s3:// are; never in the buckets of this system."""
    if settings.data_s3 == OWN_S3:
        return S3Access.of_environment(os.environ)
    if not settings.data_s3:
        return None
    if urlsplit(settings.data_s3).scheme not in {"http", "https"}:
        raise SettingsError(
            f"MLAAS_DATA_S3={settings.data_s3!r} is neither http(s)://host nor env:"
        )
    key, key_secret = credentials(settings.data_s3_key_file)
    return S3Access(
        url=settings.data_s3,
        key=key,
        secret=key_secret,
        buckets=tuple(glob.strip() for glob in settings.data_s3_buckets.split(",") if glob.strip()),
        never=tuple(settings.store_bucket_prefix + bucket for bucket in BUCKETS),
    )


def _server_policy(settings: Settings) -> ServerPolicy:
    """Return which servers input files may come from; the operator's own proxy always may."""
    proxy = urlsplit(settings.xrootd_proxy).hostname or ""
    try:
        policy = ServerPolicy.of(
            settings.remote_hosts,
            settings.remote_networks,
            plain_http=bool(settings.plain_http),
            own=(proxy,) if proxy else (),
        )
    except ValueError as error:
        raise SettingsError(
            f"MLAAS_REMOTE_NETWORKS={settings.remote_networks!r}: {error}"
        ) from error
    return replace(policy, s3=_data_s3(settings), datasets=settings.datasets)
