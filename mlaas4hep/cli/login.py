"""`login`, `logout` and `endpoints`: deployments by name."""

import sys
from typing import Annotated

import typer

from mlaas4hep.cli import endpoints as known
from mlaas4hep.cli.options import URL, Json
from mlaas4hep.cli.terminal.screen import note, show, show_json, show_table
from mlaas4hep.client import Client
from mlaas4hep.client.address import Address
from mlaas4hep.errors import UnauthenticatedError

_PANEL = "On a deployment"


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (login, logout, endpoints):
        app.command(rich_help_panel=_PANEL)(command)


def login(
    name: Annotated[str, typer.Argument(help="What you call it.", show_default=False)],
    url: Annotated[str, typer.Option(help="Address of its gateway or of a public door.")] = URL,
    token: Annotated[
        str, typer.Option(help="Bearer token; read from the standard input if not given.")
    ] = "",
) -> None:
    """Remember a deployment and a token for it, after asking it who you are.

    Commands use what was logged in to last, or `-b NAME`; `--url` and `--token`, or MLAAS4HEP_URL and
    MLAAS4HEP_TOKEN, come before it.

    Example: `mlaas4hep token --user luca | mlaas4hep login laptop`
    """
    base = Address.parse(url).base
    if not token:
        note("the token, and Enter:")
        token = sys.stdin.readline().strip()
    if not token:
        raise UnauthenticatedError("there is no token", hint="pipe it in, or give it as --token")
    with Client(base, token) as here:
        mine = here.usage()
    known.save(known.load().first(known.Endpoint(name=name, url=base, token=token)))
    show(f"{name}: {mine.name} at {base}")


def logout(name: Annotated[str, typer.Argument(help="What you called it.")]) -> None:
    """Forget a deployment and its token.

    Example: `mlaas4hep logout laptop`
    """
    endpoints = known.load()
    known.save(endpoints.without(endpoints.find(name).name))
    show(f"{name} is forgotten")


def endpoints(json: Json = False) -> None:
    """List the deployments that you logged in to, the one that is used first.

    Example: `mlaas4hep endpoints`
    """
    found = [{"name": each.name, "url": each.url} for each in known.load()]
    if json:
        show_json(found)
        return
    show_table(("endpoint", "url"), [tuple(each.values()) for each in found])
