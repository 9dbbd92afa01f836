"""Requests to workflow and predict, as an attacker with a token sends them: over TCP, byte by byte.

A status of 500 is a finding, and so is a door that is not healthy afterwards.
"""

import json
import logging
import re
import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from functools import partial
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

from fuzz import model
from fuzz.target import Read, Target
from mlaas4hep.http.predict.app import app as predict_app
from mlaas4hep.http.predict.app import limits
from mlaas4hep.http.workflow.front import front
from mlaas4hep.settings import Settings
from tests.asgi import serving
from tests.people import FOLDER, SUBMISSION, World, pack

_ANSWER_S = 4.0
_PATIENCE_S = 0.05  #: until a door that waits for more is told that nothing comes
_TOLD = 2000  #: letters of a traceback
_LOOK = 16  #: inputs, after which the door is asked whether it is healthy
_TOKEN = b"TOKEN-OF-ALICE"  #: in the good requests, which are made before the process
_SIZE = re.compile(rb"(?i)\r\ncontent-length: *(\d+)\r\n")
_LENGTH = re.compile(rb"(?i)(content-length: *)\d+")
_HEALTH = b"GET /_/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


class FellOverError(Exception):
    """The door answered with a status that says so, or did not answer."""


def _request(method: str, path: str, body: bytes = b"", *lines: str) -> bytes:
    head = [f"{method} {path} HTTP/1.1", "Host: x", f"Authorization: Bearer {_TOKEN.decode()}"]
    head += [*lines, f"Content-Length: {len(body)}", "Connection: close", "", ""]
    return "\r\n".join(head).encode() + body


def _json(method: str, path: str, value: object) -> bytes:
    return _request(method, path, json.dumps(value).encode(), "Content-Type: application/json")


def _form(path: str, fields: dict[str, bytes]) -> bytes:
    parts = [
        b'--x\r\nContent-Disposition: form-data; name="%s"; filename="%s.json"\r\n\r\n%s\r\n'
        % (name.encode(), name.encode(), content)
        for name, content in fields.items()
    ]
    body = b"".join(parts) + b"--x--\r\n"
    return _request("POST", path, body, "Content-Type: multipart/form-data; boundary=x")


_WORKFLOW = (
    *(
        _request("GET", path)
        for path in (
            *("/me", "/runs?limit=2&offset=0", "/runs/luca_1", "/runs/luca_1/log", "/tarballs"),
            *("/models?limit=1", "/specs", "/runs/luca_1/history", "/?action=show_run&name=luca_1"),
            *("/runs/luca_1/manifest", "/runs/luca_1/cutflow", "/openapi.json", "/scans"),
        )
    ),
    _json("POST", "/submit", SUBMISSION),
    _json("POST", "/runs?dry_run=true", SUBMISSION),
    _json("POST", "/", {"action": "show_run", "name": "luca_1"}),
    _json("POST", "/scans", {**SUBMISSION, "scan": {"method": "grid", "params": {"epochs": [1]}}}),
    _json("POST", "/score", {"model": "luca_1", "files": ["a.root"], "name": "luca"}),
    _json("PUT", "/models/luca_1/sharing", {"public": True, "groups": ["cms"]}),
    _request("DELETE", "/runs/luca_7"),
    _form("/upload?name=luca", {"file": pack(FOLDER)}),
    _request("PUT", "/tarballs/luca", pack(FOLDER, mode="w")),
)
_ROW = {"keys": ["a", "b", "c", "d"], "values": [0.1, 0.2, 0.3, 0.4], "model": "luca_1"}
_TENSOR = {"name": "x", "shape": [1, 4], "datatype": "FP32", "data": [1, 2, 3, 4]}
_PREDICT = (
    *(
        _request("GET", path)
        for path in (
            *("/models", "/models/luca_1", "/status", "/params?model=luca_1", "/v1/models/luca_1"),
            *("/v1/models/luca_1/metadata", "/v2", "/v2/models/luca_1", "/v2/models/luca_1/stats"),
            *("/netron/luca_1", "/?action=models"),
        )
    ),
    _json("POST", "/json", _ROW),
    _json("POST", "/json", {"entries": [{"met": 1.0, "njets": 2}], "model": "luca_1"}),
    _json("POST", "/v1/models/luca_1:predict", {"instances": [[1, 2, 3, 4]]}),
    _json("POST", "/v1/models/luca_1:classify", {"examples": [{"a": 1.0}]}),
    _json("POST", "/v2/models/luca_1/infer", {"inputs": [_TENSOR]}),
    _json("POST", "/v2/repository/index", {}),
    _json("POST", "/params", {"model": "luca_1"}),
    _json("POST", "/", {"action": "json", **_ROW}),
    _request("POST", "/proto", b"\x0a\x01a\x12\x04\0\0\x80?\x1a\x06luca_1"),
    _request("POST", "/upload?name=m", pack({"model.tflite": b"TFL3" * 20}, top="m/")),
    _form("/upload", {"name": b"m", "params": b'{"model": "m.tflite"}', "model": b"x" * 50}),
    _form("/image", {"image": b"\x89PNG\r\n\x1a\n" + b"x" * 40, "model": b"luca_1"}),
)


