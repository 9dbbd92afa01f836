"""`score`: a model of a deployment looks at files."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mlaas4hep.cli.options import URL, At, Json, Token, Url, client
from mlaas4hep.cli.terminal.follow import conclude, follow
from mlaas4hep.cli.terminal.screen import bytes_bar, note, show, show_json
from mlaas4hep.client.files import check_target
from mlaas4hep.client.packing import packed
from mlaas4hep.core.requests.tarballs.upload import MAX_MEMBERS
from mlaas4hep.errors import InvalidRequestError

if TYPE_CHECKING:  # it is slow to load
    from mlaas4hep.client import Client


def add_to(app: typer.Typer) -> None:
    """Add the command of this module."""
    app.command(rich_help_panel="On a deployment")(score)


def score(
    model: Annotated[
        str, typer.Argument(help="Name of a model trained there.", show_default=False)
    ],
    files: Annotated[
        list[str],
        typer.Argument(
            help="Files: of this machine, root://, https:// or /store/…, or names in --upload.",
            show_default=False,
        ),
    ],
    out: Annotated[
        Path | None, typer.Option(help="For the table; RUN.FORMAT if not given.")
    ] = None,
    format: Annotated[
        str, typer.Option(help="parquet, root (a friend tree), arrow, csv, jsonl, avro, npz or h5.")
    ] = "parquet",
    tree: Annotated[str, typer.Option(help="The one of the training, if not given.")] = "",
    upload: Annotated[str, typer.Option(help="A tarball there that holds the files.")] = "",
    owner: Annotated[str, typer.Option(help="Of the model, if it is shared with you.")] = "",
    url: Url = URL,
    token: Token = "",
    endpoint: At = "",
    json: Json = False,
) -> None:
    """Score every entry of files with a trained model, and fetch the table.

    The table has one row for each entry, in the order of files and entries: file, entry,
    identifiers, score, whether the entry passes the cuts of the training, and how many branches
    hold values outside what the training has seen. Files of this machine are uploaded first.

    Example: `mlaas4hep score luca_1 new_data.root --out scores.parquet`
    """
    if out is not None:
        check_target(out)
    keys = {"format": format, "tree": tree, "upload": upload, "owner": owner}
    with client(url, token, endpoint) as here:
        if not upload and any(_is_here(name) for name in files):
            keys["upload"] = _send(here, model, files, json)
            files = [Path(name).name if _is_here(name) else name for name in files]
        report = here.score(model, files, **{key: text for key, text in keys.items() if text})
        ended = here.wait(report.name) if json else follow(here.watch(report.name), json)
        conclude(ended, json)
        target = out or Path(f"{report.name}.{format}")
        with bytes_bar("scores", None, shown=not json) as on_bytes:
            here.scores(report.name, target, on_bytes=on_bytes)
    if json:
        show_json({"run": report.name, "file": str(target)})
    else:
        show(str(target))


def _is_here(name: str) -> bool:
    return "://" not in name and Path(name).is_file()


def _send(here: "Client", model: str, files: list[str], json: bool) -> str:
    """Upload files of this machine as one tarball, and return its name."""
    paths = [Path(name) for name in files if _is_here(name)]
    names = [path.name for path in paths]
    if len(set(names)) < len(names) or len(names) > MAX_MEMBERS:
        raise InvalidRequestError("two of these files have the same name", hint="rename one")
    folder = f"{model[:40]}_files"
    note(f"uploading {len(paths)} files as {folder}")
    with packed({path.name: path for path in paths}) as tarball:
        size = tarball.stat().st_size
        with bytes_bar("upload", size, shown=not json) as on_bytes:
            here.upload(tarball, name=folder, on_bytes=on_bytes)
    return folder
