"""Our own Python client, through the public doors."""

import ssl

import httpx
import pytest

from deploy.testbed import credentials
from mlaas4hep.client import Client
from mlaas4hep.connection import Connection
from tests.platform.outside import PLACE, watched


@pytest.fixture
def client(alice, platform):
    """Return a client that trusts the doors' certificate, and sends tarballs to the store."""
    _, certificate = credentials.certificate(platform)
    trust = ssl.create_default_context(cafile=str(certificate))
    connection = Connection(alice.token, transport=httpx.HTTPTransport(verify=trust))
    urls = [f"https://localhost:{PLACE.ports[door]}" for door in ("workflow", "predict")]
    with Client(urls[0], predict_url=urls[1], connection=connection, direct_bytes=0) as made:
        yield made


def test_a_run_from_a_tarball_that_no_function_has_carried(
    client, remote_job, tmp_path, alice, platform
):
    alice.forget("library")
    tarball = tmp_path / "library.tar.gz"
    tarball.write_bytes(remote_job(epochs=1, nevts=3000))

    with watched(platform.folder("logs") / "gateway.log") as gateway:
        client.upload(tarball, name="library")
    run = client.submit("library").name
    seen = [report.status for report in client.watch(run)]

    assert "[PUT]" not in gateway()
    assert "/tarballs/library/direct" in gateway()
    assert seen[-1] == "done"
    assert len(seen) > 1
    alice.forget("library")