def _workflow(folder: Path) -> Read:
    world = World(folder)
    world.person().upload()
    world.person().submit()
    return _knocking(front(world.app), world)


def _predict(folder: Path) -> Read:
    world = World(folder)
    model.serve(world.services.models, world.person().owner)
    app = predict_app(world.services, limits(Settings()), world.verifier, load=model.load)
    return _knocking(app, world)


class _Told(logging.Handler):
    """Keeps the traceback of what a door did not foresee: it may not come a second time."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.last = ""

    def taken(self) -> str:
        """Return what was kept, once."""
        last, self.last = self.last, ""
        return last

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the end of a record with a traceback."""
        if record.exc_info:
            self.last = logging.Formatter().formatException(record.exc_info)[-_TOLD:]


def _listening() -> _Told:
    """Hear errors, although a process that fuzzes says nothing."""
    told = _Told()
    logging.disable(logging.WARNING)
    logging.getLogger().addHandler(told)
    return told


def _knocking(app: object, world: World) -> Read:
    """Serve the app as long as this process lives; return what sends it bytes."""
    kept = ExitStack()
    read = knocking(kept.enter_context(serving(app)), world.token())

    def kept_open(data: bytes, _served: ExitStack = kept) -> object:
        return read(data)

    return kept_open


def knocking(address: str, token: str) -> Read:
    """Return what sends bytes to a door, and raises FellOverError for what must not follow."""
    told, url = _listening(), urlsplit(address)
    ask = partial(_asked, (str(url.hostname), int(url.port or 0)))
    turn = count()

    def read(data: bytes) -> object:
        answer = ask(data.replace(_TOKEN, token.encode()))
        unforeseen = told.taken()  # also where the answer comes too late to be heard
        if unforeseen or answer[9:12] in (b"500", b"501", b"502"):
            raise FellOverError(f"{unforeseen} {answer[9:12].decode()}")
        if (not answer or next(turn) % _LOOK == 0) and ask(_HEALTH)[9:12] != b"200":
            raise FellOverError("it is not healthy any more")
        return answer[9:12]

    return read


def _asked(address: tuple[str, int], data: bytes) -> bytes:
    """Return what is answered; b"" by a door that wants more and gets none.

    Heard is until the answer is whole, the door closes or is silent: bytes that hold more than one
    request may have more than one answer, which is waited for.

    Whoever closes its half of the line has left, for our doors, and is not answered: so that
    comes last.
    """
    with socket.create_connection(address, timeout=_ANSWER_S) as line:
        with suppress(TimeoutError, ConnectionError):
            line.sendall(data)
        is_one = data.count(b"HTTP/1.") < 2  # noqa: PLR2004 - a second request
        if answer := _heard(line, _PATIENCE_S, is_whole if is_one else _never):
            return answer
        with suppress(OSError):
            line.shutdown(socket.SHUT_WR)
        return _heard(line, _ANSWER_S, _never)


def _heard(line: socket.socket, silence_s: float, is_all: Callable[[bytes], bool]) -> bytes:
    answer = b""
    with suppress(TimeoutError, ConnectionError):
        line.settimeout(silence_s)
        while not is_all(answer) and (block := line.recv(65536)):
            answer += block
    return answer


def is_whole(answer: bytes) -> bool:
    """Tell whether an answer has all bytes that it says it has; not of one that does not say so."""
    head, end, body = answer.partition(b"\r\n\r\n")
    size = _SIZE.search(head + b"\r\n") if end and answer[9:10] != b"1" else None
    return size is not None and len(body) >= int(size[1])


def _never(_answer: bytes) -> bool:
    return False


def _with_length(data: bytes) -> bytes:
    """Return a request that says how long its body is: a door waits for what is missing."""
    head, end, body = data.partition(b"\r\n\r\n")
    return _LENGTH.sub(rb"\g<1>%d" % len(body), head, count=1) + end + body


_WORDS = (
    *(b"\r\n", b": ", b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"%ff"),
    *(
        b"Content-Encoding: gzip\r\n",
        b"Authorization: Bearer x\r\n",
        b"?action=",
        b"Cookie: a=b\r\n",
    ),
    *(b"Expect: 100-continue\r\n", b"Range: bytes=0-1\r\n", b"Idempotency-Key: a\r\n", b"/.."),
    *(b"&limit=-1", b"&name=", b"\\ud800", b"Last-Event-ID: 9\r\n", b"X-A: b\r\n" * 200),
)


def _door(name: str, make: Callable[[Path], Read], requests: Sequence[bytes]) -> Target:
    return Target(
        name=f"door {name}",
        make=make,
        seeds=lambda _folder: requests,
        words=_WORDS,
        mended=_with_length,
        share=3,
    )


TARGETS = (_door("workflow", _workflow, _WORKFLOW), _door("predict", _predict, _PREDICT))
