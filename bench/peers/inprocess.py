"""`python -m bench.peers.inprocess`: predict and the bare handler in one process, in turns.

From the bytes that connections brought to those that they send: what is missing is the kernel's
share, which is the same for both. Each request has a number of its own in its head, as a gateway
gives them. Processor time, the least of many short rounds, which other
people's load changes little.
"""

import argparse
import asyncio
import gc
import itertools
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import uvicorn
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from bench.peers.bare import Bare
from bench.peers.cases import CASES, Case
from bench.predict import servers
from bench.predict.clients import NUMBER
from mlaas4hep import bootstrap
from mlaas4hep.core import keys
from mlaas4hep.core.requests.limits import Limits
from mlaas4hep.core.requests.person import Person
from mlaas4hep.faas.function import freeze_modules
from mlaas4hep.faas.metrics import MeteredApp
from mlaas4hep.faas.server.connection import Connection
from mlaas4hep.http.predict import app as predict
from mlaas4hep.laptop import issuer
from mlaas4hep.settings import Settings

OWNER = keys.owner(issuer.ISSUER, "bench")
TOKEN = "Bearer " + "t" * 900  # as long as one of ours
OURS, BARE = "ours", "bare"
WIDE = 20  #: names of cases
Apps = dict[str, tuple[Any, type[HttpToolsProtocol]]]
QUIET: dict[str, Any] = {"log_config": None, "access_log": False, "timeout_keep_alive": 10_000}
MOST_LARGE = 10  #: bodies at once; one person may not send very many
READ_BYTES = 128 * 1024  #: at once; uvloop's buffer is twice that
NUMBERS = itertools.count(10**9)  #: of calls


class Anybody:
    """Takes every token for one person's; `Doorman` believes it as it believes ours."""

    def person(self, authorization: str | None) -> Person:  # noqa: ARG002 - all are one
        return Person(owner=OWNER, subject="bench", groups=())


class Wire(asyncio.Transport):
    """A connection whose other end only counts answers; tells when there is news of it."""

    def __init__(self, heard: Callable[[], None]) -> None:
        super().__init__({"peername": ("127.0.0.1", 1), "sockname": ("127.0.0.1", 2)})
        self.answered = 0
        self.is_paused = False
        self.last = b""
        self.heard = heard

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False
        self.heard()

    def write(self, data: Any) -> None:
        self.last = data
        self.answered += data.count(b"HTTP/1.1 200")
        self.heard()

    def is_closing(self) -> bool:
        return False

    def close(self) -> None:
        raise RuntimeError(f"closed after {self.last!r:.500}")


class Server:
    """The connections of one app."""

    def __init__(self, app: Any, protocol: type[HttpToolsProtocol], connections: int) -> None:
        config = uvicorn.Config(app, lifespan="off", ws="none", proxy_headers=False, **QUIET)
        config.load()
        state = ServerState()
        state.default_headers = [(b"date", b"Thu, 01 Jan 2026 00:00:00 GMT"), (b"server", b"x")]
        self.news = asyncio.Event()
        self.wires = [Wire(self.news.set) for _ in range(connections)]
        self.protocols = []
        for wire in self.wires:
            made = protocol(config, state, {}, asyncio.get_running_loop())
            made.connection_made(wire)
            self.protocols.append(made)

    async def ask(self, pieces: Sequence[bytes], times: int) -> float:
        """Send a request on all connections, again when all are answered; returns processor µs each.

        Args:
            pieces: of the request, each of which is read at once.
            times: that it is sent.
        """
        first, *others = pieces
        before, _, behind = first.partition(NUMBER)
        heads = [
            b"%b%d%b" % (before, next(NUMBERS), behind) for _ in range(times * len(self.wires))
        ]
        started = time.process_time()
        for turn in range(times):
            due = self.wires[-1].answered + 1
            for wire, each in enumerate(self.protocols):
                each.data_received(heads[turn * len(self.wires) + wire])
            for piece in others:
                await self._until(self._all_read)
                for each in self.protocols:
                    each.data_received(piece)
            await asyncio.sleep(0)  # what comes next comes in another turn
            await self._until(partial(self._all_answered, due))
        return 1e6 * (time.process_time() - started) / times / len(self.wires)

    def _all_read(self) -> bool:
        return not any(wire.is_paused for wire in self.wires)

    def _all_answered(self, due: int) -> bool:
        return all(wire.answered >= due for wire in self.wires)

    async def _until(self, is_so: Callable[[], bool]) -> None:
        """Wait, which takes no processor time, until something is so."""
        while not is_so():
            self.news.clear()
            await self.news.wait()


def apps(state: Path) -> Apps:
    settings = Settings.from_env({"MLAAS_STORE": f"file://{state}/store"})
    limits = Limits(max_upload_bytes=1, max_unpacked_bytes=1, max_models=1, max_runs=1, max_bytes=1)
    ours = predict.app(bootstrap.services(settings), limits, Anybody())
    return {
        OURS: (MeteredApp(ours, "predict"), Connection),
        BARE: (Bare(state / "built" / "model.tflite"), HttpToolsProtocol),
    }


def _post(case: Case, *headers: str, apart: bool) -> list[bytes]:
    """Return the pieces of a request: its head apart, or with as much of the body as is read at once."""
    lines = [f"POST {case.path} HTTP/1.1", "Host: x", f"Content-Length: {len(case.body)}"]
    lines.append(f"X-Call-Id: {NUMBER.decode()}")
    head = "\r\n".join([*lines, *case.headers, *headers, "", ""]).encode()
    first, rest = ([head], case.body) if apart else ([], head + case.body)
    return [*first, *(rest[at : at + READ_BYTES] for at in range(0, len(rest), READ_BYTES))]


async def compare(state: Path, options: argparse.Namespace) -> None:
    made = apps(state)
    freeze_modules()
    print(f"{'case':{WIDE}} at one time   ours us   bare us  ours: x")
    gc.collect()
    for case in CASES:
        if options.case not in case.name:
            continue
        for connections in options.connections:
            if case.rows == 1 or connections <= MOST_LARGE:
                ours, bare = await _least(made, case, connections, options)
                ratio = bare / ours
                print(
                    f"{case.name:{WIDE}} {connections:11}  {ours:8.1f}  {bare:8.1f}  {ratio:5.2f}"
                )


async def _least(
    made: Apps, case: Case, connections: int, options: argparse.Namespace
) -> tuple[float, float]:
    """Return the least µs a request of ours and of the bare handler."""
    asked = {name: Server(*app, connections) for name, app in made.items()}
    apart = options.apart
    sent = {
        OURS: _post(case, f"Authorization: {TOKEN}", apart=apart),
        BARE: _post(case, apart=apart),
    }
    times = max(1, options.requests // connections // (40 if case.rows > 1 else 1))
    least = dict.fromkeys(asked, float("inf"))
    for number in range(options.rounds + 1):
        for name, server in asked.items():
            took = await server.ask(sent[name], times)
            least[name] = min(least[name], took if number else float("inf"))
    return least[OURS], least[BARE]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--requests", type=int, default=40, help="in a round")
    parser.add_argument("--connections", type=int, nargs="+", default=[1, 2, 4, 10, 100])
    parser.add_argument("--case", default="")
    parser.add_argument("--apart", action="store_true", help="heads are read before bodies")
    parser.add_argument("--state", type=Path, help="where models lie from the last time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        state = (options.state or Path(made)).resolve()
        servers.serve_models(state, OWNER)
        uvloop.run(compare(state, options))


if __name__ == "__main__":
    main()
