"""What a NATS server refuses to its users."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import nats
from nats.aio.client import Client

from mlaas4hep.settings import credentials
from mlaas4hep.testing.nats import NatsServer


async def as_user(
    server: NatsServer,
    place: Path,
    name: str,
    do: Callable[[Client], Awaitable[Any]],
    refusals: int = 1,
) -> str:
    """Return what the server refused, in small letters, when it has refused so much."""
    refused = []
    enough = asyncio.Event()

    async def note(error: Exception) -> None:
        refused.append(str(error).lower())
        if len(refused) >= refusals:
            enough.set()

    user, password = credentials(str(place / "keys" / f"{name}-nats-user"))
    client = await nats.connect(server.url, user=user, password=password, error_cb=note)
    try:
        await do(client)
        async with asyncio.timeout(5):
            await enough.wait()
        await client.flush()
    finally:
        await client.close()
    return " ".join(refused)
