"""ROOT files behind XRootD: the storage element's own log says who came."""

import re
import shutil
import subprocess
import uuid

import pytest

from deploy.testbed.cluster import network
from tests.platform.outside import watched


@pytest.fixture(scope="module")
def new_files(remote_files, platform):
    """Copy the files under names that no cache has seen."""
    store = platform.folder("origin", "store")
    name = f"new-{uuid.uuid4().hex[:8]}"
    shutil.copytree(store / "jets", store / name)
    yield [file.replace("/jets/", f"/{name}/") for file in remote_files]
    shutil.rmtree(store / name)


@pytest.fixture(scope="module")
def logs(alice, remote_job, new_files, platform):
    """Run the same job twice, reading all files again, and return the origin's log of both."""
    found = []
    alice.forget("remote")
    alice.upload("remote", remote_job(new_files, epochs=1, nevts=4000))
    for _ in range(2):
        alice.workflow("GET", "/delete_specs?name=remote")
        with watched(platform.folder("logs") / "origin.log") as origin:
            alice.wait(alice.submit("remote", preproc="preproc.json"))
        found.append(origin())
    yield found
    alice.forget("remote")


def visitors(log: str) -> set[str]:
    """Return the addresses that logged in, as XRootD writes them."""
    return set(re.findall(r"@\[::ffff:([\d.]+)\] \w+ \w+ login", log))


def opened(log: str) -> list[str]:
    return re.findall(r"ofs_open: \S+ fn=(\S+)", log)


def test_functions_come_to_the_proxy_and_only_this_machine_to_the_storage_element(logs, platform):
    folder = platform.folder("logs")
    addresses = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=True)
    node = network.NODE  # the cluster's own proxy, if `make cluster-up` ran here, too
    own = {"127.0.0.1", node, *addresses.stdout.split()}
    origin = (folder / "origin.log").read_text(errors="replace")
    proxy = (folder / "xrootd.log").read_text(errors="replace")

    assert visitors(origin)
    assert visitors(origin) <= own
    assert visitors(proxy) - own


def test_the_second_run_reads_from_the_proxys_cache(logs):
    first, second = logs

    assert opened(first)
    assert opened(second) == []
