"""The dispatcher: the production program, as a process of this machine."""

import sys

from deploy.testbed import credentials, probe, process
from deploy.testbed.place import Place


def start(place: Place) -> None:
    """Start it, now that there are functions to call."""
    metrics = f"127.0.0.1:{place.ports['dispatcher']}"
    process.start(
        place,
        "dispatcher",
        [sys.executable, "-m", "mlaas4hep.dispatcher"],
        ready=probe.tcp(metrics),
        env={
            "MLAAS_NATS": f"nats://{place.at('nats')}",
            "MLAAS_NATS_USER_FILE": str(place.folder("credentials") / "dispatcher-nats-user"),
            "MLAAS_STORE": place.http("minio"),
            "MLAAS_STORE_KEY_FILE": str(place.folder("credentials") / "dispatcher-store-key"),
            "MLAAS_GATEWAY_URL": f"http://127.0.0.1:{place.ports['gateway']}",
            "MLAAS_DISPATCHER_PRIVATE_KEY_FILE": str(credentials.dispatcher_keys(place)[0]),
            "MLAAS_METRICS_PORT": str(place.ports["dispatcher"]),
        },
    )
