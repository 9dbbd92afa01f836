"""Models in a MinIO, as deployments keep them."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.predict import servers
from mlaas4hep import bootstrap
from mlaas4hep.adapters.stores.s3 import client
from mlaas4hep.settings import Settings
from tests.minioserver import MinioServer


@contextmanager
def models(state: Path, owner: str) -> Iterator[dict[str, str]]:
    """Start a MinIO that holds the models of `serve_models`; gives the variables that point to it."""
    server, key = MinioServer(state / "minio"), state / "minio-key"
    server.start()
    try:
        key.write_text(f"{server.access}:{server.secret}")
        given = {
            "MLAAS_STORE": server.url,
            "MLAAS_STORE_KEY_FILE": str(key),
            "MLAAS_CACHE_DIR": str(state / "cache"),
        }
        client(server.url, server.access, server.secret).make_bucket("models")
        servers.serve_models(state, owner, bootstrap.services(Settings.from_env(given)).models)
        yield given
    finally:
        server.stop()
