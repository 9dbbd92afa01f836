"""NATS with JetStream, one user per function, and the streams in it."""

import sys
from pathlib import Path

from deploy.testbed import credentials, probe, process
from deploy.testbed.functions import NAMES
from deploy.testbed.place import Place
from mlaas4hep.adapters.provision_nats import provision

SERVER = Path(sys.executable).with_name("nats-server")


def start(place: Place) -> None:
    """Start the server and make its streams, consumers and buckets."""
    config = place.folder("nats") / "nats.conf"
    users = "\n".join(
        f'    {{user: "{name}", password: "{credentials.text(place, f"{name}-nats-password")}"}}'
        for name in (*NAMES, "dispatcher", "admin")
    )
    config.write_text(
        f'listen: "{place.at("nats")}"\n'
        f'jetstream {{store_dir: "{place.folder("nats", "data")}", sync_interval: always}}\n'
        f"authorization {{\n  users: [\n{users}\n  ]\n}}\n",
        encoding="utf-8",
    )
    for name in (*NAMES, "dispatcher", "admin"):
        password = credentials.text(place, f"{name}-nats-password")
        credentials.file(place, f"{name}-nats-user", lambda n=name, p=password: f"{n}:{p}")
    process.start(
        place, "nats", [str(SERVER), "--config", str(config)], ready=probe.tcp(place.at("nats"))
    )
    provision(
        f"nats://{place.at('nats')}", "admin", credentials.text(place, "admin-nats-password")
    )
