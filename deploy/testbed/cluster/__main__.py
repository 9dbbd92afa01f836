"""`python -m deploy.testbed.cluster install|node|up|down`: a Kubernetes node with MLaaS4HEP on it."""

import argparse
import logging
import os
import subprocess
import sys
import time

from deploy.testbed import debian, functions, identity, programs, rootfiles
from deploy.testbed.cluster import binaries, images, keda, node, site
from deploy.testbed.containers import docker
from deploy.testbed.place import Place

log = logging.getLogger("cluster")

#: Debian's packages of the node, by a file of each.
PACKAGES = {
    "/usr/bin/etcd": "etcd-server",
    "/usr/lib/cni/bridge": "containernetworking-plugins",
    "/usr/bin/containerd": "containerd",
    "/usr/bin/nsenter": "util-linux",
}


def install(place: Place) -> None:
    """Install and build what is missing."""
    debian.install()
    debian.install_missing(PACKAGES)
    # Debian starts an etcd of its own, on the same ports of this machine.
    subprocess.run(["systemctl", "disable", "--now", "etcd"], check=False, capture_output=True)
    programs.build(place)
    binaries.build(place)


def up(place: Place) -> None:
    """Start the node, build the images, apply the overlay, and wait until it is ready."""
    started = time.monotonic()
    install(place)
    for part in (
        docker.start, docker.base_images, identity.start, rootfiles.start, functions.build,
        images.build, node.start, keda.apply, site.apply,
    ):  # fmt: skip
        part(place)
    log.info("the cluster is up after %.0f s", time.monotonic() - started)


def down(place: Place) -> None:
    """Stop the node, and forget what was on it."""
    node.stop(place)
    node.forget(place)
    log.info("the cluster is down")


#: `node` starts an empty node: it tells whether this machine can run one at all.
COMMANDS = {"install": install, "node": node.start, "up": up, "down": down}


def main() -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="cluster", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    command = parser.parse_args().command
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    COMMANDS[command](Place.from_env(os.environ))
    return 0


if __name__ == "__main__":
    sys.exit(main())
