"""What you have on a deployment, and how it is deleted."""

from enum import StrEnum
from typing import Annotated

import typer

from mlaas4hep.cli.options import URL, At, Json, Token, Url, client
from mlaas4hep.cli.terminal.listed import size
from mlaas4hep.cli.terminal.screen import show, show_json, show_table

_PANEL = "On a deployment"


class Kind(StrEnum):
    """What can be deleted."""

    RUN = "run"
    TARBALL = "tarball"
    MODEL = "model"


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (usage, delete):
        app.command(rich_help_panel=_PANEL)(command)


def usage(url: Url = URL, token: Token = "", endpoint: At = "", json: Json = False) -> None:
    """Show who you are there, what you use, and what there is to use.

    Example: `mlaas4hep usage`
    """
    with client(url, token, endpoint) as here:
        mine = here.usage()
    if json:
        show_json(mine)
        return
    groups = f" in {', '.join(mine.groups)}" if mine.groups else ""
    show(f"{mine.name}{groups}")
    rows = [(f"in {bucket}", size(used), "") for bucket, used in mine.bytes.items()]
    total = ("all together", size(sum(mine.bytes.values())), size(mine.max_bytes))
    runs = ("unfinished runs", mine.unfinished_runs, mine.max_runs)
    show_table(("what", "used", "at most"), [*rows, total, runs])
    show(f"frameworks: {', '.join(mine.frameworks)}")
    show(f"formats: {', '.join(mine.formats)}")


def delete(
    name: Annotated[str, typer.Argument(show_default=False)],
    kind: Annotated[
        Kind, typer.Option(help="A tarball goes with its runs; models always stay.")
    ] = Kind.RUN,
    url: Url = URL,
    token: Token = "",
    endpoint: At = "",
    json: Json = False,
) -> None:
    """Delete a run, an upload or a model.

    Example: `mlaas4hep delete luca_1 --kind model`
    """
    with client(url, token, endpoint) as here:
        gone = {
            Kind.RUN: here.delete_run,
            Kind.TARBALL: here.delete_tarball,
            Kind.MODEL: here.delete_model,
        }[kind](name)
    show_json(gone) if json else show(f"{kind} {gone.deleted} is deleted")
