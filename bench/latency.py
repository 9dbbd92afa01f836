"""`python -m bench.latency`: the same steps on servers 20 ms away, held against the disk.

An XRootD server and a web server run on this machine, each behind `bench.delayed`. The aim is 0.9
of local speed: the next bytes are on their way while a block is decoded.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from bench.inputs import Inputs
from bench.part import ROOT, run
from bench.reading import Case, interleaved
from bench.remote import ORIGIN, WARMING, xrootd
from bench.table import Line

INPUTS = (Inputs("flat", 2), Inputs("jagged", 2))
MS = 20


def measure(options: argparse.Namespace) -> list[Line]:
    """Start the servers, and run all rounds."""
    with tempfile.TemporaryDirectory() as made, ExitStack() as stack:
        folder = Path(made)
        data = folder / "data" / "store"
        data.mkdir(parents=True)
        for inputs in (*INPUTS, WARMING):
            for path in inputs.paths(options.inputs):
                shutil.copy(path, data)
        folder.chmod(0o755)
        servers = {}
        web = stack.enter_context(_started("bench.ranges", str(data)))
        servers["https"] = f"http://127.0.0.1:{stack.enter_context(_delayed(web))}/"
        if shutil.which("xrootd"):
            origin = stack.enter_context(xrootd("origin", ORIGIN, folder))
            servers["XRootD"] = f"root://127.0.0.1:{stack.enter_context(_delayed(origin))}//store/"
        return interleaved("latency", list(_cases(servers)), options, options.rounds)


def _cases(servers: dict[str, str]) -> Iterator[Case]:
    for inputs in INPUTS:
        for body in ("specs", "chunks"):
            local = f"{inputs.kind} {body}, local"
            yield Case(local, body, inputs)
            for name, server in servers.items():
                far = f"{inputs.kind} {body}, {name}, {MS} ms"
                yield Case(far, body, inputs, local, {"server": server})


@contextmanager
def _delayed(port: int) -> Iterator[int]:
    with _started("bench.delayed", str(port), str(MS)) as own:
        yield own


@contextmanager
def _started(module: str, *arguments: str) -> Iterator[int]:
    """Run a module that prints its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate()


if __name__ == "__main__":
    run("latency", __doc__, measure)
