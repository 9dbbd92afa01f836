"""`mlaas4hep-admin rebuild`: run records made again from the store."""

import typer

from mlaas4hep.admin.platform import platform
from mlaas4hep.usecases.storekeeping import rebuild as again


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(rebuild)


def rebuild() -> None:
    """Make streams, buckets and run records of NATS again from what the store knows.

    The dispatcher does the same by itself when it finds no records at all; names that were given
    out stay taken, because the store remembers them. Running it twice changes nothing.
    """
    with platform() as found:
        found.nats.prepare()
        made = again.rebuild(found.services)
    for name in made:
        print(name)
    print(f"{len(made)} run records are made again")
