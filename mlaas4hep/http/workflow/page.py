"""The page for browsers at `/ui/`: files of `mlaas4hep/web/ui`, as they are, compressed once.

They hold no data and are open to everybody; what they show comes from the other routes, with the
viewer's own rights.
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import flask

from mlaas4hep.errors import NotFoundError
from mlaas4hep.http.route import Arg, Route
from mlaas4hep.http.schemas import ELSEWHERE, TEXT
from mlaas4hep.http.workflow.call import Call
from mlaas4hep.http.workflow.context import Context

HOME = "ui/"  #: from `/`
_ROOT = Path(__file__).parents[2] / "web" / "ui"
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
_HEADERS = {
    # images: Pico draws check marks and arrows with `data:`; nothing else comes from elsewhere
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",  # asked for again each time, and answered with 304
    "Vary": "Accept-Encoding",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PageFile:
    """One file of the page."""

    media: str
    content: bytes
    packed: bytes  #: by gzip
    etag: str


@lru_cache(1)
def page_files() -> dict[str, PageFile]:
    """Return every file of the page by its address below `/ui/`."""
    return {
        str(path.relative_to(_ROOT)): _file(path)
        for path in sorted(_ROOT.rglob("*"))
        if path.suffix in _TYPES
    }


def _file(path: Path) -> PageFile:
    content = path.read_bytes()
    return PageFile(
        media=_TYPES[path.suffix],
        content=content,
        packed=gzip.compress(content, 9, mtime=0),
        etag=hashlib.sha256(content).hexdigest()[:16],
    )


def ui(_context: Context, call: Call) -> flask.Response:
    """Return the page for browsers."""
    name = "/".join(call.args[part] for part in ("folder", "file") if part in call.args)
    found = page_files().get(name or "index.html")
    if found is None:
        raise NotFoundError(f"the page has no file {name!r}")
    packs = "gzip" in call.http.headers.get("Accept-Encoding", "")
    response = flask.Response(
        found.packed if packs else found.content, content_type=found.media, headers=_HEADERS
    )
    if packs:
        response.headers["Content-Encoding"] = "gzip"
    response.set_etag(f"{found.etag}-gzip" if packs else found.etag)
    response.make_conditional(call.http)
    return response


def lead(_context: Context, _call: Call) -> flask.Response:
    """Lead to the page, wherever the gateway has this function."""
    return flask.Response(status=303, headers={"Location": HOME}, content_type="text/html")


def wants_page(http: flask.Request) -> bool:
    """Tell whether a browser asks, and not a program."""
    return http.method == "GET" and "text/html" in http.headers.get("Accept", "")


ROUTES = (
    Route(
        name="ui_home",
        method="GET",
        path="/ui",
        handler=lead,
        tag="page",
        gives=ELSEWHERE,
        status=303,
        is_open=True,
        is_by_path_only=True,
        is_documented=False,
    ),
    Route(
        name="ui",
        method="GET",
        path="/ui/",
        also_at=("/ui/{file}", "/ui/{folder}/{file}"),
        handler=ui,
        tag="page",
        args=(
            Arg(name="file", about="A file of the page.", is_only_in_path=True),
            Arg(name="folder", about="Where it is.", is_only_in_path=True),
        ),
        gives=TEXT,
        media="text/html",
        is_open=True,
        is_by_path_only=True,
        is_documented=False,
    ),
)
