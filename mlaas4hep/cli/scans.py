"""`scan`: many trials of one upload, and the best of them."""

import json as jsontext
from pathlib import Path
from typing import Annotated

import typer

from mlaas4hep.cli.options import URL, At, Json, Run, Token, Url, client
from mlaas4hep.cli.terminal.follow import conclude, follow
from mlaas4hep.cli.terminal.screen import note, show, show_json, show_table
from mlaas4hep.core.jsontext import parse_object
from mlaas4hep.core.runs.scans import ScanReport


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (scan, trials):
        app.command(rich_help_panel="On a deployment")(command)


def scan(
    name: Annotated[str, typer.Argument(help="Name of the upload.", show_default=False)],
    spec: Annotated[
        Path, typer.Argument(help="JSON file that says what to try.", show_default=False)
    ],
    params: Annotated[str, typer.Option(help="File in the upload.")] = "params.json",
    model: Annotated[str, typer.Option(help="File in the upload.")] = "model.py",
    detach: Annotated[bool, typer.Option("--detach", help="Do not wait for the end.")] = False,
    url: Url = URL,
    token: Token = "",
    endpoint: At = "",
    json: Json = False,
) -> None:
    """Train an upload many times with other values, and show which are best.

    The file holds, for example, {"method": "random", "trials": 20, "parallel": 2, "params":
    {"batch_size": [50, 200]}, "arguments": {"width": [32, 64], "dropout": {"low": 0, "high":
    0.5}}, "figure": "val_loss", "promote": "best"}. `arguments` are those of
    `def model(idim, width=64, dropout=0.2)`. The data is read once for all trials.

    Example: `mlaas4hep scan luca scan.json`
    """
    wanted = parse_object(spec.read_text(encoding="utf-8"), str(spec))
    with client(url, token, endpoint) as here:
        report = here.scan(name, wanted, params=params, model=model)
        if detach:
            _tell_name(report.name, json)
            return
        ended = here.wait(report.name) if json else follow(here.watch(report.name), json)
        _show(here.trials(ended.name), json)
        if not json:
            conclude(ended, json)


def trials(
    run: Run, url: Url = URL, token: Token = "", endpoint: At = "", json: Json = False
) -> None:
    """Show the trials of a scan, the best first.

    Example: `mlaas4hep trials luca_1`
    """
    with client(url, token, endpoint) as here:
        _show(here.trials(run), json)


def _tell_name(name: str, json: bool) -> None:
    if json:
        show_json({"name": name})
    else:
        show(name)
        note(f"look at it with: mlaas4hep trials {name}")


def _show(found: ScanReport, json: bool) -> None:
    if json:
        show_json(found)
        return
    rows = [
        (
            trial.run,
            trial.status,
            "" if trial.figure is None else f"{trial.figure:.5g}",
            ", ".join(f"{name}={jsontext.dumps(value)}" for name, value in trial.values),
            trial.problem,
        )
        for trial in found.trials
    ]
    show_table(("run", "status", found.figure, "values", "problem"), rows)
    if found.best:
        show(f"best: {found.best}" + (f", served as {found.model}" if found.model else ""))
