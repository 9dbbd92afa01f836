"""`python -m bench.peers.hops --watchdog PROGRAM`: what a watchdog costs before predict.

One JSON row is asked of the function and of a constant answer, each alone and behind the watchdog,
in turns. Processor time is that of the server and of its watchdog. One watchdog runs at a time:
of-watchdog takes port 8081 for its metrics, whatever it is told.
"""

import argparse
import json
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.predict import servers
from bench.predict.questions import ONE, Question
from bench.serving import ask
from mlaas4hep.core import keys
from mlaas4hep.laptop import issuer
from mlaas4hep.laptop.ports import free_ports

CLIENTS = (1, 10, 100)


@dataclass(frozen=True)
class Way:
    """A server, and the watchdog that is to lie before it."""

    name: str
    port: int
    server: subprocess.Popen[bytes]
    watchdog: str = ""  #: program; empty: none

    @contextmanager
    def opened(self) -> Iterator[tuple[int, tuple[int, ...]]]:
        """Yield the port to ask, and the processes behind it."""
        if not self.watchdog:
            yield self.port, (self.server.pid,)
            return
        (port,) = free_ports(1)
        with servers.ended(servers.start_watchdog(self.watchdog, port, self.port), port) as dog:
            yield port, (self.server.pid, dog.pid)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--watchdog", required=True, help="program: of-watchdog, or the testbed's")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        state = Path(made).resolve()
        servers.serve_models(state, keys.owner(issuer.ISSUER, "bench"))
        token = issuer.token(state, "bench")
        with running(state, options.watchdog) as ways:
            compare(ways, token, options)


@contextmanager
def running(state: Path, watchdog: str) -> Iterator[list[Way]]:
    """Start both servers; each is asked alone and behind a watchdog."""
    predict, constant = free_ports(2)
    with ExitStack() as ending:
        jwks_url = servers.key_server(state)
        function = ending.enter_context(
            servers.ended(servers.start_function(state, jwks_url, predict), predict)
        )
        fixed = ending.enter_context(servers.ended(servers.start_constant(constant), constant))
        yield [
            Way("constant", constant, fixed),
            Way("constant, watchdog", constant, fixed, watchdog),
            Way("predict", predict, function),
            Way("predict, watchdog", predict, function, watchdog),
        ]


def compare(ways: list[Way], token: str, options: argparse.Namespace) -> None:
    headers = (f"Authorization: Bearer {token}",)
    body = json.dumps(ONE).encode()
    print("clients  way                   requests/s  CPU us")
    for clients in CLIENTS:
        found: dict[str, list[tuple[float, float]]] = {each.name: [] for each in ways}
        for number in range(options.rounds + 1):
            for way in ways:
                rate, cost = asked(way, body, clients, headers, options.seconds)
                if number:  # the first one loads the model
                    found[way.name].append((rate, cost))
        for name, each in found.items():
            rate, cost = (statistics.median(values) for values in zip(*each, strict=True))
            print(f"{clients:7}  {name:20}  {rate:10.0f}  {cost:6.0f}", flush=True)


def asked(
    way: Way, body: bytes, clients: int, headers: tuple[str, ...], seconds: float
) -> tuple[float, float]:
    """Return requests a second, and the microseconds of processor time that one took."""
    with way.opened() as (port, pids):
        question = Question(way.name, port, "/json", body, clients, 1, headers)
        before = sum(map(servers.cpu_s, pids))
        sample = ask(question, seconds, {port: pids[0]})
        taken = sum(map(servers.cpu_s, pids)) - before
    return sample.value, 1e6 * taken / (sample.value * seconds)


if __name__ == "__main__":
    main()
