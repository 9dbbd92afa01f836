"""Three nats-servers: each is lost in turn, also the leader, and nothing is."""

import asyncio
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import nats
import pytest

from mlaas4hep.adapters.nats.connection import Connection, JetStreamBus
from mlaas4hep.adapters.nats.provision import STREAM, provision
from mlaas4hep.adapters.nats.runs import JetStreamRunBook
from mlaas4hep.core.runs.events import RangeMeasured, RangePlanned
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.testing.nats import NatsServer

RUN = Run(owner="o", name="r_1", folder="r", number=1, id="1", created_at=0, updated_at=0)
PLANNED = RangePlanned(owner="o", run="r_1", index=0, file=0, start=0, stop=1)
MEASURED = RangeMeasured(owner="o", run="r_1", index=0, key="k", entries=1, passed=1)
TRIES, PAUSE_S = 60, 0.5

CONFIGURATION = """
server_name: {name}
max_payload: 1MB
jetstream {{ store_dir: "{folder}", sync_interval: always, max_file: 4GB }}
cluster {{ name: three, listen: "127.0.0.1:{own}", routes: [{routes}] }}
"""


@dataclass(frozen=True)
class Cluster:
    servers: dict[str, NatsServer]

    @property
    def url(self) -> str:
        return ",".join(server.url for server in self.servers.values())

    def info(self):
        """Return what JetStream says of the stream of events."""

        async def ask():
            client = await nats.connect(self.url.split(","))
            try:
                return await client.jetstream(timeout=5).stream_info(STREAM)
            finally:
                await client.close()

        return again(lambda: asyncio.run(ask()))


def again(do):
    """Do it as everybody does who is told that NATS is away: once more."""
    for _ in range(TRIES - 1):
        try:
            return do()
        except (ServiceUnavailableError, nats.errors.Error, OSError, TimeoutError):
            time.sleep(PAUSE_S)  # an election has no event that a client hears of
    return do()


def free_ports(count):
    with ExitStack() as stack:
        held = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in held:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in held]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    ports = free_ports(3)
    routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in ports)
    made = {}
    with ExitStack() as stack:
        for number, port in enumerate(ports):
            folder: Path = tmp_path_factory.mktemp(f"nats{number}")
            text = CONFIGURATION.format(
                name=f"nats-{number}", folder=folder / "data", own=port, routes=routes
            )
            (folder / "cluster.conf").write_text(text)
            server = NatsServer(folder / "server", folder / "cluster.conf")
            server.start()
            stack.callback(server.stop)
            made[f"nats-{number}"] = server
        cluster = Cluster(made)
        again(lambda: provision(cluster.url, replicas=3))
        yield cluster


def test_everything_has_three_copies_and_provisioning_never_lowers_that(cluster):
    again(lambda: provision(cluster.url))

    assert cluster.info().config.num_replicas == 3


def test_each_server_is_lost_in_turn_and_nothing_is(cluster):
    connection = Connection(cluster.url)
    bus, runs = JetStreamBus(connection), JetStreamRunBook(connection, lambda: 0.0)
    again(lambda: runs.create(RUN))
    leader = cluster.info().cluster.leader
    order = [leader, *(name for name in cluster.servers if name != leader)]

    for number, name in enumerate(order):
        cluster.servers[name].kill()
        again(lambda n=number: bus.publish([replace(PLANNED, index=n)]))
        again(lambda n=number: runs.apply([replace(MEASURED, index=n)]))
        cluster.servers[name].start()

    assert again(lambda: runs.get("o", "r_1")).ranges.done == len(order)
    assert cluster.info().state.messages == len(order)
    connection.close()


def test_with_two_of_three_lost_it_waits_and_goes_on_when_one_is_back(cluster):
    connection = Connection(cluster.url)
    runs = JetStreamRunBook(connection, lambda: 0.0)
    before = again(lambda: runs.get("o", "r_1")).ranges.done
    first, second, _ = cluster.servers.values()

    first.kill()
    second.kill()
    with pytest.raises(ServiceUnavailableError):
        runs.apply([replace(MEASURED, index=7)])
    first.start()

    assert again(lambda: runs.apply([replace(MEASURED, index=8)])).ranges.done > before
    second.start()
    connection.close()
