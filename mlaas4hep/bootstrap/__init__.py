"""Settings to services: the only place that chooses adapters.

Adapters are imported where they are chosen, so that no function pays for what it does not use.
"""

import time
from urllib.parse import urlsplit

from mlaas4hep.adapters.confinement import levels
from mlaas4hep.adapters.confinement.levels import DEMANDS
from mlaas4hep.adapters.deferred import deferred
from mlaas4hep.adapters.identity.table import IDENTITIES
from mlaas4hep.adapters.identity.tokens import DispatcherVerifier
from mlaas4hep.adapters.recentvalues import RecentValues
from mlaas4hep.adapters.runtimes.choose import Runtimes
from mlaas4hep.bootstrap.inputfiles import source
from mlaas4hep.bootstrap.messages import Messaging, messaging
from mlaas4hep.bootstrap.stores import direct_downloads, direct_uploads, stores_of
from mlaas4hep.core.keys import BUCKETS
from mlaas4hep.ports import (
    Deliveries,
    ObjectStore,
    People,
    RunBook,
    Services,
    Stopping,
    TableWriter,
    Trainer,
)
from mlaas4hep.ports.proposer import Proposer
from mlaas4hep.settings import Settings, SettingsError, secret

__all__ = ["Messaging", "deliveries", "messaging", "people", "services"]


def services(settings: Settings) -> Services:
    """Return the services that the settings name; nothing is connected before it is used.

    Raises:
        SettingsError: `store` or `nats` is of no kind that we know, or a secret file is missing.
    """
    make = stores_of(settings)
    stores = {bucket: make(settings.store_bucket_prefix + bucket) for bucket in BUCKETS}
    messages = messaging(settings)
    demand, stopping = _demand(settings), Stopping()
    runtimes = Runtimes(demand=demand, prepared_seconds=settings.prepared_seconds)
    return Services(
        tarballs=stores["tarballs"],
        runs_files=stores["runs"],
        specs=stores["specs"],
        chunks=stores["chunks"],
        models=stores["models"],
        source=source(settings, stores["tarballs"], stopping),
        stopping=stopping,
        bus=messages.bus,
        runs=_runs(settings, messages, stores["runs"]),
        leases=messages.leases,
        audit=messages.audit,
        dead_letters=messages.dead_letters,
        clock=time.time,
        trainer=deferred(lambda: _trainer(settings, demand)),
        load_model=runtimes.load,
        prepare_models=runtimes.prepare,
        tables=deferred(_tables),
        recent=RecentValues(),
        direct_uploads=direct_uploads(settings),
        direct_downloads=direct_downloads(settings),
        proposer=deferred(_proposer),
        range_entries=settings.range_entries,
        max_versions=settings.max_versions,
    )


def _trainer(settings: Settings, demand: str) -> Trainer:
    from mlaas4hep.adapters.trainers.sandbox import Sandbox  # noqa: PLC0415 - few functions train

    return Sandbox(
        build_seconds=settings.build_seconds,
        train_seconds=settings.train_seconds,
        demand=demand,
        prepared_seconds=settings.prepared_seconds,
    )


def _runs(settings: Settings, messages: Messaging, stored: ObjectStore) -> RunBook:
    """Return the run book, for which the store knows what it has lost; one in memory begins anew."""
    if settings.nats == "memory:":
        return messages.runs
    return deferred(lambda: _backed(messages.runs, stored))


def _backed(runs: RunBook, stored: ObjectStore) -> RunBook:
    from mlaas4hep.adapters.backedruns import BackedRunBook  # noqa: PLC0415 - predict knows no runs

    return BackedRunBook(runs, stored)


def _tables() -> TableWriter:
    from mlaas4hep.adapters.tablefiles import TableFiles  # noqa: PLC0415 - few functions write them

    return TableFiles()


def _proposer() -> Proposer:
    from mlaas4hep.adapters.proposers.optuna import OptunaProposer  # noqa: PLC0415 - specs alone

    return OptunaProposer()


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


def _demand(settings: Settings) -> str:
    if settings.sandbox not in DEMANDS:
        known = ", ".join(DEMANDS)
        raise SettingsError(f"MLAAS_SANDBOX={settings.sandbox!r} is none of {known}")
    if settings.sandbox != "any":
        from mlaas4hep.adapters.confinement.offered import offered  # noqa: PLC0415 - asked for

        try:
            levels.check(offered(), settings.sandbox)
        except levels.ConfinementError as error:
            raise SettingsError(f"MLAAS_SANDBOX={settings.sandbox!r}: {error}") from error
    return settings.sandbox
