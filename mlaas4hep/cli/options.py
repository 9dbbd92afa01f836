"""Options that several commands have."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from mlaas4hep.client import Client
from mlaas4hep.client.address import DEFAULT_URL

Url = Annotated[
    str,
    typer.Option(
        envvar="MLAAS4HEP_URL",
        help="Address of the deployment: its gateway or a public door.",
        rich_help_panel="Deployment",
    ),
]
Token = Annotated[
    str,
    typer.Option(
        envvar="MLAAS4HEP_TOKEN",
        help="Bearer token; better in the environment than on the command line.",
        rich_help_panel="Deployment",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Run = Annotated[str, typer.Argument(help="Name of the run, such as luca_1.", show_default=False)]

URL = DEFAULT_URL


@contextmanager
def client(url: str, token: str) -> Iterator[Client]:
    """Give a client of the deployment; without a token it says how to get one.

    Raises:
        typer.BadParameter: there is no token.
    """
    if not token:
        raise typer.BadParameter(
            "there is no token: set MLAAS4HEP_TOKEN; on a laptop "
            "`export MLAAS4HEP_TOKEN=$(mlaas4hep token --user NAME)`",
            param_hint="--token",
        )
    with Client(url, token) as made:
        yield made
