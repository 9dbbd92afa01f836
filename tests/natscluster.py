"""Three nats-servers as one, for tests that lose some of them."""

import asyncio
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import nats

from mlaas4hep.adapters.nats.provision import STREAM, provision
from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.laptop.ports import free_ports
from mlaas4hep.testing.nats import NatsServer

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


@contextmanager
def started(folder: Path):
    """Give a cluster in a folder, provisioned with three copies of everything."""
    ports = free_ports(3)
    routes = ", ".join(f'"nats://127.0.0.1:{port}"' for port in ports)
    made = {}
    with ExitStack() as stack:
        for number, port in enumerate(ports):
            own = folder / f"nats{number}"
            own.mkdir()
            text = CONFIGURATION.format(
                name=f"nats-{number}", folder=own / "data", own=port, routes=routes
            )
            (own / "cluster.conf").write_text(text)
            server = NatsServer(own / "server", own / "cluster.conf")
            server.start()
            stack.callback(server.stop)
            made[f"nats-{number}"] = server
        cluster = Cluster(made)
        again(lambda: provision(cluster.url, replicas=3))
        yield cluster
