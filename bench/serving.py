"""`python -m bench.serving`: how fast the predict function answers.

The function runs as OpenFaaS runs it (index.py of our template), asked at its own port by clients
with keep-alive connections from another process on the same machine. The yardstick is a handler
behind the same server that returns a constant; both again behind the testbed's watchdog, if Go is
there to build it. Rounds of all cases are interleaved.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.part import chosen, run, tell
from bench.predict import servers
from bench.predict.questions import Question, behind, crowds, questions
from bench.table import Line, Sample, lines
from mlaas4hep.core import keys
from mlaas4hep.laptop import issuer
from mlaas4hep.laptop.ports import free_ports

SECONDS, WARM_S = 2.0, 0.5  #: of one case in one round
COLD = "cold start"
CLIENTS = [sys.executable, "-m", "bench.predict.clients"]


def measure(options: argparse.Namespace) -> list[Line]:
    """Start everything, run all rounds."""
    with tempfile.TemporaryDirectory(prefix="bench-") as made:
        state = Path(made).resolve()
        jwks_url = servers.key_server(state)
        token = issuer.token(state, "bench")
        servers.serve_models(state, keys.owner(issuer.ISSUER, "bench"))
        found = []
        if options.only in COLD:
            colds = [{COLD: cold_start(state, jwks_url, token)} for _ in range(options.rounds)]
            found += lines("serving", "s", colds, {})
        with _running(state, jwks_url) as (ports, dogs, pids):
            asked = questions(*ports, token) + (behind(*dogs, token) if dogs else [])
            asked += crowds(*ports, token) if options.grow > 1 else []
            found += _asked(asked, pids, options)
        return found


@contextmanager
def _running(
    state: Path, jwks_url: str
) -> Iterator[tuple[tuple[int, int], tuple[int, int] | None, dict[int, int]]]:
    """Run function and constant; gives their ports, those of watchdogs, and process ids by port."""
    port, constant = free_ports(2)
    processes = [
        servers.start_function(state, jwks_url, port),
        servers.start_constant(constant),
    ]
    dogs: tuple[int, int] | None = None
    try:
        if program := servers.watchdog():
            before, fixed = free_ports(2)
            dogs = before, fixed
            processes += [
                servers.start_watchdog(program, *pair)
                for pair in zip(dogs, (port, constant), strict=True)
            ]
        for process, each in zip(processes, (port, constant, *(dogs or ())), strict=True):
            servers.wait(process, each)
        pids = {port: processes[0].pid, constant: processes[1].pid}
        if dogs:  # the processes behind them count
            pids |= dict(zip(dogs, pids.values(), strict=True))
        yield (port, constant), dogs, pids
    finally:
        for process in reversed(processes):
            process.terminate()
            process.wait()


def _asked(given: list[Question], pids: dict[int, int], options: argparse.Namespace) -> list[Line]:
    yardsticks = {each.name: each.yardstick for each in given if each.yardstick}
    names = chosen([each.name for each in given], yardsticks, options.only)
    taken = [each for each in given if each.name in names]
    for each in taken:
        ask(each, WARM_S, pids)  # loads the model
    rounds = []
    for number in range(options.rounds):
        done = {}
        for each in taken:
            tell(f"round {number + 1} of {options.rounds}: {each.name}")
            done[each.name] = ask(each, SECONDS, pids)
        rounds.append(done)
    return lines("serving", "req/s", rounds, yardsticks) if taken else []


def ask(question: Question, seconds: float, pids: dict[int, int]) -> Sample:
    """Let clients ask for some seconds."""
    pid = pids[question.port]
    head = {
        "port": question.port,
        "path": question.path,
        "clients": question.clients,
        "seconds": seconds,
        "headers": question.headers,
    }
    before = servers.cpu_s(pid)
    text = json.dumps(head).encode() + b"\n" + question.body
    done = subprocess.run(CLIENTS, input=text, stdout=subprocess.PIPE, check=True)
    told = json.loads(done.stdout)
    notes = {"p50 ms": told["p50"], "p99 ms": told["p99"], "clients": question.clients}
    if question.rows > 1:
        notes["rows/s"] = told["rate"] * question.rows
    taken = servers.cpu_s(pid) - before
    return Sample(
        value=told["rate"],
        per_cpu=told["requests"] / taken if taken else None,
        memory_mb=servers.memory_mb(pid),
        notes=notes,
    )


def cold_start(state: Path, jwks_url: str, token: str) -> Sample:
    """Start the function and ask it; TensorFlow is not loaded for that."""
    (port,) = free_ports(1)
    body = json.dumps({"values": [0.5] * servers.WIDTH, "model": "lite"}).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/json", body, {"Authorization": f"Bearer {token}"}
    )
    started = time.perf_counter()
    process = servers.start_function(state, jwks_url, port)
    try:
        servers.wait(process, port)
        with urllib.request.urlopen(request) as answer:
            answer.read()
        seconds = time.perf_counter() - started
        return Sample(
            value=seconds,
            memory_mb=servers.memory_mb(process.pid),
            notes={"processor s": servers.cpu_s(process.pid)},
        )
    finally:
        process.terminate()
        process.wait()


if __name__ == "__main__":
    run("serving", __doc__, measure)
