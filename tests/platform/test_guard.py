"""Who is not on this machine gets in by the doors, and never past them."""

import pytest

from deploy.testbed import guard
from deploy.testbed.containers import docker

KNOCK = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), timeout=5).close()
    print("open")
except OSError as error:
    print(type(error).__name__)
"""


@pytest.fixture
def knock(platform):
    """Return a function that says how a port of this machine looks from a container."""

    def knock(port):
        return docker.run(
            platform, "run", "--rm", "--network", docker.NETWORK, docker.BASE,
            "python3", "-c", KNOCK, platform.address, str(port),
        )  # fmt: skip

    return knock


def test_gateway_and_provider_are_for_this_machine_alone(knock, platform):
    for port in (platform.ports["gateway"], platform.ports["provider"], guard.METRICS):
        assert knock(port) == "ConnectionRefusedError", port


def test_the_doors_are_for_everybody(knock, platform):
    assert knock(platform.ports["workflow"]) == "open"
    assert knock(platform.ports["predict"]) == "open"
