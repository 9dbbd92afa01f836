"""Versions of models on a deployment: promoted, listed, named, served again, described."""

from typing import Annotated

import typer

from mlaas4hep.cli.models import Model
from mlaas4hep.cli.options import URL, At, Json, Token, Url, client
from mlaas4hep.cli.terminal.screen import show, show_json, show_table
from mlaas4hep.core.models.registry import ModelVersion, markdown

_PANEL = "On a deployment"
Version = Annotated[str, typer.Argument(help="A version or an alias.", show_default=False)]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (promote, versions, rollback, alias, card):
        app.command(rich_help_panel=_PANEL)(command)


def promote(
    run: Annotated[
        str, typer.Argument(help="A trained model, such as luca_3.", show_default=False)
    ],
    name: Model,
    url: Url = URL,
    token: Token = "",
    endpoint: At = "",
    json: Json = False,
) -> None:
    """Serve a trained model under a name of your choice, as its newest version.

    Example: `mlaas4hep promote luca_3 higgs`
    """
    with client(url, token, endpoint) as here:
        served = here.promote(run, name)
    if json:
        show_json(served)
    else:
        show(f"{served.name} is {run}, version {served.version}")


def versions(
    name: Model, url: Url = URL, token: Token = "", endpoint: At = "", json: Json = False
) -> None:
    """List the versions of a model that are kept, the newest first.

    Example: `mlaas4hep versions higgs`
    """
    with client(url, token, endpoint) as here:
        found = here.versions(name)
    _show(found, json)


def rollback(
    name: Model,
    version: Annotated[str, typer.Argument(help="The one before, if not given.")] = "",
    url: Url = URL,
    token: Token = "",
    endpoint: At = "",
    json: Json = False,
) -> None:
    """Serve the version before, or any other one, of a model from now on.

    Example: `mlaas4hep rollback higgs`
    """
    with client(url, token, endpoint) as here:
        served = here.serve(name, version) if version else here.roll_back(name)
    if json:
        show_json(served)
    else:
        show(f"{served.name} is version {served.version}")


def alias(
    name: Model,
    alias: Annotated[str, typer.Argument(help="Such as production.", show_default=False)],
    version: Version,
    expected: Annotated[
        str | None, typer.Option(help="Only if it means this version until then.")
    ] = None,
    url: Url = URL,
    token: Token = "",
    endpoint: At = "",
    json: Json = False,
) -> None:
    """Let an alias mean a version of a model.

    Example: `mlaas4hep alias higgs production 3f2a91c0d4e5b6a7`
    """
    with client(url, token, endpoint) as here:
        found = here.alias(name, alias, version, expected=expected)
    _show(found, json)


def card(
    name: Model,
    version: Annotated[str, typer.Option(help="The one that is served, if not given.")] = "",
    url: Url = URL,
    token: Token = "",
    endpoint: At = "",
    json: Json = False,
) -> None:
    """Show what somebody should know before they use a model.

    Example: `mlaas4hep card higgs`
    """
    with client(url, token, endpoint) as here:
        found = here.card(name, version)
    if json:
        show_json(found)
    else:
        show(markdown(found))


def _show(found: tuple[ModelVersion, ...], json: bool) -> None:
    if json:
        show_json(found)
        return
    rows = [
        (
            one.version,
            "served" if one.served else "",
            ", ".join(one.aliases),
            one.provenance.trained_as,
            one.stored_at,
        )
        for one in found
    ]
    show_table(("version", "", "aliases", "trained as", "stored at"), rows)
