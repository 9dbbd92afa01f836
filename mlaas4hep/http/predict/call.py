"""Requests and answers over ASGI, as little of it as serving at speed needs."""

import zlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import ExitStack, aclosing
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import orjson

from mlaas4hep.core.requests.person import Person
from mlaas4hep.errors import InvalidRequestError, TooLargeError
from mlaas4hep.faas.asgi import Receive, Scope
from mlaas4hep.faas.bodies import Admission, Bodies
from mlaas4hep.http.predict.jsonbody import loads
from mlaas4hep.http.predict.letters import may_hold_truths

JSON = b"application/json"
PLACES = 16  #: large bodies of one person that may be on their way at once
SHORT = 256 * 1024  #: bytes of a body that is not large
_OPTIONS = orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_NON_STR_KEYS
_WBITS = {"gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


class Answer(NamedTuple):
    """What goes back."""

    body: bytes = b""
    status: int = 200
    content_type: bytes = JSON
    headers: tuple[tuple[bytes, bytes], ...] = ()

    @property
    def start(self) -> dict[str, Any]:
        """Return ASGI's message with everything but the body."""
        return {
            "type": "http.response.start",
            "status": self.status,
            "headers": [
                (b"content-type", self.content_type),
                (b"content-length", b"%d" % len(self.body)),
                *self.headers,
            ],
        }


def json_answer(
    value: Any, status: int = 200, headers: tuple[tuple[bytes, bytes], ...] = ()
) -> Answer:
    """Return `value` as JSON; NaN becomes null, NumPy arrays become lists."""
    return Answer(orjson.dumps(value, option=_OPTIONS), status, JSON, headers)


@dataclass(slots=True)
class Call:
    """One request; the body is read when it is asked for."""

    scope: Scope
    receive: Receive
    path: str
    method: str
    headers: dict[bytes, bytes]
    bodies: Bodies  #: that are on their way to this function
    person: Person | None = None  #: None on routes that anybody may call
    args: Mapping[str, str] = field(default_factory=dict)  #: of path and query, as its route says
    body: bytes | None = field(default=None, repr=False)  #: None: not read yet
    parsed: dict[str, Any] | None = field(default=None, repr=False)  #: the JSON object in the body

    @classmethod
    def of(cls, scope: Scope, receive: Receive, bodies: Bodies) -> "Call":
        """Return the call that an ASGI server describes."""
        path = scope["path"]
        if path[-1:] == "/":
            path = path.rstrip("/") or "/"
        return cls(scope, receive, path, scope["method"], dict(scope["headers"]), bodies)

    @property
    def may_hold_truths(self) -> bool:
        """Tell whether true or false may be in the body that was read; most hold neither."""
        return may_hold_truths(self.body or b"")

    @property
    def query(self) -> dict[str, str]:
        """Return the query parameters; the last of equal names counts."""
        text = self.scope.get("query_string", b"").decode("utf-8", "replace")
        if not text:
            return {}
        return dict(parse_qsl(text, keep_blank_values=True))

    def header(self, name: bytes) -> str:
        """Return a header, or ""; `name` in lower case."""
        return self.headers.get(name, b"").decode("latin-1")

    async def blocks(self) -> AsyncGenerator[bytes]:
        """Yield the body as it comes; close it, so that its place is free again.

        Raises:
            SlowBodyError: it comes too slowly.
            QuotaError: too many bodies of the caller are on their way.
        """
        block, more = await self.bodies.first(self.receive)
        yield block
        if more:
            async with aclosing(self._others(len(block))) as others:
                async for block in others:
                    yield block

    async def _others(self, size: int) -> AsyncGenerator[bytes]:
        """Yield what follows the first `size` bytes; a body that is or may be large takes a place.

        of-watchdog passes every body on in pieces and without its length, the shortest, too.
        """
        announced = self.headers.get(b"content-length", b"")
        free = SHORT if not announced.isdigit() or int(announced) <= SHORT else -1
        pace, more = self.bodies.pace(), True
        while more and size <= free:
            block, more = await pace.block(self.receive)
            size += len(block)
            yield block
        if not more:
            return
        owner = self.person.owner if self.person else ""
        with self.bodies.place(Admission(owner=owner, limit_bytes=0, places=PLACES)):
            while more:
                block, more = await pace.block(self.receive)
                yield block

    async def read(self, limit_bytes: int) -> bytes:
        """Return the whole body, inflated if it says that it is packed; again if asked again.

        Raises:
            TooLargeError: it is longer than `limit_bytes`.
        """
        if self.body is not None:
            return self.body
        body, more = await self.bodies.first(self.receive)  # mostly all, at once
        if more or len(body) > limit_bytes:
            body = await self._joined(body, limit_bytes)
        packing = self.headers.get(b"content-encoding")
        if packing is not None:
            body = inflated(body, packing.decode("latin-1"), limit_bytes)
        self.body = body
        return body

    async def _joined(self, first: bytes, limit_bytes: int) -> bytes:
        """Return what begins with `first`."""
        parts, size, owner = [first], len(first), self.person.owner if self.person else ""
        with ExitStack() as held:
            async with aclosing(self._others(size)) as others:
                while size <= limit_bytes and (block := await anext(others, None)) is not None:
                    parts.append(block)
                    size += len(block)
                    if size > SHORT:
                        held.enter_context(self.bodies.held(owner, len(block)))
        if size > limit_bytes:
            raise _too_large(limit_bytes)
        return b"".join(parts)

    async def json(self, limit_bytes: int) -> dict[str, Any]:
        """Return the JSON object in the body; see `read`.

        Raises:
            InvalidRequestError: it is none.
        """
        await self.read(limit_bytes)
        return self.object()

    def object(self) -> dict[str, Any]:
        """Return the JSON object in the body that was read; InvalidRequestError if it is none."""
        parsed = self.parsed
        if parsed is None:
            parsed = self.parsed = object_of(self.body or b"")
        return parsed


def object_of(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a body; InvalidRequestError if it is none."""
    value = said_by(body)
    if not isinstance(value, dict):
        raise InvalidRequestError("the body is not a JSON object")
    return value


def said_by(body: bytes) -> Any:
    """Return what a body says in JSON; InvalidRequestError if it is no JSON."""
    try:
        return loads(body)
    except ValueError as error:
        raise InvalidRequestError(f"the body is not JSON: {error}") from error


def inflated(body: bytes, packing: str, limit_bytes: int) -> bytes:
    """Return `body` without the Content-Encoding `packing`.

    Raises:
        InvalidRequestError: the packing is not known or the body is not packed so.
        TooLargeError: more than `limit_bytes` come out.
    """
    if packing in ("", "identity"):
        return body
    if packing not in _WBITS:
        raise InvalidRequestError(f"Content-Encoding {packing!r} is not gzip or deflate")
    try:
        inflater = zlib.decompressobj(_WBITS[packing])
        plain = inflater.decompress(body, limit_bytes + 1)
    except zlib.error as error:
        raise InvalidRequestError(f"the body is not {packing}: {error}") from error
    if len(plain) > limit_bytes:
        raise _too_large(limit_bytes)
    if not inflater.eof:
        raise InvalidRequestError(f"the {packing} body ends too early")
    return plain


def _too_large(limit_bytes: int) -> TooLargeError:
    return TooLargeError(
        f"the body is larger than {limit_bytes} bytes", hint="send fewer rows in one request"
    )
