"""ROOT files behind XRootD: the storage element's own log says who came."""

import re

import pytest

from tests.platform.outside import watched


@pytest.fixture(scope="module")
def logs(alice, remote_job, platform):
    """Run the same job twice, reading all files again, and return the origin's log of both."""
    found = []
    alice.forget("remote")
    alice.upload("remote", remote_job(epochs=1, nevts=4000))
    for _ in range(2):
        alice.workflow("GET", "/delete_specs?name=remote")
        with watched(platform.folder("logs") / "origin.log") as origin:
            alice.wait(alice.submit("remote", preproc="preproc.json"))
        found.append(origin())
    yield found
    alice.forget("remote")


def logged_in(log: str) -> set[str]:
    return set(re.findall(r"\S+@\[?([^\] ]+)\]? pvt \S+ login", log))


def opened(log: str) -> list[str]:
    return re.findall(r"ofs_open: \S+ fn=(\S+)", log)


def test_only_the_proxy_talks_to_the_storage_element(logs, platform):
    whole = (platform.folder("logs") / "origin.log").read_text()

    assert opened(whole)
    assert {host.removeprefix("::ffff:") for host in logged_in(whole)} <= {
        platform.address, "127.0.0.1", "vm",
    } | {host for host in logged_in(whole) if not host.removeprefix("::ffff:").startswith(platform.network)}  # fmt: skip


def test_the_second_run_reads_from_the_proxys_cache(logs):
    _, second = logs

    assert opened(second) == []
