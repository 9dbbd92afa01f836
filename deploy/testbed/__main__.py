"""`python -m deploy.testbed install|up|down|restart NAME|token PERSON`: the platform on this machine."""

import argparse
import logging
import os
import sys
import time

from deploy.testbed import (
    credentials,
    debian,
    dispatcher,
    doors,
    functions,
    guard,
    identity,
    messaging,
    openfaas,
    process,
    programs,
    rootfiles,
    storage,
)
from deploy.testbed.containers import docker
from deploy.testbed.place import Place

log = logging.getLogger("platform")

#: In this order: everyone finds what it needs.
PARTS = (
    credentials.make,
    docker.start,
    docker.base_images,
    messaging.start,
    storage.start,
    identity.start,
    rootfiles.start,
    openfaas.start,
    doors.start,
    functions.build,
    functions.deploy,
    dispatcher.start,
)

#: What can be taken away for a moment, to see what the rest does meanwhile.
RESTARTABLE = {
    "nats": messaging.start,
    "minio": storage.start,
    "xrootd": rootfiles.start,
    "dispatcher": dispatcher.start,
}


def install(place: Place) -> None:
    """Install and build the programs that are missing."""
    debian.install()
    programs.build(place)
    identity.install(place)


def up(place: Place) -> None:
    """Install what is missing, start what does not run, build and deploy the functions."""
    started = time.monotonic()
    install(place)
    for part in PARTS:
        part(place)
    log.info("the platform is up after %.0f s; logs: %s", time.monotonic() - started, place.root)


def down(place: Place) -> None:
    """Stop everything; data and logs stay."""
    openfaas.stop_providers(place)
    process.stop_all(place)
    guard.open_again(place)
    log.info("the platform is down")


def restart(place: Place, name: str) -> None:
    """Stop one process and start it again."""
    process.stop(place, name)
    RESTARTABLE[name](place)


def main() -> int:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="platform", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("install", help="install and build the programs that are missing")
    commands.add_parser("up", help="start everything, or what is missing")
    commands.add_parser("down", help="stop everything")
    again = commands.add_parser("restart", help="stop one process and start it again")
    again.add_argument("name", choices=sorted(RESTARTABLE))
    token = commands.add_parser("token", help="print a bearer token")
    token.add_argument("person", choices=["alice", "bob", "carol"])
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", datefmt="%H:%M:%S")
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    place = Place.from_env(os.environ)
    if arguments.command == "token":
        sys.stdout.write(identity.token(place, arguments.person) + "\n")
    elif arguments.command == "restart":
        restart(place, arguments.name)
    else:
        {"install": install, "up": up, "down": down}[arguments.command](place)
    return 0


if __name__ == "__main__":
    sys.exit(main())
