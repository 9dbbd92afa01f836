from collections.abc import Iterator
from pathlib import Path

import pytest

from mlaas4hep.adapters.jetstream import Connection
from mlaas4hep.adapters.provision_nats import provision
from mlaas4hep.local.natsd import NatsServer


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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"
