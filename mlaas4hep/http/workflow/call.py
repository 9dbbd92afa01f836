"""One request of a person, and the forms of its answers."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import flask

from mlaas4hep.core import wire
from mlaas4hep.core.jsontext import parse_object
from mlaas4hep.core.requests.person import Person
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.http.workflow.context import Context
from mlaas4hep.usecases.downloads import Download

MAX_JSON_BYTES = 4 * 1024**2
NOBODY = Person(owner="", subject="")  #: who asks on routes that need no token


@dataclass(frozen=True, kw_only=True)
class Call:
    """One request, wherever its parts were written: path, query or body."""

    person: Person
    args: Mapping[
        str, str
    ]  #: of path and query, as the route says; for `{"action": …}` also of the body
    http: flask.Request
    body: dict[str, Any] | None = None  #: what was with an `action` in a body

    def arg(self, *names: str) -> str:
        """Return the first of these arguments that is given.

        Raises:
            InvalidRequestError: none is.
        """
        for name in names:
            if self.args.get(name):
                return self.args[name]
        raise InvalidRequestError(
            f"No {names[0]} was provided",
            hint=f"add {' or '.join(f'?{name}=…' for name in names)} to the address",
        )

    def flag(self, name: str) -> bool:
        """Return a yes-or-no argument.

        Raises:
            InvalidRequestError: it is neither.
        """
        text = self.args.get(name, "").lower()
        if text not in ("", "0", "1", "true", "false", "yes", "no"):
            raise InvalidRequestError(f"{name}={text!r} is neither true nor false")
        return text in ("1", "true", "yes")

    def whole(self, name: str, default: int, highest: int) -> int:
        """Return a whole number from 0 to `highest`.

        Raises:
            InvalidRequestError: it is none.
        """
        text = self.args.get(name, str(default))
        is_whole = text.isascii() and text.isdigit() and len(text) <= len(str(highest))
        if not is_whole or int(text) > highest:
            raise InvalidRequestError(f"{name}={text!r} is not a whole number up to {highest}")
        return int(text)

    def json(self) -> dict[str, Any]:
        """Return the JSON object in the body, whatever its content type says."""
        return self._sent

    @cached_property
    def _sent(self) -> dict[str, Any]:
        return read_json(self.http) if self.body is None else self.body


def read_json(http: flask.Request) -> dict[str, Any]:
    """Return the JSON object in a body; see `Call.json`."""
    packing = http.headers.get("Content-Encoding", "").strip().lower()
    if packing not in {"", "identity"}:
        raise InvalidRequestError(
            f"the body is packed ({packing[:100]!r}), and is read only as it is",
            hint="send it without Content-Encoding",
        )
    http.max_content_length = MAX_JSON_BYTES
    body = http.get_data()
    if not body.strip():
        raise InvalidRequestError("the body is empty; a JSON object is expected")
    return parse_object(body, "the body")


Handler = Callable[[Context, Call], flask.Response]


def answer(value: Any, status: int = 200) -> flask.Response:
    """Return any of our values as JSON."""
    return flask.Response(wire.show(value), status, content_type="application/json")


def raw_json(body: bytes) -> flask.Response:
    """Return what is JSON already."""
    return flask.Response(body, content_type="application/json")


def text(message: str) -> flask.Response:
    """Return a plain text, as the ancestor's clients expect it."""
    return flask.Response(message, content_type="text/plain; charset=utf-8")


def download(found: Download, filename: str, content_type: str) -> flask.Response:
    """Return a file with its size and digest, or the address at which it lies."""
    encoded = base64.b64encode(found.sha256).decode()
    if found.address:
        sent_to = {"Location": found.address, "Cache-Control": "no-store"}
        response = flask.Response(status=307, headers=sent_to)
    else:
        response = attachment(found.blocks, filename, content_type)
        response.content_length = found.size_bytes
    response.headers["Repr-Digest"] = f"sha-256=:{encoded}:"
    return response


def attachment(
    body: Any, filename: str, content_type: str = "application/octet-stream"
) -> flask.Response:
    """Return something to be saved under a name."""
    headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
    return flask.Response(body, headers=headers, content_type=content_type)
