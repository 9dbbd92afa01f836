"""MinIO, and the buckets and keys in it."""

from deploy.testbed import credentials, probe, process
from deploy.testbed.functions import NAMES
from deploy.testbed.place import Place

ROOT_USER = "platform"


def start(place: Place) -> None:
    """Start the server and provision it."""
    process.start(
        place,
        "minio",
        [place.program("minio"), "server", "--address", place.at("minio")]
        + ["--console-address", "127.0.0.1:0", str(place.folder("minio"))],
        ready=probe.http(f"{place.http('minio')}/minio/health/ready"),
        env={
            "MINIO_ROOT_USER": ROOT_USER,
            "MINIO_ROOT_PASSWORD": credentials.text(place, "minio-password"),
            "MINIO_UPDATE": "off",
        },
    )
    for name in NAMES:
        password = credentials.text(place, "minio-password")
        credentials.file(place, f"{name}-store-key", lambda p=password: f"{ROOT_USER}:{p}")
    from minio import Minio
    client = Minio(place.at("minio"), ROOT_USER, credentials.text(place, "minio-password"), secure=False)
    for b in ("tarballs", "runs", "specs", "chunks", "models"):
        if not client.bucket_exists(bucket_name=b): client.make_bucket(bucket_name=b)
