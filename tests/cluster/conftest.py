"""The Kubernetes node of `make cluster-up`, its people, and their jobs."""

from pathlib import Path
from typing import Any

import pytest

from deploy.testbed.cluster import network, processes
from tests.platform.jobs import jets, put_jets
from tests.platform.outside import PLACE, Person


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.platform)


@pytest.fixture(scope="session", autouse=True)
def cluster():
    """Return the place of the running cluster; skip without one."""
    if not processes.running(PLACE, "kubelet"):
        pytest.skip("the cluster is not up: make cluster-up")
    return PLACE


@pytest.fixture(scope="session")
def alice(cluster) -> Person:
    return Person("alice", host=network.NODE)


@pytest.fixture(scope="session")
def remote_files(cluster, tmp_path_factory) -> list[str]:
    return put_jets(cluster, tmp_path_factory.mktemp("origin"))


@pytest.fixture
def submit(alice, remote_files):
    """Return a function that uploads the jets example under a name, and submits it."""
    used = []

    def submitted(folder: str, **params: Any) -> str:
        used.append(folder)
        alice.forget(folder)
        alice.upload(folder, jets(remote_files, **params))
        return alice.submit(folder, preproc="preproc.json")

    yield submitted
    alice.forget(*used)
