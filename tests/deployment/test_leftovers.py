"""What Docker leaves where it was killed: containers' processes, and their links."""

import json
import os
import signal
import subprocess
import uuid
from pathlib import Path

import pytest

from deploy import command
from deploy.testbed.containers import leftovers

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="links and control groups are root's")

BRIDGE = "mlaas-left0"


@pytest.fixture
def bridge():
    """Return a bridge with one link of a container that is no more."""
    command.output(["ip", "link", "add", BRIDGE, "type", "bridge"])
    pair = ["mlaas-left1", "type", "veth", "peer", "name", "mlaas-left2"]
    command.output(["ip", "link", "add", *pair])
    command.output(["ip", "link", "set", "mlaas-left1", "master", BRIDGE])
    yield BRIDGE
    for link in _links() & {BRIDGE, "mlaas-left1"}:
        command.output(["ip", "link", "delete", link])


@pytest.fixture
def orphan():
    """Return a container's id and its process, in a control group as Docker's have."""
    container = uuid.uuid4().hex
    tree = next(
        path for path in (Path("/sys/fs/cgroup/pids"), Path("/sys/fs/cgroup")) if path.exists()
    )
    group = tree / "docker" / container
    group.mkdir(parents=True)
    process = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
    (group / "cgroup.procs").write_text(str(process.pid))
    yield container, process
    process.kill()
    process.communicate()
    group.rmdir()


def test_nothing_is_left_of_containers_whose_daemon_is_dead(tmp_path, bridge, orphan):
    container, process = orphan
    (tmp_path / container).mkdir()
    assert leftovers.processes(container) == {process.pid}
    leftovers.remove(tmp_path, bridge)
    assert process.wait() == -signal.SIGKILL
    assert not leftovers.processes(container)
    assert not _links() & {bridge, "mlaas-left1", "mlaas-left2"}


def test_what_belongs_to_others_stays(tmp_path, bridge, orphan):
    leftovers.remove(tmp_path / "containers", "mlaas-none0")

    assert {bridge, "mlaas-left1"} <= _links()
    assert leftovers.processes(orphan[0])


def _links() -> set[str]:
    return {link["ifname"] for link in json.loads(command.output(["ip", "-json", "link", "show"]))}
