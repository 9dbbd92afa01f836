"""Our own Python client, through the public doors."""

import ssl

import httpx2
import pytest
import uproot

from deploy.testbed import credentials
from mlaas4hep.client import Client
from mlaas4hep.client.connections.connection import Connection
from tests.platform.outside import PLACE, watched


@pytest.fixture(scope="module")
def client(alice, platform):
    """Return a client that trusts the doors' certificate, and sends tarballs to the store."""
    _, certificate = credentials.certificate(platform)
    trust = ssl.create_default_context(cafile=str(certificate))
    connection = Connection(alice.token, transport=httpx2.HTTPTransport(verify=trust))
    url = f"https://localhost:{PLACE.ports['workflow']}"
    with Client(url, connection=connection, direct_bytes=0) as made:
        yield made


@pytest.fixture(scope="module")
def trained(client, remote_job, tmp_path_factory, alice, platform):
    """Return the reports that were seen of a run, and what passed the gateway meanwhile."""
    alice.forget("library")
    tarball = tmp_path_factory.mktemp("library") / "library.tar.gz"
    tarball.write_bytes(remote_job(epochs=1, nevts=3000))
    with watched(platform.folder("logs") / "gateway.log") as gateway:
        client.upload(tarball, name="library")
        seen = list(client.watch(client.submit("library").name))
    yield seen, gateway()
    alice.forget("library")


def test_no_function_carries_a_large_tarball(trained):
    _, passed = trained

    assert "/tarballs/library/direct" in passed
    assert "[PUT]" not in passed


def test_a_run_is_watched_to_its_end(trained):
    seen, _ = trained

    assert seen[-1].status == "done"
    assert len(seen) > 1


def test_remote_files_are_scored(trained, client, remote_files, tmp_path):
    model = trained[0][-1].name

    run = client.score(model, remote_files, format="root").name
    done = client.wait(run)
    friend = client.scores(run, tmp_path / "scores.root")

    assert done.status == "done"
    assert done.entries == 16_000
    with uproot.open(friend) as file:
        (tree,) = {
            key.partition(";")[0] for key, kind in file.classnames().items() if "Tree" in kind
        }
        assert file[tree].num_entries == 16_000


def test_the_same_address_gives_predictions(trained, client):
    model = trained[0][-1].name
    branches = client.inputs(model)["branches"]

    entry = {
        name: [] if kind == "jagged" else 0.0 for kind, names in branches.items() for name in names
    }
    answer = client.predict(model, entries=[entry])

    assert (answer["model"], len(answer["predictions"])) == (model, 1)
