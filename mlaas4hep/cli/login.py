"""`login`, `logout` and `endpoints`: deployments by name."""

import sys
from typing import Annotated

import typer

from mlaas4hep.cli.logins import endpoints as known
from mlaas4hep.cli.logins import refreshtokens
from mlaas4hep.cli.options import URL, Json
from mlaas4hep.cli.terminal.screen import note, show, show_json, show_table
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
        str, typer.Option(help="Bearer token; else a sign-in, or the standard input.")
    ] = "",
    device: Annotated[
        bool,
        typer.Option("--device", help="Sign in with a code also where nobody is at a terminal."),
    ] = False,
    opens: Annotated[bool, typer.Option("--open", help="Open the browser for it.")] = False,
) -> None:
    """Sign in at a deployment, and remember it by a name.

    At a terminal you get a code to confirm in a browser, here or on your phone, if the deployment offers
    that; its token is renewed by itself, also while you watch a run. Otherwise a token is read from the
    standard input. What renews it is kept in the desktop's keyring, if there is one
    (`pip install 'mlaas4hep[keyring]'`), else in the file of endpoints, which only you can read.

    Commands use what was logged in to last, or `-b NAME`; `--url` and `--token`, or MLAAS4HEP_URL and
    MLAAS4HEP_TOKEN, come before it.

    Example: `mlaas4hep token --user luca | mlaas4hep login laptop`
    """
    from mlaas4hep.client import Client  # noqa: PLC0415 - slow to load

    base = Address.parse(url).base
    endpoint = _signed_in(name, base, device, opens) if not token else None
    if endpoint is None:
        endpoint = known.Endpoint(name=name, url=base, token=token or _read_token())
    with Client(base, endpoint.token) as here:
        mine = here.usage()
    known.save(known.load().first(endpoint))
    show(f"{name}: {mine.name} at {base}")


def _signed_in(name: str, base: str, device: bool, opens: bool) -> known.Endpoint | None:
    """Return the endpoint after a sign-in with a code; None if a token is to be read instead."""
    if not (device or opens or sys.stdin.isatty()):
        return None
    from mlaas4hep.cli.logins.signin import offered, sign_in  # noqa: PLC0415 - slow to load

    how = offered(base)
    if how is None and not (device or opens):
        return None
    return sign_in(name, base, how, opens=opens)


def _read_token() -> str:
    note("the token, and Enter:")
    token = sys.stdin.readline().strip()
    if not token:
        raise UnauthenticatedError(
            "there is no token", hint="pipe it in, give it as --token, or sign in with --device"
        )
    return token


def logout(name: Annotated[str, typer.Argument(help="What you called it.")]) -> None:
    """Forget a deployment and its token.

    Example: `mlaas4hep logout laptop`
    """
    endpoints = known.load()
    known.save(endpoints.without(endpoints.find(name).name))
    refreshtokens.forget(name)
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
