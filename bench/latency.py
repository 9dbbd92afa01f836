"""`python -m bench.latency`: the same steps on servers 20 ms away, held against the disk.

An XRootD server, web servers with and without TLS, and MinIO run on this machine, each behind
`bench.far.delayed`. The aim is 0.9 of local speed: the next bytes are on their way while a block is
decoded. What is measured has one core, servers and cables have the other; two events are worked on
at once, as functions do. `--grow FACTOR` makes files longer, which hides more of their opening.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from minio import Minio

from bench.part import ROOT, run
from bench.reading import Case, interleaved
from bench.remote import ORIGIN, WARMING, wait_for, xrootd
from bench.steps.inputs import Inputs
from bench.table import Line
from mlaas4hep.laptop.ports import free_ports

INPUTS = (Inputs("flat", 2), Inputs("jagged", 2), Inputs("small", 40, 20))
NAMES = {"small": "20 files of 2 MB"}
MS = 20
BUCKET, KEY = "data", "benchmark"


def measure(options: argparse.Namespace) -> list[Line]:
    """Start the servers, and run all rounds."""
    grown = [replace(each, scale=options.grow * each.scale) for each in INPUTS]
    with tempfile.TemporaryDirectory() as made, ExitStack() as stack:
        folder = Path(made)
        data = folder / "data" / "store"
        data.mkdir(parents=True)
        for inputs in (*grown, WARMING):
            for path in inputs.paths(options.inputs):
                shutil.copy(path, data)
        folder.chmod(0o755)
        servers = {}
        web = stack.enter_context(_started("bench.far.ranges", str(data)))
        servers["http"] = f"http://127.0.0.1:{stack.enter_context(_delayed(web))}/"
        certificate = _certificate(folder)
        os.environ["SSL_CERT_FILE"] = certificate[0]
        secure = stack.enter_context(_started("bench.far.ranges", str(data), *certificate))
        servers["https"] = f"https://localhost:{stack.enter_context(_delayed(secure))}/"
        if shutil.which("xrootd"):
            origin = stack.enter_context(xrootd("origin", ORIGIN, folder))
            servers["XRootD"] = f"root://127.0.0.1:{stack.enter_context(_delayed(origin))}//store/"
        if shutil.which("minio"):
            objects = stack.enter_context(_minio(data, folder / "objects"))
            own = f"http://127.0.0.1:{stack.enter_context(_delayed(objects))}"
            os.environ.update(
                AWS_ENDPOINT_URL=own, AWS_ACCESS_KEY_ID=KEY, AWS_SECRET_ACCESS_KEY=KEY
            )
            servers["S3"] = f"s3://{BUCKET}/"
        return interleaved("latency", list(_cases(grown, servers)), options, options.rounds)


def _cases(grown: Iterable[Inputs], servers: dict[str, str]) -> Iterator[Case]:
    for inputs in grown:
        for body in ("specs", "chunks"):
            kind = NAMES.get(inputs.kind, inputs.kind)
            local = f"{kind} {body}, local"
            given = {"pinned": True, "at_once": 2}
            yield Case(local, body, inputs, more=given)
            for name, server in servers.items():
                far = f"{kind} {body}, {name}, {MS} ms"
                yield Case(far, body, inputs, local, given | {"server": server})


def _certificate(folder: Path) -> list[str]:
    """Write a certificate for localhost, which is its own authority; gives it and its key."""
    made = [str(folder / "tls.crt"), str(folder / "tls.key")]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    command += ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    command += ["-out", made[0], "-keyout", made[1]]
    subprocess.run(command, check=True, capture_output=True)
    return made


@contextmanager
def _minio(data: Path, folder: Path) -> Iterator[int]:
    """Run MinIO with the files in one bucket; gives its port."""
    (port,) = free_ports(1)
    command = ["minio", "server", str(folder), "--address", f"127.0.0.1:{port}", "--quiet"]
    env = {**os.environ, "MINIO_ROOT_USER": KEY, "MINIO_ROOT_PASSWORD": KEY}
    process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
    _aside(process)
    try:
        wait_for(port, process)
        client = Minio(f"127.0.0.1:{port}", access_key=KEY, secret_key=KEY, secure=False)
        client.make_bucket(BUCKET)
        for path in data.iterdir():
            client.fput_object(BUCKET, path.name, str(path))
        yield port
    finally:
        process.terminate()
        process.wait()


def _aside(process: "subprocess.Popen[Any]") -> None:
    """Keep a server off the core of what is measured."""
    _, *others = sorted(os.sched_getaffinity(0))
    if others:
        os.sched_setaffinity(process.pid, others)


@contextmanager
def _delayed(port: int) -> Iterator[int]:
    with _started("bench.far.delayed", str(port), str(MS)) as own:
        yield own


@contextmanager
def _started(module: str, *arguments: str) -> Iterator[int]:
    """Run a module that prints its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", module, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    _aside(process)
    try:
        assert process.stdout is not None
        yield int(process.stdout.readline())
    finally:
        process.terminate()
        process.communicate()


if __name__ == "__main__":
    run("latency", __doc__, measure)
