"""Takes back what the platform of before held when it was killed, without waiting for it."""

import asyncio

from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from mlaas4hep.adapters.provision_nats import CONSUMERS, LEASES, STREAM
from mlaas4hep.errors import ServiceUnavailableError


def reclaim(url: str, user: str = "", password: str = "") -> None:
    """Free every event and every lease; only right while no dispatcher and no function runs.

    The consumers are gone afterwards: provision again.

    Raises:
        ServiceUnavailableError: NATS does not answer, or refuses.
    """
    try:
        asyncio.run(_reclaim(url, user, password))
    except (NatsError, OSError, TimeoutError) as error:
        raise ServiceUnavailableError(f"NATS at {url}: {error or 'no answer'}") from error


async def _reclaim(url: str, user: str, password: str) -> None:
    client = Client()
    await client.connect(
        url, user=user or None, password=password or None, max_reconnect_attempts=2
    )
    try:
        jetstream = client.jetstream(timeout=10)
        for consumer in CONSUMERS:
            await _forget(jetstream, consumer)
        await _purge(jetstream)
    finally:
        await client.close()


async def _forget(jetstream: JetStreamContext, consumer: str) -> None:
    try:
        await jetstream.delete_consumer(STREAM, consumer)
    except NotFoundError:
        return


async def _purge(jetstream: JetStreamContext) -> None:
    try:
        await jetstream.purge_stream(f"KV_{LEASES}")
    except NotFoundError:
        return
