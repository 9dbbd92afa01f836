"""Options that several commands have."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from mlaas4hep.cli import endpoints
from mlaas4hep.cli.renewing import EndpointTokens
from mlaas4hep.client import Client
from mlaas4hep.client.address import DEFAULT_URL, Address

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
At = Annotated[
    str,
    typer.Option(
        "--endpoint",
        "-b",
        help="A deployment that you logged in to; the last one if nothing else is said.",
        rich_help_panel="Deployment",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Run = Annotated[str, typer.Argument(help="Name of the run, such as luca_1.", show_default=False)]

URL = DEFAULT_URL


@contextmanager
def client(url: str, token: str, endpoint: str) -> Iterator[Client]:
    """Give a client of the deployment that is meant; without a token it says how to get one.

    Raises:
        typer.BadParameter: there is no token.
        NotFoundError: there is no endpoint of that name.
    """
    if endpoint or not token:
        known = endpoints.load()
        chosen = known.find(endpoint) if endpoint else _usual(known, url)
        if chosen is None:
            raise typer.BadParameter(
                "there is no token: `mlaas4hep login NAME --url …`, or set MLAAS4HEP_TOKEN; on a "
                "laptop `export MLAAS4HEP_TOKEN=$(mlaas4hep token --user NAME)`",
                param_hint="--token",
            )
        with Client(chosen.url, EndpointTokens(chosen)) as made:
            yield made
        return
    with Client(url, token) as made:
        yield made


def _usual(known: endpoints.Endpoints, url: str) -> endpoints.Endpoint | None:
    """Return the endpoint at an address that was given, or else the last one."""
    return known.at(Address.parse(url).base) if url != URL else next(iter(known), None)
