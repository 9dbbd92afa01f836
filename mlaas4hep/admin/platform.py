"""The platform that the environment names, as its administrator sees it."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

from mlaas4hep import bootstrap
from mlaas4hep.adapters.nats.archive import NatsArchive
from mlaas4hep.adapters.nats.connection import Connection
from mlaas4hep.ports import Services
from mlaas4hep.settings import Settings, SettingsError, credentials


@dataclass(frozen=True, slots=True, kw_only=True)
class Platform:
    """Store, run records and events, and NATS as a whole."""

    services: Services
    nats: NatsArchive


@contextmanager
def platform(settings: Settings | None = None) -> Iterator[Platform]:
    """Give the platform of `MLAAS_STORE`, `MLAAS_NATS` and their key files.

    Raises:
        SettingsError: one of the two is not named.
    """
    settings = settings or Settings.from_env(os.environ)
    for name, value in (("MLAAS_STORE", settings.store), ("MLAAS_NATS", settings.nats)):
        if value == "memory:":
            raise SettingsError(
                f"{name} names no {name[6:].lower()}: set it to that of the platform"
            )
    user, password = credentials(settings.nats_user_file)
    with (
        closing(bootstrap.messaging(settings)) as messaging,
        closing(Connection(settings.nats, user, password, name="admin")) as connection,
    ):
        services = replace(
            bootstrap.services(settings),
            runs=messaging.runs,
            bus=messaging.bus,
            leases=messaging.leases,
            audit=messaging.audit,
            dead_letters=messaging.dead_letters,
        )
        yield Platform(services=services, nats=NatsArchive(connection, settings.nats_replicas))
