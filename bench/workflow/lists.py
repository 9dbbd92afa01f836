"""`python -m bench.workflow.lists`: a page of 50 of 2000 runs, and 1000 models of 8 files, over HTTP.

Function workflow runs over a real NATS and models in a folder, then in MinIO if there is one in
the path. The medians of what is asked again; `first` is the first answer of a fresh process, once it is ready.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2

from bench.part import ROOT, run, tell
from bench.table import Line, Sample, lines
from mlaas4hep import bootstrap
from mlaas4hep.adapters.nats.provision import provision
from mlaas4hep.core import keys
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.laptop import issuer
from mlaas4hep.pipeline import modelrecords
from mlaas4hep.ports import Services
from mlaas4hep.settings import Settings, credentials
from mlaas4hep.testing.nats import NatsServer

RUNS, MODELS, FILES, AGAIN = 2000, 1000, 8, 15
OWNER = keys.owner(issuer.ISSUER, "alice")
ASKED = {
    "page of 50 of 2000 runs": "/runs?limit=50",
    "the same by name, found by text": "/runs?limit=50&sort=name&q=number",
    "1000 models": "/models",
    "50 of 1000 models": "/models?limit=50",
}


def measure(options: argparse.Namespace) -> list[Line]:
    """Ask for each list, over each store, in each round."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        rounds: list[dict[str, Sample]] = [{} for _ in range(options.rounds)]
        for name, environment in _stores(Path(folder)):
            for done in rounds:
                tell(name)
                done.update(_asked(name, environment, Path(folder), options.only))
        return lines("lists", "ms", rounds, {})


def _stores(folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each store with the environment of a function over it, filled."""
    server = NatsServer(folder / "nats")
    server.start()
    try:
        provision(server.url)
        given = {"MLAAS_NATS": server.url, "MLAAS_STORE": f"file://{folder}/store"}
        services = _services(given)
        _fill_runs(services)
        _fill_models(services)
        yield "folder", given
        if shutil.which("minio"):
            yield from _minio(folder, given)
    finally:
        server.kill()


def _minio(folder: Path, given: dict[str, str]) -> Iterator[tuple[str, dict[str, str]]]:
    from tests.minioserver import MinioServer  # noqa: PLC0415

    s3, key = MinioServer(folder / "minio"), folder / "key"
    s3.start()
    try:
        key.write_text(f"{s3.access}:{s3.secret}")
        given |= {"MLAAS_STORE": s3.url, "MLAAS_STORE_KEY_FILE": str(key)}
        _make_buckets(given)
        _fill_models(_services(given))
        yield "MinIO", given
    finally:
        s3.stop()


def _services(given: dict[str, str]) -> Services:
    return bootstrap.services(Settings.from_env(given))


def _make_buckets(given: dict[str, str]) -> None:
    from mlaas4hep.adapters.stores.s3 import client  # noqa: PLC0415

    made = client(given["MLAAS_STORE"], *credentials(given["MLAAS_STORE_KEY_FILE"]))
    for bucket in keys.BUCKETS:
        made.make_bucket(bucket)


def _fill_runs(services: Services) -> None:
    def create(number: int) -> None:
        services.runs.create(
            Run(
                owner=OWNER,
                name=f"luca_{number}",
                folder="luca",
                number=number,
                title=f"number {number}",
                created_at=float(number),
                updated_at=float(number),
                status=Status.DONE,
                metrics=(("auc", 0.9), ("accuracy", 0.8)),
            )
        )

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(create, range(RUNS)))


def _fill_models(services: Services) -> None:
    def put(number: int) -> None:
        name = f"m{number}"
        files = tuple(f"file{file}" for file in range(FILES))
        for file in files:
            services.models.put(keys.model_file(OWNER, name, "1", file), b"content")
        record = ModelRecord(owner=OWNER, name=name, version="1", files=files)
        modelrecords.write(record, services.models)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(put, range(MODELS)))


def _asked(store: str, environment: dict[str, str], state: Path, only: str) -> dict[str, Sample]:
    done = {}
    with _serving(environment, state) as http:
        for what, path in ASKED.items():
            if only in what:
                first, *others = [_seconds(http, path) for _ in range(1 + AGAIN)]
                notes = {"first ms": first * 1000, "worst ms": max(others) * 1000}
                done[f"{what}, {store}"] = Sample(statistics.median(others) * 1000, notes=notes)
    return done


def _seconds(http: httpx2.Client, path: str) -> float:
    started = time.perf_counter()
    http.get(path).raise_for_status()
    return time.perf_counter() - started


@contextmanager
def _serving(environment: dict[str, str], state: Path) -> Iterator[httpx2.Client]:
    """Yield a client of function workflow in a process of its own."""
    command = [sys.executable, "-m", "bench.workflow.lists", "--serve", str(state)]
    env = {**os.environ, **environment}
    with subprocess.Popen(
        command, cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        headers = {"Authorization": f"Bearer {issuer.token(state, 'alice')}"}
        with httpx2.Client(
            base_url=process.stdout.readline().strip(), headers=headers, timeout=60
        ) as http:
            http.get("/runs?q=none").raise_for_status()  # the watch of runs has come
            yield http
        process.communicate("\n")


def serve(state: Path) -> None:
    """Serve as the environment says, until the standard input says something."""
    from mlaas4hep.adapters.identity.tokens import Verifier  # noqa: PLC0415
    from mlaas4hep.http.workflow.app import list_ahead, make_app  # noqa: PLC0415
    from mlaas4hep.http.workflow.front import front  # noqa: PLC0415
    from tests.asgi import serving  # noqa: PLC0415

    given = {name: text for name, text in os.environ.items() if name.startswith("MLAAS_")}
    people = {"MLAAS_ISSUER": issuer.ISSUER, "MLAAS_AUDIENCE": issuer.AUDIENCE}
    settings = Settings.from_env({**given, **people, "MLAAS_JWKS_URL": "https://issuer/keys"})
    verifier = Verifier(settings, lambda _url: issuer.jwks(state))
    app = make_app(bootstrap.services(settings), settings, verifier)
    list_ahead(app)  # as function workflow does when it is ready
    with serving(front(app)) as url:
        print(url, flush=True)
        sys.stdin.readline()
    os._exit(0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--serve"]:
        serve(Path(sys.argv[2]))
    else:
        run("lists", __doc__, measure)
