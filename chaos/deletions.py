"""Somebody deletes or empties what lies in NATS: streams, consumers, key-value buckets."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from random import Random

import nats.errors
from nats.js import JetStreamContext

from chaos.fault import Fault
from chaos.site import Site
from mlaas4hep.adapters.nats.provision import (
    AUDIT_STREAM,
    CONSUMERS,
    COUNTERS,
    DEAD_STREAM,
    LEASES,
    RUNS,
    STREAM,
)

_BUCKETS = tuple(f"KV_{name}" for name in (RUNS, COUNTERS, LEASES))
_STREAMS = (STREAM, DEAD_STREAM, AUDIT_STREAM, *_BUCKETS)

_Change = Callable[[JetStreamContext], Awaitable[object]]


def of_nats(site: Site, random: Random) -> list[Fault]:
    """Return each stream and bucket deleted and emptied, and one consumer deleted."""
    consumer = random.choice(sorted(CONSUMERS))
    made = [
        Fault(kind="delete", part=name, hit=partial(_changed, site, partial(_deleted, name=name)))
        for name in _STREAMS
    ]
    made += [
        Fault(kind="purge", part=name, hit=partial(_changed, site, partial(_purged, name=name)))
        for name in (STREAM, *_BUCKETS)
    ]
    unheard = partial(_unheard, name=consumer)
    return [*made, Fault(kind="delete", part="a consumer", hit=partial(_changed, site, unheard))]


async def _deleted(jetstream: JetStreamContext, name: str) -> None:
    await jetstream.delete_stream(name)


async def _purged(jetstream: JetStreamContext, name: str) -> None:
    await jetstream.purge_stream(name)


async def _unheard(jetstream: JetStreamContext, name: str) -> None:
    await jetstream.delete_consumer(STREAM, name)


def _changed(site: Site, change: _Change) -> bool:
    """Change something as an administrator; False if NATS is away, or has no such thing."""
    try:
        asyncio.run(_as_administrator(site, change))
    except (nats.errors.Error, OSError, TimeoutError):
        return False
    return True


async def _as_administrator(site: Site, change: _Change) -> None:
    where = site.nats()
    client = await nats.connect(
        where.url, user=where.user, password=where.password, max_reconnect_attempts=2
    )
    try:
        await change(client.jetstream(timeout=10))
    finally:
        await client.close()
