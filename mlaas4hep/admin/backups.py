"""`mlaas4hep-admin backup` and `restore`: a whole platform in one tar file."""

from pathlib import Path
from typing import Annotated

import typer

from mlaas4hep.admin import archive
from mlaas4hep.admin.platform import platform

File = Annotated[Path, typer.Argument(help="A tar file.", show_default=False)]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(backup)
    app.command()(restore)


def backup(
    file: File,
    chunks: Annotated[
        bool, typer.Option(help="Take the chunks, too; without them they are made again.")
    ] = False,
) -> None:
    """Write uploads, runs, specs, models and all of NATS into one file; people go on working."""
    with platform() as found:
        written = archive.write(file, found, chunks=chunks)
    print(f"{file}: {written.objects} objects and {written.messages} messages")


def restore(file: File) -> None:
    """Put a backup into an empty platform; one that is not whole, or a platform in use, is refused."""
    with platform() as found:
        put = archive.restore(file, found)
    print(f"{put.objects} objects and {put.messages} messages are back")
