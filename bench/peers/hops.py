"""`python -m bench.peers.hops --watchdog PROGRAM`: what a watchdog costs before predict.

One JSON row is asked of the function and of a constant answer, each alone and behind the watchdog,
in turns. Processor time is that of the server and of its watchdog.
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
    """A server, and what lies before it."""

    name: str
    port: int
    processes: tuple[subprocess.Popen[bytes], ...]

    @property
    def cpu_s(self) -> float:
        return sum(servers.cpu_s(each.pid) for each in self.processes)


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
    """Start both servers, each with a watchdog before it."""
    ports = free_ports(4)
    predict, constant, *behind = ports
    with ExitStack() as ending:

        def started(process: subprocess.Popen[bytes], port: int) -> subprocess.Popen[bytes]:
            return ending.enter_context(servers.ended(process, port))

        jwks_url = servers.key_server(state)
        function = started(servers.start_function(state, jwks_url, predict), predict)
        fixed = started(servers.start_constant(constant), constant)
        dogs = [
            started(servers.start_watchdog(watchdog, port, upstream), port)
            for port, upstream in zip(behind, (predict, constant), strict=True)
        ]
        yield [
            Way("constant", constant, (fixed,)),
            Way("constant, watchdog", behind[1], (fixed, dogs[1])),
            Way("predict", predict, (function,)),
            Way("predict, watchdog", behind[0], (function, dogs[0])),
        ]


def compare(ways: list[Way], token: str, options: argparse.Namespace) -> None:
    headers = (f"Authorization: Bearer {token}",)
    body = json.dumps(ONE).encode()
    print("clients  way                   requests/s  CPU us")
    for clients in CLIENTS:
        found: dict[str, list[tuple[float, float]]] = {each.name: [] for each in ways}
        for number in range(options.rounds + 1):
            for way in ways:
                question = Question(way.name, way.port, "/json", body, clients, 1, headers)
                before = way.cpu_s
                sample = ask(question, options.seconds, {way.port: way.processes[0].pid})
                if number:  # the first one loads the model
                    requests = sample.value * options.seconds
                    found[way.name].append((sample.value, 1e6 * (way.cpu_s - before) / requests))
        for name, each in found.items():
            rate, cost = (statistics.median(values) for values in zip(*each, strict=True))
            print(f"{clients:7}  {name:20}  {rate:10.0f}  {cost:6.0f}", flush=True)


if __name__ == "__main__":
    main()
