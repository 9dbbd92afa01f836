"""`python -m bench.delayed PORT MS`: a TCP proxy on loopback that adds latency, and nothing else.

Bytes of either direction arrive half of MS later than they were sent, as many as were sent: a
long cable, not a thin one. It prints its port when it listens.
"""

import asyncio
import contextlib
import sys
from asyncio import StreamReader, StreamWriter

CHUNK = 1 << 18


async def _carry(source: StreamReader, target: StreamWriter, delay_s: float) -> None:
    """Pass on what comes, each piece when its time has come."""
    clock = asyncio.get_running_loop()
    waiting: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(4096)

    async def deliver() -> None:
        while True:
            due, data = await waiting.get()
            await asyncio.sleep(max(due - clock.time(), 0))
            if not data:
                break
            target.write(data)
            await target.drain()
        with contextlib.suppress(OSError):
            target.write_eof()

    delivering = asyncio.create_task(deliver())
    while True:
        data = await source.read(CHUNK)
        await waiting.put((clock.time() + delay_s, data))
        if not data:
            break
    await delivering


async def _serve(port: int, delay_s: float) -> None:
    async def connected(reader: StreamReader, writer: StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port, limit=CHUNK)
        ways = _carry(reader, far_writer, delay_s), _carry(far_reader, writer, delay_s)
        with contextlib.suppress(OSError):
            await asyncio.gather(*ways)
        for each in (writer, far_writer):
            each.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0, limit=CHUNK)
    print(server.sockets[0].getsockname()[1], flush=True)
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2]) / 2000))
