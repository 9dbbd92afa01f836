"""`python -m mlaas4hep.dispatcher`: deliver events until SIGTERM."""

import asyncio
import logging
import os
import signal
import sys
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from functools import partial

from nats.aio.client import Client
from prometheus_client import start_http_server

from mlaas4hep import bootstrap
from mlaas4hep.adapters.identity.tokens import DispatcherSigner
from mlaas4hep.adapters.nats.connection import connect, our_errors
from mlaas4hep.adapters.nats.provision import CONSUMERS
from mlaas4hep.adapters.networks import Networks
from mlaas4hep.dispatcher.calling import Caller, addresses
from mlaas4hep.dispatcher.housekeeping import Housekeeping
from mlaas4hep.dispatcher.lane import Lane
from mlaas4hep.dispatcher.metrics import Metrics
from mlaas4hep.dispatcher.sweeper import Sweeper
from mlaas4hep.dispatcher.webhooks import Webhooks
from mlaas4hep.errors import MlaasError
from mlaas4hep.faas.http import calls
from mlaas4hep.faas.logs import set_up_logging
from mlaas4hep.ports import Services
from mlaas4hep.settings import Settings, SettingsError, credentials, secret

log = logging.getLogger(__name__)

GRACE_S = 20.0  #: for calls to end after SIGTERM


def main() -> int:
    """Read the settings and deliver until told to stop."""
    try:
        settings = Settings.from_env(os.environ)
        set_up_logging(settings.log_level, settings.log_format)
        asyncio.run(_until_signalled(settings))
    except (SettingsError, MlaasError) as error:
        sys.stderr.write(f"dispatcher: {error}\n")
        return 1
    return 0


async def _until_signalled(settings: Settings) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await dispatch(settings, stop)


async def dispatch(settings: Settings, stop: asyncio.Event, grace_s: float = GRACE_S) -> None:
    """Deliver events until `stop` is set.

    Raises:
        ServiceUnavailableError: NATS does not answer at the start.
        SettingsError: a limit, the gateway or the private key is not what it should be.
    """
    limits = parse_limits(settings.dispatcher_limits)
    signer = DispatcherSigner(secret(settings.dispatcher_private_key_file))
    async with AsyncExitStack() as stack:
        messaging = stack.enter_context(closing(bootstrap.messaging(settings)))
        session = await stack.enter_async_context(calls())
        where = addresses(settings)
        caller = Caller(session, where, signer, settings.train_seconds)
        lanes: list[Lane] = []
        client = await _connected(settings, lanes)
        metrics = _metrics(settings.metrics_port)
        lane = partial(
            Lane,
            client=client,
            caller=caller,
            runs=messaging.runs,
            bus=messaging.bus,
            metrics=metrics,
            file_patience_s=settings.file_patience_seconds,
        )
        lanes += [
            lane(name, limit=limit, per_owner=_share(name, limit)) for name, limit in limits.items()
        ]
        log.info("delivering to %s", ", ".join(str(where(name)) for name in limits))
        sweeper = Sweeper(
            lanes,
            client=client,
            messaging=messaging,
            metrics=metrics,
            housekeeping=_housekeeping(settings, messaging),
            replicas=settings.nats_replicas,
        )
        webhooks = await _webhooks(settings, messaging, stack)
        await _work([*lanes, sweeper, *webhooks], stop)
        log.info("stopping: what waits is given back, what runs may take %.0f s", grace_s)
        await asyncio.gather(*(lane.stop(grace_s) for lane in lanes))
        await client.drain()


def _housekeeping(settings: Settings, messaging: bootstrap.Messaging) -> Housekeeping | None:
    """Return what keeps the store in order; None: the dispatcher was not given it."""
    return Housekeeping(_services(settings, messaging)) if _has_store(settings) else None


async def _webhooks(
    settings: Settings, messaging: bootstrap.Messaging, stack: AsyncExitStack
) -> list[Webhooks]:
    """Return what tells the ends of runs, if anybody may be told and the store is known.

    Raises:
        SettingsError: the key cannot be read, or a network is none.
    """
    if not settings.webhook_hosts or not settings.webhook_key_file or not _has_store(settings):
        return []
    key = secret(settings.webhook_key_file).encode()
    session = await stack.enter_async_context(calls(_webhook_networks(settings)))
    return [Webhooks(_services(settings, messaging), session, key)]


def _webhook_networks(settings: Settings) -> Networks:
    listed = settings.webhook_networks
    try:
        return Networks.of(listed)
    except ValueError as error:
        raise SettingsError(f"MLAAS_WEBHOOK_NETWORKS={listed!r}: {error}") from error


def _has_store(settings: Settings) -> bool:
    return settings.store != Settings().store


def _services(settings: Settings, messaging: bootstrap.Messaging) -> Services:
    """Return the store, and NATS by the connection that is there."""
    return replace(
        bootstrap.services(settings),
        runs=messaging.runs,
        bus=messaging.bus,
        leases=messaging.leases,
    )


async def _connected(settings: Settings, lanes: list[Lane]) -> Client:
    """Return a client that makes the lanes pull again when it was cut off."""

    async def reconnected() -> None:
        for lane in lanes:
            lane.reconnected()

    user, password = credentials(settings.nats_user_file)
    with our_errors():
        return await connect(
            settings.nats, user, password, "dispatcher", reconnected_cb=reconnected
        )


def _metrics(port: int) -> Metrics:
    metrics = Metrics()
    if port:
        start_http_server(port, registry=metrics.registry)
    return metrics


async def _work(workers: list[Lane | Sweeper | Webhooks], stop: asyncio.Event) -> None:
    async with asyncio.TaskGroup() as group:
        working = [group.create_task(worker.run()) for worker in workers]
        await stop.wait()
        for task in working:
            task.cancel()


def parse_limits(text: str) -> dict[str, int]:
    """Return the calls at once of each function, from `specs=2,train=4`.

    Raises:
        SettingsError: a name is no function or a number none above 0; the message quotes it.
    """
    limits = {}
    for part in filter(None, text.split(",")):
        name, _, number = (piece.strip() for piece in part.partition("="))
        if name not in CONSUMERS or not number.isdecimal() or int(number) < 1:
            raise SettingsError(
                f"MLAAS_DISPATCHER_LIMITS={text!r}: {part!r} is not FUNCTION=NUMBER with "
                f"FUNCTION one of {', '.join(CONSUMERS)}"
            )
        limits[name] = int(number)
    return limits


def _share(name: str, limit: int) -> int:
    """Return how many calls one owner may have: trainings are long, so one place is for others."""
    return max(1, limit - 1) if name == "train" else limit


if __name__ == "__main__":
    sys.exit(main())
