"""`python -m bench.remote`: the same steps on files behind the XRootD proxy, held against the disk.

Storage element and caching proxy run on this machine with the configurations that are deployed.
The warm round fills the proxy's cache, and each process reads two small files first, so that it
has a connection; round trips are counted in a run of its own, in the log of XRootD's client.
"""

import argparse
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

from bench.part import ROOT, run
from bench.reading import Case, interleaved, worked
from bench.steps.inputs import Inputs
from bench.table import Line
from mlaas4hep.laptop.ports import free_ports

INPUTS = Inputs("jagged")
WARMING = Inputs("small")
ORIGIN = ROOT / "deploy" / "testbed" / "origin.cfg"
PROXY = ROOT / "deploy" / "xrootd-proxy" / "configuration" / "proxy.cfg"
REQUESTS = re.compile(r"MsgHandler created: \S+ \(message: kXR_(\w+)")
START_S = 20.0


def measure(options: argparse.Namespace) -> list[Line]:
    """Start both servers, and run all rounds; without XRootD, nothing is measured."""
    if shutil.which("xrootd") is None:
        print("remote: there is no xrootd server (apt-get install xrootd-server)", file=sys.stderr)
        return []
    with tempfile.TemporaryDirectory() as made, ExitStack() as stack:
        folder = Path(made)
        (folder / "data" / "store").mkdir(parents=True)
        for path in (*INPUTS.paths(options.inputs), *WARMING.paths(options.inputs)):
            shutil.copy(path, folder / "data" / "store")
        folder.chmod(0o755)
        origin = stack.enter_context(xrootd("origin", ORIGIN, folder))
        proxy = stack.enter_context(
            xrootd("proxy", PROXY, folder, XROOTD_ORIGIN=f"127.0.0.1:{origin}")
        )
        given = list(_cases(f"root://127.0.0.1:{proxy}//store/"))
        found = interleaved("remote", given, options, options.rounds)
        counted = _round_trips(given[1], given[3], options.inputs, folder)
    return [replace(line, notes={**line.notes, **counted.get(line.name, {})}) for line in found]


def _cases(server: str) -> Iterator[Case]:
    for body in ("specs", "chunks"):
        yield Case(f"{body}, local", body, INPUTS)
        yield Case(f"{body}, proxy", body, INPUTS, f"{body}, local", {"server": server})
    local, proxy = "specs, local, one core", "specs, proxy, one core"
    yield Case(local, "specs", INPUTS, more={"pinned": True})
    yield Case(proxy, "specs", INPUTS, local, {"pinned": True, "server": server})


def _round_trips(
    specs: Case, chunks: Case, inputs: Path, folder: Path
) -> dict[str, dict[str, int]]:
    """Return how often the client asked; the process of chunks measures specs before."""
    first, both = (_requests(case, inputs, folder) for case in (specs, chunks))
    return {
        specs.name: dict(first),
        chunks.name: {kind: both[kind] - first[kind] for kind in both},
    }


def _requests(case: Case, inputs: Path, folder: Path) -> dict[str, int]:
    log = folder / f"{case.body}.log"
    env = {**os.environ, "XRD_LOGLEVEL": "Debug", "XRD_LOGFILE": str(log)}
    worked(case, inputs, "--cold", env=env)
    kinds = REQUESTS.findall(log.read_text(errors="replace"))
    reads, vectors = kinds.count("read"), kinds.count("readv")
    return {"reads": reads, "vectored": vectors, "other requests": len(kinds) - reads - vectors}


@contextmanager
def xrootd(name: str, config: Path, folder: Path, **env: str) -> Iterator[int]:
    """Run one server as nobody, who owns its folder; gives its port."""
    for path in (folder / name, folder / name / "run", folder / name / "cache"):
        path.mkdir()
        path.chmod(0o777)
    copied = folder / name / config.name  # where nobody may read
    shutil.copy(config, copied)
    (port,) = free_ports(1)
    env |= {
        "PATH": os.environ["PATH"],
        "XROOTD_PORT": str(port),
        "XROOTD_RUN": str(folder / name / "run"),
        "XROOTD_CACHE": str(folder / name / "cache"),
        "XROOTD_DATA": str(folder / "data"),
    }
    command = ["xrootd", "-n", name, "-c", str(copied), *["-R", "nobody"] * (os.geteuid() == 0)]
    with (folder / f"{name}.out").open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder / name / "run", env=env, stdout=output, stderr=output
        )
    try:
        wait_for(port, process, folder / f"{name}.out")
        yield port
    finally:
        process.terminate()
        process.wait()


def wait_for(port: int, process: "subprocess.Popen[bytes]", output: Path | None = None) -> None:
    """Wait until a server answers; RuntimeError if it does not, with the end of its output."""
    deadline = time.monotonic() + START_S
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as door:
            if door.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    said = output.read_text(errors="replace")[-2000:] if output else repr(process.args)
    raise RuntimeError(f"a server did not start: {said}")


if __name__ == "__main__":
    run("remote", __doc__, measure)
