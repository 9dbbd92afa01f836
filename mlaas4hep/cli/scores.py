"""`score`: a model of a deployment looks at files."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

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
            help="FILE or FILE:TREE: of this machine, root://, https:// or /store/…, or names in --upload.",
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
        if not upload and any(local := [_local(name) for name in files]):
            keys["upload"] = _send(here, model, {each.path for each in local if each}, json)
            files = [one.packed if one else name for one, name in zip(local, files, strict=True)]
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


class _LocalFile(NamedTuple):
    """A file of this machine, and the tree that is meant, if one is named."""

    path: Path
    tree: str

    @property
    def packed(self) -> str:
        """Return what it is called where it lies in a tarball."""
        return f"{self.path.name}:{self.tree}" if self.tree else self.path.name


def _local(name: str) -> _LocalFile | None:
    """Return the file of this machine that FILE or FILE:TREE names; None: it is elsewhere."""
    from mlaas4hep.core.requests.inputs.files import split_tree  # noqa: PLC0415 - slow to load

    if "://" in name:
        return None
    meant = (_LocalFile(Path(file), tree) for file, tree in ((name, ""), split_tree(name)))
    return next((each for each in meant if each.path.is_file()), None)


def _send(here: "Client", model: str, paths: Collection[Path], json: bool) -> str:
    """Upload files of this machine as one tarball, and return its name."""
    contents = {path.name: path for path in paths}
    if len(contents) < len(paths):
        raise InvalidRequestError("two of these files have the same name", hint="rename one")
    if len(paths) > MAX_MEMBERS:
        raise InvalidRequestError(
            f"{len(paths)} files are too many for one upload",
            hint=f"score at most {MAX_MEMBERS} at once",
        )
    folder = f"{model[:40]}_files"
    note(f"uploading {len(paths)} files as {folder}")
    with packed(contents) as tarball:
        size = tarball.stat().st_size
        with bytes_bar("upload", size, shown=not json) as on_bytes:
            here.upload(tarball, name=folder, on_bytes=on_bytes)
    return folder
