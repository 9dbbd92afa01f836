"""`up`, `token` and `password`: a deployment on this machine."""

import getpass
import os
import threading
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from mlaas4hep.cli.terminal.screen import tell
from mlaas4hep.client.address import DEFAULT_URL

_STATE = typer.Option(
    "--state",
    help="Folder of the platform's data, keys and logs.",
    show_default="in the user's data folder",
    file_okay=False,
)
State = Annotated[Path | None, _STATE]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command(rich_help_panel="On a laptop")(up)
    app.command(rich_help_panel="On a laptop")(link)
    app.command(rich_help_panel="On a laptop")(token)
    app.command(rich_help_panel="On a laptop")(password)


def up(
    state: State = None,
    port: Annotated[int, typer.Option(help="Of the gateway, with OpenFaaS's REST API.")] = 8080,
    workflow_port: Annotated[
        int, typer.Option(help="Answers the paths of MLaaS4HEP_server: /upload /submit …")
    ] = 8433,
    predict_port: Annotated[
        int, typer.Option(help="Answers the paths of TFaaS: /json /models …")
    ] = 8083,
    user: Annotated[
        str, typer.Option(help="Whom the page is opened for.", show_default="who you are here")
    ] = "",
    open_page: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
) -> None:
    """Start the whole platform on this machine, until Ctrl-C.

    Prints a line when it is ready, and a link to the page that signs in once. Everything it knows
    lies in the state folder: started again, it goes on with unfinished runs.

    Example: `mlaas4hep up --state /tmp/mlaas --port 8080`
    """
    from mlaas4hep.laptop.platform import up as start_platform  # noqa: PLC0415 - slow to load

    start_platform(
        _folder(state),
        port=port,
        workflow_port=workflow_port,
        predict_port=predict_port,
        announce=lambda line: print(line, flush=True),
        welcome=lambda url: _show_link(_folder(state), url, user, open_page),
        env=os.environ,
    )


def link(
    user: Annotated[
        str, typer.Option(help="Who signs in with it.", show_default="who you are here")
    ] = "",
    state: State = None,
    url: Annotated[
        str, typer.Option(help="Address of the gateway.", show_default="that of what runs here")
    ] = "",
    open_page: Annotated[bool, typer.Option("--open", help="Open it in a browser.")] = False,
) -> None:
    """Print a link to the page of the platform on this machine; it signs in once, within an hour.

    Example: `mlaas4hep link --user luca --open`
    """
    from mlaas4hep.laptop.state import State as Folder  # noqa: PLC0415 - slow to load

    folder = _folder(state)
    known = url.rstrip("/") or Folder(folder).address()
    if not known:
        tell(
            f"no platform runs in {folder}: `mlaas4hep up` starts one, --state names another folder"
        )
    _show_link(folder, known or DEFAULT_URL, user, open_page)


def _show_link(state: Path, url: str, user: str, open_page: bool) -> None:
    from mlaas4hep.laptop import signin  # noqa: PLC0415 - slow to load

    address = signin.link(state, url, user or getpass.getuser())
    print(f"the page, signed in once: {address}", flush=True)
    if open_page:  # a browser may take its time
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def token(
    user: Annotated[str, typer.Option(help="Who the token is for.")],
    state: State = None,
    group: Annotated[list[str] | None, typer.Option(help="A group of theirs; repeatable.")] = None,
    hours: Annotated[float, typer.Option(help="How long it is good.", min=0.01)] = 24.0,
) -> None:
    """Print a development token for the platform on this machine, and nothing else.

    Example: `export MLAAS4HEP_TOKEN=$(mlaas4hep token --user alice)`
    """
    from mlaas4hep.laptop import issuer  # noqa: PLC0415 - slow to load

    print(issuer.token(_folder(state), user, groups=group or (), ttl_s=int(hours * 3600)))


def password(state: State = None) -> None:
    """Print the password of `admin` for the gateway on this machine, and nothing else.

    Example: `mlaas4hep password | faas-cli login --username admin --password-stdin`
    """
    from mlaas4hep.laptop.password import password as of  # noqa: PLC0415 - slow to load
    from mlaas4hep.laptop.state import State as Folder  # noqa: PLC0415 - slow to load

    print(of(Folder(_folder(state))))


def _folder(state: Path | None) -> Path:
    from mlaas4hep.laptop.state import default_folder  # noqa: PLC0415 - slow to load

    return state or default_folder()
