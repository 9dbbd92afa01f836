import os
import re
import secrets
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from mlaas4hep.adapters.nats.connection import Connection
from mlaas4hep.adapters.nats.provision import provision
from mlaas4hep.testing.nats import NatsServer


@pytest.fixture(scope="session")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """A real server with JetStream, provisioned; leases expire fast."""
    server = NatsServer(tmp_path_factory.mktemp("nats"))
    server.start()
    provision(server.url, lease_s=1.0)
    yield server
    server.stop()


@pytest.fixture
def connection(nats_server: NatsServer) -> Iterator[Connection]:
    connection = Connection(nats_server.url)
    yield connection
    connection.close()


@dataclass(frozen=True)
class S3:
    """A real S3: the one that `MLAAS_TEST_S3=http://access:secret@host:port` names, or a MinIO."""

    url: str
    access: str
    secret: str


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """Also started from the program `MLAAS_TEST_MINIO`, or `minio` in the path."""
    if named := os.environ.get("MLAAS_TEST_S3"):
        match = re.fullmatch(r"(https?://)([^:]+):([^@]+)@(.+)", named)
        assert match, "MLAAS_TEST_S3 is http://access:secret@host:port"
        scheme, access, secret, host = match.groups()
        yield S3(scheme + host, access, secret)
        return
    program = os.environ.get("MLAAS_TEST_MINIO") or shutil.which("minio")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("there is no minio in the path, and CI must have one")
        pytest.skip("there is no minio in the path, and MLAAS_TEST_S3 names no S3")
    with _minio(program, tmp_path_factory.mktemp("minio")) as server:
        yield server


@contextmanager
def _minio(program: str, folder: Path) -> Iterator[S3]:
    access, secret = "tester", secrets.token_hex(16)
    env = {
        "MINIO_ROOT_USER": access,
        "MINIO_ROOT_PASSWORD": secret,
        "HOME": str(folder),
        "PATH": os.environ["PATH"],
        "MINIO_BROWSER": "off",
        "MINIO_CALLHOME_ENABLE": "off",
        "MINIO_UPDATE": "off",
    }
    port = _free_port()
    process = subprocess.Popen(
        [program, "server", str(folder / "data"), "--address", f"127.0.0.1:{port}"],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("API:"):
            break
    else:
        pytest.fail("minio does not start: " + "".join(lines))
    try:
        yield S3(f"http://127.0.0.1:{port}", access, secret)
    finally:
        process.terminate()
        process.communicate()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
