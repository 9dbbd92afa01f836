"""Clients with keep-alive connections: `python -m bench.predict.clients`, a case on standard input.

Each request has a number of its own in its head, as a gateway gives them, so that no two are the same.
"""

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Iterator
from typing import Any, cast

import uvloop

NUMBER = b"{number}"  #: of the call, in the head of a request


class Connection(asyncio.Protocol):
    """Sends one request after the other and notes how long each took."""

    def __init__(
        self, request: bytes, numbers: Iterator[int], until: float, times: list[float]
    ) -> None:
        self.before, _, self.after = request.partition(NUMBER)
        self.numbers, self.until, self.times = numbers, until, times
        self.done = asyncio.get_running_loop().create_future()
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's own is no subclass
        self.send()

    def send(self) -> None:
        self.started = time.perf_counter()
        self.transport.write(b"%b%08d%b" % (self.before, next(self.numbers), self.after))

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        head, split, body = self.buffer.partition(b"\r\n\r\n")
        if not split:
            return
        size = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
        if len(body) < size:
            return
        now = time.perf_counter()
        self.times.append(now - self.started)
        if not head.startswith(b"HTTP/1.1 200"):
            self.done.set_exception(RuntimeError(self.buffer[:500].decode()))
        elif now >= self.until:
            self.done.set_result(None)
        else:
            self.buffer = b""
            self.send()


async def load(case: dict[str, Any], seconds: float) -> list[float]:
    loop = asyncio.get_running_loop()
    head = [f"POST {case['path']} HTTP/1.1", "Host: x", f"Content-Length: {len(case['body'])}"]
    head.append(f"X-Call-Id: {NUMBER.decode()}")
    request = "\r\n".join([*head, *case["headers"], "", ""]).encode() + case["body"]
    numbers = itertools.count()
    times: list[float] = []
    until = time.perf_counter() + seconds
    connections = [
        await loop.create_connection(
            lambda: Connection(request, numbers, until, times), "127.0.0.1", case["port"]
        )
        for _ in range(case["clients"])
    ]
    await asyncio.gather(*(protocol.done for _, protocol in connections))
    for transport, _ in connections:
        transport.close()
    return times


def main() -> None:
    """Read a case and its body from standard input, print figures on standard output."""
    case = json.loads(sys.stdin.buffer.readline())
    case["body"] = sys.stdin.buffer.read()
    started = time.perf_counter()
    times = uvloop.run(load(case, case["seconds"]))
    took = time.perf_counter() - started
    times.sort()
    figures = {
        "requests": len(times),
        "rate": len(times) / took,
        "p50": 1000 * times[len(times) // 2],
        "p99": 1000 * times[int(len(times) * 0.99)],
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
