"""MinIO, and what `minio/provision.py` makes in it."""

import subprocess
import sys

from deploy.testbed import credentials, probe, process
from deploy.testbed.place import REPOSITORY, Place


def start(place: Place) -> None:
    """Start the server, then make buckets, policies and the functions' keys."""
    process.start(
        place,
        "minio",
        [place.program("minio"), "server", "--address", place.at("minio")]
        + ["--console-address", "127.0.0.1:0", str(place.folder("minio"))],
        ready=probe.http(f"{place.http('minio')}/minio/health/ready"),
        env={
            "MINIO_ROOT_USER": credentials.text(place, "minio-user"),
            "MINIO_ROOT_PASSWORD": credentials.text(place, "minio-password"),
            "MINIO_UPDATE": "off",
            "MINIO_BROWSER": "off",
        },
    )
    keys = place.folder("credentials")
    with (place.folder("logs") / "minio-provision.log").open("ab") as output:
        subprocess.run(
            [sys.executable, str(REPOSITORY / "minio/provision.py"), place.http("minio")]
            + ["--admin-file", str(keys / "minio-admin"), "--keys", str(keys)],
            check=True,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
