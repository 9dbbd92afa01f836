"""`python -m bench.peers.cold`: from nothing to the first answer, predict and the bare handler in turns.

By processor time, which other people's load changes least: until the server listens, until the first
answer, and of the processes that it started meanwhile (predict tries a model out in another one).
Then the high-water of memory. The least of some rounds, and how often it is the bare handler's.
"""

import argparse
import http.client
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from subprocess import DEVNULL, Popen
from typing import NamedTuple

from bench.peers.cases import CASES
from bench.predict import servers
from mlaas4hep.core import keys
from mlaas4hep.laptop import issuer
from mlaas4hep.laptop.ports import free_ports

Start = Callable[[int], Popen[bytes]]


class Cold(NamedTuple):
    """What one start took."""

    listening_s: float
    answered_s: float
    others_s: float  #: of processes that it has started
    memory_mb: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--state", type=Path, help="where models lie from the last time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        state = (options.state or Path(made)).resolve()
        servers.serve_models(state, keys.owner(issuer.ISSUER, "bench"))
        jwks_url, token = servers.key_server(state), issuer.token(state, "bench")
        model = str(state / "built" / "model.tflite")
        bare = [sys.executable, "-m", "bench.peers.bare"]
        starts: dict[str, Start] = {
            "ours": lambda port: servers.start_function(state, jwks_url, port),
            "bare ASGI": lambda port: Popen([*bare, str(port), model], stderr=DEVNULL),
        }
        found = {name: [cold(start, token)] for name, start in starts.items()}  # makes .pyc files
        for _ in range(options.rounds):
            for name, start in starts.items():
                found[name].append(cold(start, token))
    _tell(
        {name: [min(each) for each in zip(*all_[1:], strict=True)] for name, all_ in found.items()}
    )


def cold(start: Start, token: str) -> Cold:
    """Start a server, ask it once, and end it."""
    (port,) = free_ports(1)
    process = start(port)
    with servers.ended(process, port):
        listening = servers.cpu_s(process.pid)
        asking = http.client.HTTPConnection("127.0.0.1", port)
        asking.request("POST", "/json", CASES[0].body, {"Authorization": f"Bearer {token}"})
        answer = asking.getresponse()
        if answer.status != http.HTTPStatus.OK:
            raise RuntimeError(f"{answer.status} {answer.read()!r}")
        answered, memory = servers.cpu_s(process.pid), servers.memory_mb(process.pid)
        return Cold(listening, answered, _others_s(process.pid), memory)


def _others_s(pid: int) -> float:
    """Return the processor time of processes that it started and that have ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / os.sysconf("SC_CLK_TCK")


def _tell(least: dict[str, list[float]]) -> None:
    print(f"{'':10}  listens s  answers s  others s  MB")
    for name, (listening, answered, others, memory) in least.items():
        print(f"{name:10}  {listening:9.2f}  {answered:9.2f}  {others:8.2f}  {memory:.0f}")
    ours, bare = least.values()
    print("ours / bare", *(f"{a / b:.2f}" for a, b in zip(ours, bare, strict=True) if b))


if __name__ == "__main__":
    main()
