"""NATS after its disk was full: a stream into which it could not write takes nothing any more.

The server says so once and goes on; only a new start opens the stream for writing again. What is
read from it meanwhile is right, so the new start waits until there is room.
"""

import asyncio
import shutil
from contextlib import suppress
from pathlib import Path

from mlaas4hep.laptop.child import Child

ROOM_BYTES = 16 * 1024**2
_SAYS = "critical write error"
_LOOK_S = 1.0


async def start_again_when_there_is_room(
    server: Child, folder: Path, grace_s: float, room_bytes: int = ROOM_BYTES
) -> None:
    """Start a NATS server anew each time that it stopped writing; until cancelled.

    Args:
        folder: on the disk that has to have room.
        grace_s: how long the server may take to end.
        room_bytes: with which it can go on.
    """
    async for line in server.log.follow(tail=0):
        if _SAYS in line.text.lower() and line.instance == server.instance:
            await _until_room(folder, room_bytes)
            server.log.write("supervisor", "there is room on the disk again; starting anew")
            await server.end(grace_s)


async def _until_room(folder: Path, room_bytes: int) -> None:
    while True:
        with suppress(OSError):
            if shutil.disk_usage(folder).free >= room_bytes:
                return
        await asyncio.sleep(_LOOK_S)
