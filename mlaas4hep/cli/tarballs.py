"""Uploads on a deployment."""

from pathlib import Path
from typing import Annotated

import typer

from mlaas4hep.cli.options import URL, At, Json, Token, Url, client
from mlaas4hep.cli.terminal.screen import bytes_bar, show, show_json, show_table

_PANEL = "On a deployment"


def add_to(app: typer.Typer) -> None:
    """Add the commands of this module."""
    for command in (upload, tarballs):
        app.command(rich_help_panel=_PANEL)(command)


def upload(
    tarball: Annotated[
        Path, typer.Argument(exists=True, help="Or a folder, to be packed.", show_default=False)
    ],
    name: Annotated[
        str, typer.Option(help="What it is called there; the file's name up to the first dot.")
    ] = "",
    url: Url = URL,
    token: Token = "",
    endpoint: At = "",
    json: Json = False,
) -> None:
    """Send a tarball, or a folder, with files.txt, labels.txt, model.py and params.json.

    Example: `mlaas4hep upload luca.tar.gz`
    """
    folder = name or tarball.resolve().name.split(".", 1)[0]
    size = None if tarball.is_dir() else tarball.stat().st_size
    with (
        client(url, token, endpoint) as here,
        bytes_bar("upload", size, shown=not json) as on_bytes,
    ):
        sent = here.upload(tarball, name=folder, on_bytes=on_bytes)
    if json:
        show_json(sent)
    else:
        show(f"{sent.name}: {len(sent.files)} files, {sent.unpacked_bytes} bytes")


def tarballs(url: Url = URL, token: Token = "", endpoint: At = "", json: Json = False) -> None:
    """List your uploads.

    Example: `mlaas4hep tarballs`
    """
    with client(url, token, endpoint) as here:
        found = here.tarballs()
    if json:
        show_json(found)
        return
    rows = [(t.name, t.uploaded_at, len(t.files), t.unpacked_bytes) for t in found]
    show_table(("name", "uploaded", "files", "bytes"), rows)
