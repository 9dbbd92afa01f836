"""What a platform that starts on one machine asks of its own NATS server."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from mlaas4hep.adapters.nats.client import EndingClient
from mlaas4hep.adapters.nats.provision import CONSUMERS, LEASES, STREAM
from mlaas4hep.errors import ServiceUnavailableError

_LOOK_S = 0.05


def reclaim(url: str, user: str, password: str) -> None:
    """Free every event and every lease; only right while no dispatcher and no function runs.

    The consumers are gone afterwards: provision again.

    Raises:
        ServiceUnavailableError: NATS does not answer, or refuses.
    """
    _run(url, _reclaim(url, user, password))


async def wait_for_dispatcher(url: str, user: str, password: str) -> None:
    """Return when somebody waits for events.

    Raises:
        ServiceUnavailableError: NATS does not answer.
    """
    with _our_errors(url):
        await _somebody_waits(url, user, password)


def _run(url: str, work: Coroutine[Any, Any, None]) -> None:
    with _our_errors(url):
        asyncio.run(work)


@contextmanager
def _our_errors(url: str) -> Iterator[None]:
    try:
        yield
    except (NatsError, OSError, TimeoutError) as error:
        raise ServiceUnavailableError(f"NATS at {url}: {error or 'no answer'}") from error


@asynccontextmanager
async def _jetstream(url: str, user: str, password: str) -> AsyncIterator[JetStreamContext]:
    client = EndingClient()
    await client.connect(url, user=user, password=password, max_reconnect_attempts=2)
    try:
        yield client.jetstream(timeout=10)
    finally:
        await client.close()


async def _reclaim(url: str, user: str, password: str) -> None:
    async with _jetstream(url, user, password) as jetstream:
        for consumer in CONSUMERS:
            await _forget(jetstream, consumer)
        await _purge(jetstream)


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


async def _somebody_waits(url: str, user: str, password: str) -> None:
    async with _jetstream(url, user, password) as jetstream:
        while True:
            for consumer in CONSUMERS:
                if (await jetstream.consumer_info(STREAM, consumer)).num_waiting:
                    return
            await asyncio.sleep(_LOOK_S)
