"""Options that several commands have."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from mlaas4hep.client.address import DEFAULT_URL, Address
from mlaas4hep.errors import UnauthenticatedError

if TYPE_CHECKING:  # what talks to deployments is loaded when one is talked to
    from mlaas4hep.cli.logins import endpoints
    from mlaas4hep.client import Client

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
def client(url: str, token: str, endpoint: str) -> "Iterator[Client]":
    """Give a client of the deployment that is meant; without a token it says how to get one.

    Raises:
        typer.BadParameter: there is no token.
        NotFoundError: there is no endpoint of that name.
    """
    try:
        made = chosen(url, token, endpoint)
    except UnauthenticatedError as error:
        raise typer.BadParameter(f"{error}: {error.problem.hint}", param_hint="--token") from error
    with made:
        yield made


def chosen(url: str, token: str, endpoint: str) -> "Client":
    """Return a client of the deployment that is meant, whose token is renewed if that is known how.

    Raises:
        UnauthenticatedError: there is no token.
        NotFoundError: there is no endpoint of that name.
    """
    from mlaas4hep.client import Client  # noqa: PLC0415 - slow to load

    if token and not endpoint:
        return Client(url, token)
    from mlaas4hep.cli.logins import endpoints  # noqa: PLC0415 - the same
    from mlaas4hep.cli.logins.renewing import EndpointTokens  # noqa: PLC0415

    known = endpoints.load()
    found = known.find(endpoint) if endpoint else _usual(known, url)
    if found is None:
        raise UnauthenticatedError(
            "there is no token",
            hint="`mlaas4hep login NAME --url …`, or set MLAAS4HEP_TOKEN; on a laptop "
            "`export MLAAS4HEP_TOKEN=$(mlaas4hep token --user NAME)`, with the --state of "
            "`mlaas4hep up` if it has one",
        )
    return Client(found.url, EndpointTokens(found))


def _usual(known: "endpoints.Endpoints", url: str) -> "endpoints.Endpoint | None":
    """Return the endpoint at an address that was given, or else the last one."""
    return known.at(Address.parse(url).base) if url != URL else next(iter(known), None)
