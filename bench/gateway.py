"""A gateway whose functions answer `{}`: at once, or after a while."""

import asyncio
import time
from typing import cast

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


class Calls:
    """What came, over all connections."""

    def __init__(self, seconds: float = 0.0) -> None:
        self.seconds = seconds  #: that each call takes
        self.arrivals: asyncio.Queue[float] = asyncio.Queue()
        self.under_way = self.most_under_way = self.answered = 0

    def came(self) -> None:
        self.arrivals.put_nowait(time.perf_counter())
        self.under_way += 1
        self.most_under_way = max(self.most_under_way, self.under_way)

    def left(self) -> None:
        self.under_way -= 1
        self.answered += 1


class Connection(asyncio.Protocol):
    """One connection: calls with a known length, one after the other."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._data = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's own is no subclass

    def data_received(self, data: bytes) -> None:
        self._data += data
        while b"\r\n\r\n" in self._data:
            head, _, rest = self._data.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            if len(rest) < length:
                return
            self._data = rest[length:]
            self._calls.came()
            self._answer_later()

    def _answer_later(self) -> None:
        if self._calls.seconds:
            asyncio.get_running_loop().call_later(self._calls.seconds, self._answer)
        else:
            self._answer()

    def _answer(self) -> None:
        self._calls.left()
        self._transport.write(ANSWER)


async def start(calls: Calls) -> tuple[asyncio.Server, int]:
    """Serve, and return the server and its port."""
    server = await asyncio.get_running_loop().create_server(
        lambda: Connection(calls), "127.0.0.1", 0, backlog=4096
    )
    return server, server.sockets[0].getsockname()[1]
