"""`/netron/?model=luca_1`: a model's graph in the browser, drawn by Netron from its PyPI package.

The pages hold no data and are open to everybody; `/netron/model` gives the model's file to who may
read it. Netron's own calls to the outside (usage figures, a consent service) are switched off.
"""

import base64
import hashlib
import importlib.util
import re
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from mlaas4hep.core import keys
from mlaas4hep.core.models.bundle.kinds import drawn_file
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import NotFoundError, TooLargeError
from mlaas4hep.faas.unread import MOST_BYTES
from mlaas4hep.http.predict.call import Answer, Call
from mlaas4hep.http.predict.context import Context, who
from mlaas4hep.http.predict.schemas import MODEL
from mlaas4hep.http.route import Arg, Route
from mlaas4hep.http.schemas import FILE, TEXT
from mlaas4hep.serving.registry import address
from mlaas4hep.usecases import models

_TYPES = {
    ".html": b"text/html; charset=utf-8",
    ".js": b"text/javascript",
    ".json": b"application/json",
    ".css": b"text/css",
    ".png": b"image/png",
    ".ico": b"image/x-icon",
    ".svg": b"image/svg+xml",
}
_POLICY = (
    b"default-src 'self' 'unsafe-inline' blob: data:; script-src 'self' blob:; "
    b"connect-src 'self' blob:; frame-ancestors 'self'"
)
_FILE = re.compile(r"[A-Za-z0-9_-]+\.[a-z]+")


async def script(context: Context, _call: Call) -> Answer:
    """Return the page's script."""
    return await context.batcher.in_thread(partial(_page, "open.js"))


async def asset(context: Context, call: Call) -> Answer:
    """Return a file of Netron's own."""
    return await context.batcher.in_thread(partial(_asset, call.args["file"]))


async def page(context: Context, call: Call) -> Answer:
    """Draw a model's graph: a page for browsers."""
    # Its relative addresses are the same with and without a last slash.
    base = b"" if call.scope["path"].endswith("/") else b'<base href="netron/">'
    found = await context.batcher.in_thread(partial(_page, "netron.html"))
    return found._replace(body=found.body.replace(b"<head>", b"<head>" + base, 1))


async def model(context: Context, call: Call) -> Answer:
    """Fetch the file that is drawn."""
    person = who(call)
    owner, name = address(person, call.args.get("model", ""))
    record = await context.batcher.in_thread(
        partial(models.find, person, name, context.services, owner)
    )
    file = _drawable(record)
    key = keys.model_file(record.owner, record.name, record.version, file)
    content = await context.batcher.in_thread(partial(_content, context, key, file))
    return Answer(
        body=content,
        content_type=b"application/octet-stream",
        headers=(
            (b"x-file", file.rpartition("/")[2].encode()),
            (b"cache-control", b"no-store"),
            (b"repr-digest", _digest(content)),
        ),
    )


def _content(context: Context, key: str, file: str) -> bytes:
    """Return a file that a browser can draw; a bundle may hold larger ones than the one it serves."""
    info = context.services.models.info(key)
    if info is not None and info.size_bytes > MOST_BYTES:
        raise TooLargeError(
            f"{file} has {info.size_bytes} bytes, more than {MOST_BYTES}, and is not drawn",
            file=file,
        )
    return context.services.models.get(key)


def _digest(content: bytes) -> bytes:
    """Return the SHA-256 as RFC 9530 writes it."""
    return b"sha-256=:%b:" % base64.b64encode(hashlib.sha256(content).digest())


def _drawable(record: ModelRecord) -> str:
    file = drawn_file(record.files)
    if file is None:
        raise NotFoundError(f"model {record.name!r} has no file that can be drawn")
    return file


def _page(name: str) -> Answer:
    path = Path(__file__).parents[2] / "web" / name
    return _file(path.read_bytes(), path.suffix)


def _asset(name: str) -> Answer:
    found = importlib.util.find_spec("netron")
    if found is None or found.origin is None:
        raise NotFoundError("Netron is not installed here", hint="pip install mlaas4hep[predict]")
    path = Path(found.origin).parent / name
    if not _FILE.fullmatch(name) or path.suffix not in _TYPES or not path.is_file():
        raise NotFoundError(f"there is nothing at /netron/app/{name}")
    if name != "index.html":
        return _file(path.read_bytes(), path.suffix)
    return _file(_silenced(path.read_text(encoding="utf-8")).encode(), path.suffix, consent=True)


def _silenced(page: str) -> str:
    """Return Netron's page as an unreleased build of today: those report nothing to anybody."""
    today = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    page = re.sub(r'(<meta name="version" content=)"[^"]*"', r'\1"0.0.0"', page)
    return re.sub(r'(<meta name="date" content=)"[^"]*"', rf'\1"{today}"', page)


def _file(content: bytes, suffix: str, *, consent: bool = False) -> Answer:
    cookie = ((b"set-cookie", b"consent=1; SameSite=Strict"),) if consent else ()
    return Answer(
        body=content,
        content_type=_TYPES[suffix],
        headers=((b"content-security-policy", _POLICY), *cookie),
    )


_TAG = "TFaaS"
_HTML, _BYTES = "text/html", "application/octet-stream"
ROUTES = (
    Route(
        name="netron",
        method="GET",
        path="/netron",
        handler=page,
        tag=_TAG,
        args=(replace(MODEL, required=False),),
        gives=TEXT,
        media=_HTML,
        is_open=True,
        is_by_path_only=True,
    ),
    Route(
        name="netron_model",
        method="GET",
        path="/netron/model",
        handler=model,
        tag=_TAG,
        args=(replace(MODEL, required=False),),
        gives=FILE,
        media=_BYTES,
        errors=(404,),
        is_by_path_only=True,
    ),
    Route(
        name="netron_script",
        method="GET",
        path="/netron/open.js",
        handler=script,
        tag=_TAG,
        is_open=True,
        is_by_path_only=True,
        is_documented=False,
    ),
    Route(
        name="netron_file",
        method="GET",
        path="/netron/app/{file}",
        handler=asset,
        tag=_TAG,
        args=(Arg(name="file", about="A file of Netron's own.", required=True, looks=".*"),),
        is_open=True,
        is_by_path_only=True,
        is_documented=False,
        takes_any_query=True,
    ),
)
