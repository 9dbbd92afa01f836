"""NATS on a disk that was full writes again when there is room."""

import asyncio
import contextlib
import os
import sys

import nats

from mlaas4hep.laptop.bus.fulldisk import start_again_when_there_is_room
from mlaas4hep.laptop.child import Child, Program
from mlaas4hep.laptop.logs import FunctionLog
from mlaas4hep.laptop.ports import free_ports
from mlaas4hep.testing.nats import config, program
from tests.laptop.smalldisk import fill, small_disk

DISK_MIB = 64
STREAMS = 3
STUCK = f"""
import signal
print("[ERR] critical write error\\n" * {STREAMS}, flush=True)
signal.pause()
"""


@contextlib.asynccontextmanager
async def looked_after(logs, argv, folder, on_start=lambda _child: None):
    """Run a server that is started anew when it is stuck and there is room in a folder."""
    program_ = Program(name="nats", argv=argv, env={**os.environ})
    server = Child(program_, FunctionLog(logs / "nats.log"), on_start)
    looking = asyncio.create_task(start_again_when_there_is_room(server, folder, 5))
    await server.start()
    try:
        yield server
    finally:
        looking.cancel()
        await server.stop(5)


def test_a_server_that_is_stuck_is_started_anew_once_and_not_before_there_is_room(tmp_path):
    folder = tmp_path / "disk"  # one that is not there has no room
    found: asyncio.Queue[tuple[bool, int]] = asyncio.Queue()  # whether there was room, and ends

    async def starts():
        argv = (sys.executable, "-c", STUCK)
        notes = lambda child: found.put_nowait((folder.exists(), ends_for_room(child.log)))
        async with looked_after(tmp_path, argv, folder, notes) as server, asyncio.timeout(30):
            async for line in server.log.follow():
                if "critical" in line.text:
                    break
            folder.mkdir()
            return [await found.get(), await found.get()]

    assert asyncio.run(starts()) == [(False, 0), (True, 1)]


def ends_for_room(log):
    return sum("there is room" in line.text for line in log.lines())


def test_nats_writes_again_after_its_disk_was_full(tmp_path):
    with small_disk(tmp_path / "disk", DISK_MIB) as disk:
        before, after = asyncio.run(filled_and_emptied(disk, tmp_path))

    assert after == before + 1


async def filled_and_emptied(disk, logs):
    """Return how many messages were acknowledged before, and how many are there in the end."""
    (port,) = free_ports(1)
    (logs / "nats.conf").write_text(config(disk, port))
    async with looked_after(logs, (program(), "-c", str(logs / "nats.conf")), disk):
        jetstream = await connected(port)
        await jetstream.add_stream(name="S", subjects=["s"])
        before = (await jetstream.publish("s", b"first")).seq
        filler = fill(disk)
        with contextlib.suppress(nats.errors.Error):
            while True:
                before = (await jetstream.publish("s", bytes(2000), timeout=2)).seq
        filler.unlink()
        await published(jetstream)
        after = (await jetstream.stream_info("S")).state.messages
        await jetstream._nc.close()
        return before, after


async def connected(port):
    async with asyncio.timeout(20):
        while True:
            with contextlib.suppress(OSError, nats.errors.Error):
                client = await nats.connect(
                    f"nats://127.0.0.1:{port}", max_reconnect_attempts=-1, reconnect_time_wait=0.1
                )
                return client.jetstream()
            await asyncio.sleep(0.05)


async def published(jetstream):
    """Publish one message as everybody does: again, while nobody takes it."""
    async with asyncio.timeout(40):
        while True:
            with contextlib.suppress(nats.errors.Error):
                await jetstream.publish("s", b"again", timeout=1, headers={"Nats-Msg-Id": "again"})
                return
