"""`predict`: a model of a deployment, or in a folder of this machine, is asked."""

from pathlib import Path
from typing import Annotated

import typer

from mlaas4hep.cli.options import URL, At, Token, Url, client
from mlaas4hep.cli.terminal.screen import show_json

_JSON = (".json", "-")


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(rich_help_panel="Predictions")(predict)


def predict(
    name: Annotated[str, typer.Argument(help="A model of the deployment.")] = "",
    model: Annotated[
        Path | None,
        typer.Option(
            help="Or the folder of a bundle on this machine.", exists=True, file_okay=False
        ),
    ] = None,
    entries: Annotated[
        str,
        typer.Option(
            help="FILE.root:TREE, a file of another format, or JSON with entries; - is stdin."
        ),
    ] = "",
    input: Annotated[
        str, typer.Option(help="JSON: entries, or rows of normalised values; - is stdin.")
    ] = "",
    start: Annotated[int, typer.Option(help="First entry of the file.", min=0)] = 0,
    stop: Annotated[
        int | None, typer.Option(help="Entry to stop before.", min=0, show_default="all")
    ] = None,
    owner: Annotated[str, typer.Option(help="Whose model, if it is shared with you.")] = "",
    url: Url = URL,
    token: Token = "",
    endpoint: At = "",
) -> None:
    """Print predictions as JSON.

    JSON is `{"entries": [{"njets": 3, "Muon_pt": [41.2, 12.0]}]}`, a list of such entries, or
    `{"keys": [], "values": []}` with values as the network takes them. Of a ROOT file, or
    one of another format than JSON, the branches that the model needs are read here.

    Example: `mlaas4hep predict luca_1 --entries new.root:events --stop 100`

    Example: `mlaas4hep predict --model trained --entries new.root:events` asks what `run --out
    trained` wrote.
    """
    from mlaas4hep.cli import questions  # noqa: PLC0415 - slow to load

    place = entries or input
    if "/" in name and model is None and _is_bundle(Path(name)):  # no model's name has a slash
        name, model = "", Path(name)
    if bool(name) == (model is not None) or bool(entries) == bool(input):
        raise typer.BadParameter(
            "give the NAME of a deployed model or --model FOLDER, and --entries or --input"
        )
    if model is not None:
        from mlaas4hep.oneprocess import predict as here  # noqa: PLC0415 - slow to load

        if input or entries.endswith(_JSON):
            asked = questions.read_question(place, (start, stop))
        else:
            branches = here.branches(model)
            asked = {"entries": questions.listed(str(model), branches, place, (start, stop))}
        show_json(here.predict(model, asked))
        return
    try:
        with client(url, token, endpoint) as deployed:
            if input or entries.endswith(_JSON):
                question = questions.read_question(place, (start, stop))
                show_json(questions.ask(deployed, name, owner, question))
            else:
                show_json(questions.ask_about_file(deployed, name, owner, place, (start, stop)))
    except typer.BadParameter as error:  # there is no token
        if not _is_bundle(Path(name)):
            raise
        text = f"{error.message}; the model in the folder {name!r} is asked by --model {name}"
        raise typer.BadParameter(text, param_hint="--token") from error


def _is_bundle(folder: Path) -> bool:
    """Tell whether a model lies in a folder of this machine."""
    return (folder / "contract.json").is_file()
