import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from mlaas4hep.adapters.nats.connection import Connection
from mlaas4hep.adapters.nats.provision import provision
from mlaas4hep.testing.nats import NatsServer
from tests.minioserver import MinioServer


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
    server = MinioServer(tmp_path_factory.mktemp("minio"))
    server.start()
    yield S3(server.url, server.access, server.secret)
    server.stop()
