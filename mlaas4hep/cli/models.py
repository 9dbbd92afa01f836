"""Models on a deployment: fetched, listed, shared."""

from pathlib import Path
from typing import Annotated

import typer

from mlaas4hep.cli.options import URL, At, Json, Token, Url, client
from mlaas4hep.cli.terminal.listed import age
from mlaas4hep.cli.terminal.screen import bytes_bar, show, show_json, show_table, tell
from mlaas4hep.client.export import Format
from mlaas4hep.core.runs.figures import quality

_PANEL = "On a deployment"
Model = Annotated[str, typer.Argument(help="Name of the model.", show_default=False)]
Owner = Annotated[str, typer.Option(help="Whose it is, if it is shared with you.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (model, models, export, share):
        app.command(rich_help_panel=_PANEL)(command)


def model(
    name: Model,
    out: Annotated[Path | None, typer.Option(help="NAME.tar.gz if not given.")] = None,
    owner: Owner = "",
    url: Url = URL,
    token: Token = "",
    endpoint: At = "",
    json: Json = False,
) -> None:
    """Fetch the bundle of a trained model as a tarball.

    Example: `mlaas4hep model luca_1 --out luca_1.tar.gz`
    """
    target = out or Path(f"{name}.tar.gz")
    with client(url, token, endpoint) as here, bytes_bar("model", None, shown=not json) as on_bytes:
        here.download(name, target, owner=owner, on_bytes=on_bytes)
        lacking = () if json else here.card(name, owner=owner).not_made
    for each in lacking:
        tell(f"no {each.file}: {each.reason}")
    if json:
        show_json({"file": str(target), "size_bytes": target.stat().st_size})
    else:
        show(str(target))


def models(url: Url = URL, token: Token = "", endpoint: At = "", json: Json = False) -> None:
    """List the models that you may use.

    Example: `mlaas4hep models`
    """
    with client(url, token, endpoint) as here:
        found = here.models()
    if json:
        show_json(found)
        return
    rows = [
        (
            one.name,
            "yours" if one.mine else one.owner,
            quality(one.metrics, one.learned),
            one.framework,
            age(one.changed_at),
            one.version,
            one.description,
        )
        for one in found
    ]
    show_table(
        ("model", "owner", "quality", "framework", "changed", "version", "description"), rows
    )


def export(
    name: Model,
    to: Annotated[Format, typer.Option(help="Whose layout.", show_default=False)],
    out: Annotated[
        Path | None, typer.Option(help="A new folder; NAME-FORMAT if not given.")
    ] = None,
    owner: Owner = "",
    url: Url = URL,
    token: Token = "",
    endpoint: At = "",
    json: Json = False,
) -> None:
    """Write a trained model as another tool wants it: onnx, keras, savedmodel, torchscript, mlflow.

    Example: `mlaas4hep export luca_1 --to mlflow --out luca`
    """
    target = out or Path(f"{name}-{to}")
    with client(url, token, endpoint) as here:
        files = here.export(name, target, to, owner=owner)
    if json:
        show_json({"folder": str(target), "files": files})
    else:
        show("\n".join(str(target / file) for file in files))


def share(
    name: Model,
    public: Annotated[bool, typer.Option("--public", help="Everybody may use it.")] = False,
    group: Annotated[list[str] | None, typer.Option(help="Who may use it; repeatable.")] = None,
    url: Url = URL,
    token: Token = "",
    endpoint: At = "",
    json: Json = False,
) -> None:
    """Let others use a model; without options nobody else may any more.

    Example: `mlaas4hep share luca_1 --group cms`
    """
    with client(url, token, endpoint) as here:
        shared = here.share(name, public=public, groups=group or ())
    if json:
        show_json(shared)
    else:
        who = "everybody" if shared.public else ", ".join(shared.groups) or "nobody else"
        show(f"{shared.name} may be used by {who}")
