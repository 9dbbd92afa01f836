"""NATS with JetStream: the server of `deploy/nats`, and the streams in it."""

import shutil
import sys
from pathlib import Path

from deploy.testbed import probe, process
from deploy.testbed.place import REPOSITORY, Place
from mlaas4hep.adapters.nats.provision import provision
from mlaas4hep.settings import credentials

SERVER = Path(sys.executable).with_name("nats-server")
CONFIGURATION = REPOSITORY / "deploy/nats"


def start(place: Place) -> None:
    """Start the server and make its streams, consumers and buckets."""
    folder, keys = place.folder("nats"), place.folder("credentials")
    shutil.copy2(keys / "users.conf", folder)
    config = (CONFIGURATION / "nats.conf").read_text(encoding="utf-8")
    # Where a container has its volume; nats-server refuses it twice, in a file and as an argument.
    config = config.replace("store_dir: /data", f"store_dir: {folder / 'data'}")
    (folder / "nats.conf").write_text(config, encoding="utf-8")
    process.start(
        place,
        "nats",
        [str(SERVER), "--config", str(folder / "nats.conf"), "--addr", place.address]
        + ["--port", str(place.ports["nats"])],
        ready=probe.tcp(place.at("nats")),
    )
    user, password = credentials(str(keys / "admin-nats-user"))
    provision(f"nats://{place.at('nats')}", user, password)
