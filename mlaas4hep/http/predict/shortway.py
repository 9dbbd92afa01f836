"""The short way of predictions: from bytes to answers in one turn, or not at all.

Nearly all requests are a few rows for a model that is loaded and surely prompt, from somebody whose
token was just checked. They need no task and wait for nothing. Dialects, checks, answers and errors
are those of the general way (`app`); what is unusual in any respect is declined, and goes there.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple, NoReturn

from mlaas4hep.errors import MlaasError
from mlaas4hep.faas.server.turn import Head, Request
from mlaas4hep.http.predict import prediction
from mlaas4hep.http.predict.asking import Asking, Dialect
from mlaas4hep.http.predict.call import Answer, Call
from mlaas4hep.http.predict.context import SMALL_BYTES, Context, error_answer
from mlaas4hep.http.predict.inference import v1, v2
from mlaas4hep.http.predict.routes import ROUTER
from mlaas4hep.http.predict.rowframes import RowFrames

_REMEMBERED = 4096  #: targets that were asked for
_LONGEST = 512  #: bytes of one; what anybody may ask for must not fill the memory
_DIALECTS: Mapping[object, Dialect] = {
    prediction.predict: prediction.asking_of,
    v1.predict: v1.asking_of,
    v2.predict: v2.asking_of,
}
_UNUSUAL = frozenset((b"cookie", b"content-encoding"))
_JSON_BYTES = b"inference-header-content-length"  #: of a body that is not all JSON


class _Way(NamedTuple):
    """Who reads what is sent to a target."""

    dialect: Dialect
    path: str
    args: Mapping[str, str]


class _Known(NamedTuple):
    """What is known of all requests with one head."""

    way: _Way | None  #: None: they are not plain
    headers: dict[bytes, bytes]


class ShortWay:
    """Answers POSTs of predictions at once."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._frames = RowFrames()

    def answers(self, requests: Sequence[Request]) -> list[Answer | None]:
        """Return the answers, each in its place; None: the general way has to find it."""
        answers = [self._answer(requests[0])] if len(requests) == 1 else self._together(requests)
        self._context.calls["POST"] += len(answers) - answers.count(None)
        return answers

    def _answer(self, request: Request) -> Answer | None:
        """Return the answer to one that came alone."""
        read = self._read(request)
        if read is None or isinstance(read, Answer):
            return read
        try:
            return self._context.prompt(*read)
        except MlaasError as error:
            return error_answer(error)
        except Exception:  # noqa: BLE001 - the general way meets it again, and logs it
            return None

    def _together(self, requests: Sequence[Request]) -> list[Answer | None]:
        read = [self._read(request) for request in requests]
        asked = [each for each in read if each is not None and not isinstance(each, Answer)]
        found = iter(self._results(asked))
        return [each if each is None or isinstance(each, Answer) else next(found) for each in read]

    def _results(self, asked: Sequence[tuple[Call, Asking]]) -> list[Answer | None]:
        try:
            found = self._context.prompt_together(asked)
            return [error_answer(e) if isinstance(e, MlaasError) else e for e in found]
        except MlaasError as error:
            return [error_answer(error)] * len(asked)
        except Exception:  # noqa: BLE001 - the general way meets it again, and logs it
            return [None] * len(asked)

    def _read(self, request: Request) -> tuple[Call, Asking] | Answer | None:
        """Return what a request asks, or the answer that it is wrong; None: it is not plain."""
        head, body = request
        way, headers = head.noted or _known(head)
        if way is None or len(body) > SMALL_BYTES:
            return None
        context = self._context
        person = context.people.known(headers.get(b"authorization", b""))
        if person is None:
            return None
        dialect, path, args = way
        call = Call({}, _received, path, "POST", headers, context.bodies, person, args, body)
        try:
            return call, dialect(call) if _JSON_BYTES in headers else self._frames.read(
                dialect, call
            )
        except MlaasError as error:
            return error_answer(error)
        except Exception:  # noqa: BLE001 - the general way meets it again, and logs it
            return None


def _known(head: Head) -> _Known:
    """Return what is known of requests with this head, and note it there."""
    target, headers = head.target, dict(head.headers)
    is_plain = len(target) <= _LONGEST and len(headers) == len(head.headers)
    is_usual = is_plain and _UNUSUAL.isdisjoint(headers)
    known = head.noted = _Known(_way(target) if is_usual else None, headers)
    return known


@lru_cache(_REMEMBERED)
def _way(target: bytes) -> _Way | None:
    """Return who reads what is sent to a plain path; None: it is not plain, or nobody does."""
    path = target.decode("latin-1")
    if not path.isascii() or not path.startswith("/") or any(each in path for each in "?%#"):
        return None
    path = path.rstrip("/")
    try:
        route, args = ROUTER.find("POST", path)
    except MlaasError:
        return None
    dialect = _DIALECTS.get(route.handler)
    return None if dialect is None or "version" in args else _Way(dialect, path, args)


async def _received() -> NoReturn:
    raise AssertionError("the body is there already")
