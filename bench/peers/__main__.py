"""`python -m bench.peers`: predict beside other servers of the same model, in turns.

Bare handlers (uvicorn's ASGI, granian's RSGI) do nothing but parse, run LiteRT and answer: no
token, no look-up of a model. TFaaS is asked if its program is given. granian, FastAPI and KServe
run in environments of their own (`make bench-peers` makes that of the first two). Ratios are ours
over theirs, medians of rounds; by processor time, which other people's load changes least, and by
rate. Servers have one core and their clients the others.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.peers.cases import CASES, Case
from bench.peers.dialects import V1
from bench.predict import minio, servers
from bench.predict.questions import Question
from bench.serving import ask
from bench.table import Sample
from mlaas4hep.core import keys
from mlaas4hep.laptop import issuer
from mlaas4hep.laptop.ports import free_ports

OURS, STORED = "ours", "ours, MinIO"
CLIENTS, FEW = (1, 10, 100), (4,)  #: that ask for one row, and for many
HERE = Path(__file__).parent


@dataclass(frozen=True)
class Peer:
    """A server that answers."""

    name: str
    port: int
    pid: int
    paths: tuple[str, ...] = ()  #: that it knows; none: all
    is_for_many: bool = True
    headers: tuple[str, ...] = ()

    def knows(self, case: Case) -> bool:
        """Tell whether it can be asked that."""
        is_known = not self.paths or (case.path in self.paths and b"entries" not in case.body)
        return is_known and (case.rows == 1 or self.is_for_many)

    def question(self, case: Case, clients: int) -> Question:
        """Return what it is asked."""
        headers = (*case.headers, *self.headers)
        return Question(self.name, self.port, case.path, case.body, clients, case.rows, headers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--case", default="", help="part of the names of cases")
    parser.add_argument("--python", help="of an environment with granian and FastAPI")
    parser.add_argument("--tfaas", help="TFaaS's program; it answers one row only")
    parser.add_argument("--kserve", help="Python of an environment with KServe")
    parser.add_argument("--minio", action="store_true", help="ours again with models in a MinIO")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="bench-") as made, ExitStack() as running:
        state, owner = Path(made).resolve(), keys.owner(issuer.ISSUER, "bench")
        servers.serve_models(state, owner)
        stored = running.enter_context(minio.models(state, owner)) if options.minio else {}
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[:1])  # whatever is started has these
        peers = [running.enter_context(_ours(state, OURS))]
        if stored:
            peers.append(running.enter_context(_ours(state, STORED, **stored)))
        peers += [running.enter_context(each) for each in _others(state, options)]
        os.sched_setaffinity(0, cores[1:] or cores)
        _compare(peers, options)


@contextmanager
def _ours(state: Path, name: str, **given: str) -> Iterator[Peer]:
    (port,) = free_ports(1)
    process = servers.start_function(state, servers.key_server(state), port, **given)
    headers = (f"Authorization: Bearer {issuer.token(state, 'bench')}",)
    with servers.ended(process, port):
        yield Peer(name, port, process.pid, headers=headers)


def _others(state: Path, options: argparse.Namespace) -> Iterator[AbstractContextManager[Peer]]:
    model = str(state / "built" / "model.tflite")
    yield _peer("bare ASGI (uvicorn)", [sys.executable, "-m", "bench.peers.bare"], model)
    if options.python:
        yield _peer("bare RSGI (granian)", [options.python, "-m", "bench.peers.rsgi"], model)
        yield _peer("FastAPI", [options.python, str(HERE / "fast.py")], model, paths=("/json",))
    if options.tfaas:
        folder = state / "tfaas"
        folder.mkdir()
        given = [str(state / "built"), options.tfaas, str(folder)]
        program = [sys.executable, "-m", "bench.peers.tfaas"]
        yield _peer("TFaaS", program, *given, paths=("/json",), is_for_many=False)
    if options.kserve:
        yield _peer("KServe", [options.kserve, str(HERE / "kserving.py")], model, paths=(V1,))


@contextmanager
def _peer(name: str, command: list[str], *given: str, **asked: Any) -> Iterator[Peer]:
    (port,) = free_ports(1)
    process = subprocess.Popen(
        [*command, str(port), *given], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    with servers.ended(process, port):
        yield Peer(name, port, process.pid, **asked)


def _compare(peers: list[Peer], options: argparse.Namespace) -> None:
    print("load before:", *os.getloadavg())
    print(f"{'case':20} clients  {'server':20}  requests/s  CPU us  ours: x by CPU  x by rate")
    for case in CASES:
        asked = [each for each in peers if each.knows(case)]
        for clients in CLIENTS if case.rows == 1 else FEW:
            if options.case in case.name:
                found = _asked(asked, case, clients, options)
                for name, samples in found.items():
                    print(
                        f"{case.name:20} {clients:7}  {name:20}  {_row(found[OURS], samples)}",
                        flush=True,
                    )
    print("load after:", *os.getloadavg())


def _asked(
    peers: list[Peer], case: Case, clients: int, options: argparse.Namespace
) -> dict[str, list[Sample]]:
    """Return what each of the peers does in each round, by their names."""
    found: dict[str, list[Sample]] = {each.name: [] for each in peers}
    for number in range(options.rounds + 1):
        for peer in peers:
            sample = ask(peer.question(case, clients), options.seconds, {peer.port: peer.pid})
            if number:  # the first one loads the model
                found[peer.name].append(sample)
    return found


def _row(ours: list[Sample], theirs: list[Sample]) -> str:
    rate = statistics.median(each.value for each in theirs)
    cost = statistics.median(1e6 / (each.per_cpu or 1) for each in theirs)
    pairs = list(zip(ours, theirs, strict=True))
    by_cpu = statistics.median((a.per_cpu or 0) / (b.per_cpu or 1) for a, b in pairs)
    by_rate = statistics.median(a.value / b.value for a, b in pairs)
    return f"{rate:10.0f}  {cost:6.0f}  {by_cpu:14.2f}  {by_rate:9.2f}"


if __name__ == "__main__":
    main()
