"""`mlaas4hep-admin secrets`: every key of a deployment, made once and kept."""

from pathlib import Path
from typing import Annotated

import typer

from mlaas4hep.admin import secretfiles

commands = typer.Typer(name="secrets", help="Every key of a deployment.", no_args_is_help=True)

Folder = Annotated[Path, typer.Argument(help="That only you can read.", show_default=False)]
Users = Annotated[
    Path | None,
    typer.Option(help="The users of NATS; without it, deploy/nats/users.json beside the package."),
]


def add_to(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(commands)


@commands.command()
def make(folder: Folder, users: Users = None) -> None:
    """Make the files that are missing; what is there stays, so that it can run again at any time."""
    made = secretfiles.make(folder, users)
    for name in made:
        print(f"{folder / name} is made")
    print(f"{len(made)} keys are made, the others are as they were")


@commands.command()
def rotate(
    folder: Folder,
    names: Annotated[list[str], typer.Argument(help="Such as train-nats-user.")],
    users: Users = None,
) -> None:
    """Make some secrets anew, with what follows from them, and say who needs the new ones."""
    for name in secretfiles.rotate(folder, names, users):
        print(f"{folder / name} is new: {secretfiles.who_needs(name)}")
