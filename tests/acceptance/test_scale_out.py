"""Two replicas of chunk-preprocess share a run's chunks, and make the bits that one makes."""

import os
import subprocess
import sys
import threading
from collections import Counter
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle
from pathlib import Path

import httpx2
import numpy as np
import pytest

from mlaas4hep import bootstrap
from mlaas4hep.adapters.identity.signing import SigningKey
from mlaas4hep.adapters.nats.provision import provision
from mlaas4hep.laptop.ports import free_ports
from mlaas4hep.settings import Settings
from mlaas4hep.testing import pipeline
from mlaas4hep.testing.nats import NatsServer
from tests import oracle

ROOT = Path(__file__).parents[2]
CHUNKS = 24


class Gateway:
    """Calls the replicas of a function in turn, as OpenFaaS's gateway does."""

    def __init__(self, replicas: dict[str, list[int]]) -> None:
        self.done: Counter[int] = Counter()
        self._turns = {name: cycle(ports) for name, ports in replicas.items()}
        self._lock = threading.Lock()
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # `/_/ready`, which the dispatcher asks after a lost call
                self.do_POST()

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status = gateway.forward(self.command, self.path, self.headers, body)
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def forward(self, method: str, path: str, headers, body: bytes) -> int:
        """Send a request for `/function/NAME/PATH` on to a replica, and return its status."""
        _, _, name, *rest = path.split("/")
        if name not in self._turns:
            return 404
        with self._lock:
            port = next(self._turns[name])
        url = f"http://127.0.0.1:{port}/{'/'.join(rest)}"
        given = {"Authorization": headers.get("Authorization", "")}
        try:
            status = httpx2.request(
                method, url, content=body, headers=given, timeout=30
            ).status_code
        except httpx2.HTTPError:
            return 502
        self.done[port] += (method, status) == ("POST", 200)
        return status

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@contextmanager
def program(argv, env):
    process = subprocess.Popen([sys.executable, *map(str, argv)], env=os.environ | env)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def function(folder: Path, name: str, port: int, env):
    """Run a function through the index.py of our OpenFaaS template."""
    staged = folder / f"{name}-{port}"
    staged.mkdir()
    (staged / "function").symlink_to(ROOT / "functions" / name.replace("-", "_"))
    index = ROOT / "templates" / "python3-mlaas" / "index.py"
    return program(["-P", index], env | {"PYTHONPATH": str(staged), "MLAAS_PORT": str(port)})


@pytest.fixture
def platform(tmp_path):
    """A run's services, with one specs and two chunk-preprocess functions behind a gateway."""
    key = SigningKey.new()
    (tmp_path / "private.pem").write_text(key.private_pem)
    (tmp_path / "public.pem").write_text(key.public_pem)
    ports = free_ports(3)
    gateway = Gateway({"specs": ports[:1], "chunk-preprocess": ports[1:]})
    server = NatsServer(tmp_path / "nats")
    server.start()
    provision(server.url)
    env = {
        "MLAAS_NATS": server.url,
        "MLAAS_STORE": (tmp_path / "store").as_uri(),
        "MLAAS_RANGE_ENTRIES": "500",
    }
    function_env = env | {"MLAAS_DISPATCHER_PUBLIC_KEY_FILE": str(tmp_path / "public.pem")}
    dispatcher_env = env | {
        "MLAAS_DISPATCHER_PRIVATE_KEY_FILE": str(tmp_path / "private.pem"),
        "MLAAS_GATEWAY_URL": gateway.url,
    }
    with ExitStack() as stack:
        stack.callback(server.stop)
        stack.callback(gateway.close)
        for name, port in zip(("specs", *2 * ["chunk-preprocess"]), ports, strict=True):
            stack.enter_context(function(tmp_path, name, port, function_env))
        stack.enter_context(program(["-m", "mlaas4hep.dispatcher"], dispatcher_env))
        settings = Settings.from_env(env)
        messaging = stack.enter_context(closing(bootstrap.messaging(settings)))
        services = replace(
            bootstrap.services(settings),
            bus=messaging.bus,
            runs=messaging.runs,
            leases=messaging.leases,
        )
        yield services, gateway, ports[1:]


def test_two_replicas_make_the_chunks_that_one_makes(tmp_path, platform):
    services, gateway, replicas = platform
    rng = np.random.default_rng(5)
    paths = [
        oracle.write_tree(
            tmp_path / f"{index}.root",
            "t",
            {"x": rng.normal(size=1200), "n": rng.integers(0, 9, 1200)},
        )
        for index in range(2)
    ]

    pipeline.submit(services, paths, chunk_size=100)
    run = services.runs.wait("o", "r_1", lambda run: run.chunks.complete or run.is_final, 180)

    alone = pipeline.make_services(range_entries=500)
    pipeline.run(alone, paths, chunk_size=100)
    assert run.chunks.done == CHUNKS
    assert all(gateway.done[port] > 0 for port in replicas)
    assert contents(services.chunks) == contents(alone.chunks)
    assert contents(services.specs) == contents(alone.specs)


def contents(store):
    return {info.key: store.get(info.key) for info in store.list("")}
