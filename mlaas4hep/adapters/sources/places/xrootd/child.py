"""`python -m mlaas4hep.adapters.sources.places.xrootd.child`: where XRootD's client works.

It asks one server, and may end with it: the client takes all that a server sends, and ends its
process where memory ends. Only `connection.py` starts it.
"""

import json
import os
import select
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import XRootD.client

from mlaas4hep.adapters.confinement.confinement import hold
from mlaas4hep.adapters.confinement.limits import allow_seconds
from mlaas4hep.adapters.sources.places.xrootd import answers, credentials
from mlaas4hep.adapters.sources.places.xrootd.parts import BytesOnTheirWay, Parts, Told

_CLIENT: Any = XRootD.client  # it has no types
_IDLE_S = 300.0
_NUMBER_OF_PARTS, _PART_BYTES = 1024, 2097136  #: of one vectored read, unless the server tells
_LIMITS = (  # a dead server otherwise takes eight minutes to fail
    ("ConnectionWindow", 5),
    ("ConnectionRetry", 1),
    ("RequestTimeout", 60),
    ("StreamTimeout", 30),
)
_REFUSED = 400  #: XrdCl's errErrorResponse: asking again does not help
_TEXT = 1000  #: characters of what a server says


class _Client:
    """Answers the questions about one server, whenever the client has an answer."""

    def __init__(self, end: socket.socket, server: tuple[str, int], answer_s: int) -> None:
        self._end = end
        self._server = server
        self._answer_s = answer_s
        self._files: dict[int, _OpenFile] = {}
        self._limits: dict[str, bytes] = {}  #: of servers that have files, as they told them
        self._sending = threading.Lock()
        self._on_their_way = BytesOnTheirWay()

    def stat(self, asked: dict[str, Any]) -> None:
        """Tell size and time of a file."""
        there = _CLIENT.FileSystem(self._checked(asked["url"]))

        def told(status: Any, response: Any, _there: object = there) -> None:
            self._tell(asked, status, lambda: {"size": response.size, "time": response.modtime})

        self._begun(
            asked, there.stat(asked["path"], timeout=self._answer_s, callback=_called(told))
        )

    def list(self, asked: dict[str, Any]) -> None:
        """Tell the names in a folder."""
        there = _CLIENT.FileSystem(self._checked(asked["url"]))

        def listed() -> None:  # not by a callback: there is none where a name is no text
            try:
                status, response = there.dirlist(asked["path"], timeout=self._answer_s)
            except (SystemError, ValueError):
                self.fail(asked, _said("a name in this folder is no text", _REFUSED))
            else:
                self._tell(asked, status, lambda: [each.name for each in response])

        threading.Thread(target=listed, daemon=True).start()

    def open(self, asked: dict[str, Any]) -> None:
        """Open a file under the number of the question, and tell which server has it."""
        file = _OpenFile()
        self._files[asked["number"]] = file

        def told(status: Any, _response: Any) -> None:
            if not status.ok:
                self._files.pop(asked["number"], None)
            self._tell(asked, status, lambda: file.file.get_property("DataServer"))

        url = asked["url"]
        self._checked(url)
        self._begun(asked, file.file.open(url, timeout=self._answer_s, callback=_called(told)))

    def configure(self, asked: dict[str, Any]) -> None:
        """Learn how much the server of a file gives at once; it is asked once."""
        file, name = self._files[asked["file"]], asked["there"]
        if name in self._limits:
            file.understand(self._limits[name])
            self._send(asked, answers.TOLD, [b"null"])
            return
        there = _CLIENT.FileSystem(f"root://{name}/")

        def told(status: Any, response: Any, _there: object = there) -> None:
            if status.ok:
                self._limits[name] = response
                file.understand(response)
            self._tell(asked, status, lambda: None)

        question = "readv_iov_max readv_ior_max"
        begun = there.query(
            _CLIENT.flags.QueryCode.CONFIG, question, timeout=self._answer_s, callback=_called(told)
        )
        self._begun(asked, begun)

    def close(self, asked: dict[str, Any]) -> None:
        """Close a file; nobody waits for it."""
        file = self._files.pop(asked["file"], None)
        if file is not None:
            file.file.close(timeout=self._answer_s, callback=lambda *_, _kept=file: None)

    def read(self, asked: dict[str, Any]) -> None:
        """Tell the bytes at spans, which lie behind each other in the answer."""
        file = self._files[asked["file"]]
        parts = file.parts(asked["spans"])
        size = sum(length for _, length in parts)
        answer = Parts(
            len(parts), lambda found: self._send(asked, answers.CONTENT, found, size=size)
        )
        self._on_their_way.add(size)
        for some in file.groups(parts):
            told = answer.taking(some, lambda status: self._fail(asked, status, size=size))
            begun = file.file.vector_read(
                chunks=some, timeout=self._answer_s, callback=_called(told)
            )
            if not begun.ok:
                told(begun, None)

    def _checked(self, url: str) -> str:
        """Return the server of a URL, which must be the one that this process asks."""
        read = _CLIENT.URL(url)
        if (read.hostname.strip("[]").lower(), read.port) != self._server:
            raise _ElsewhereError
        return f"{read.protocol}://{read.hostid}"

    def _begun(self, asked: dict[str, Any], status: Any) -> None:
        if not status.ok:
            self._fail(asked, status)

    def _tell(self, asked: dict[str, Any], status: Any, found: Callable[[], Any]) -> None:
        if not status.ok:
            self._fail(asked, status)
            return
        text = json.dumps(found()).encode()
        if len(text) > answers.TOLD_BYTES:
            self.fail(asked, _said("its answer is too large", _REFUSED))
            return
        self._send(asked, answers.TOLD, [text])

    def _fail(self, asked: dict[str, Any], status: Any, size: int = 0) -> None:
        said = {"code": status.code, "errno": status.errno, "message": status.message[:_TEXT]}
        self.fail(asked, said, size)

    def fail(self, asked: dict[str, Any], said: dict[str, Any], size: int = 0) -> None:
        """Tell why there is no answer."""
        self._send(asked, answers.FAILED, [json.dumps(said).encode()], size=size)

    def _send(self, asked: dict[str, Any], kind: int, parts: Any, *, size: int = 0) -> None:
        with self._sending, suppress(OSError):  # nobody is there: the main thread sees it too
            answers.tell(self._end, asked["number"], kind, parts)
        self._on_their_way.add(-size)


class _ElsewhereError(Exception):
    """XRootD's client would ask another server than the one that was checked."""


class _OpenFile:
    """One file, and how much of it its server gives at once."""

    def __init__(self) -> None:
        self.file = _CLIENT.File()
        self._most_parts, self._most_bytes = _NUMBER_OF_PARTS, _PART_BYTES

    def understand(self, answer: bytes) -> None:
        """Take what a server says; one that says nonsense is taken for a usual one."""
        with suppress(ValueError):
            most_parts, most_bytes = map(int, answer.rstrip(b"\0\n").split(b"\n", 1))
            self._most_parts = min(max(most_parts, 1), _NUMBER_OF_PARTS)
            self._most_bytes = min(max(most_bytes, 1024), _PART_BYTES)

    def parts(self, spans: list[list[int]]) -> list[tuple[int, int]]:
        """Return place and length of each part, none longer than the server gives."""
        step = self._most_bytes
        return [
            (place, min(step, stop - place))
            for start, stop in spans
            for place in range(start, stop, step)
        ]

    def groups(self, parts: list[tuple[int, int]]) -> list[list[tuple[int, int]]]:
        """Return the parts in lists of as many as the server gives at once."""
        most = self._most_parts
        return [parts[first : first + most] for first in range(0, len(parts), most)]


def _said(message: str, code: int = 0) -> dict[str, Any]:
    """Return what is told where no server refused."""
    return {"code": code, "errno": 0, "message": message}


def _called(told: Told) -> Callable[[Any, Any, Any], None]:
    return lambda status, response, _hosts: told(status, response)


def main(arguments: list[str]) -> None:
    """Answer questions until the parent goes, or nobody asks for long.

    Args:
        arguments: socket descriptor, parent's process id, memory, processor time between two
            questions, time for one answer, host and port of the server.
    """
    descriptor, parent, memory_bytes, seconds, answer_s, host, port = arguments
    end = socket.socket(fileno=int(descriptor))
    hold(
        memory_bytes=int(memory_bytes),
        parent=int(parent),
        read=credentials.files(os.environ),
        write=credentials.log(os.environ),
    )
    for name, value in _LIMITS:
        _CLIENT.EnvPutInt(name, value)
    client = _Client(end, (host, int(port)), int(answer_s))
    ways = {each.__name__: each for each in (client.stat, client.list, client.open, client.close)}
    ways |= {each.__name__: each for each in (client.configure, client.read)}
    while True:
        asked = _next(end)
        allow_seconds(float(seconds))
        try:
            ways[asked["what"]](asked)
        except _ElsewhereError:
            client.fail(asked, {**_said(""), "elsewhere": True})
        except Exception as error:  # noqa: BLE001 - the client raises what it likes
            client.fail(asked, _said(repr(error)[:_TEXT]))


def _next(end: socket.socket) -> dict[str, Any]:
    """Return the next question, or end."""
    if not select.select([end], [], [], _IDLE_S)[0]:
        os._exit(0)  # whoever has files open opens them again
    try:
        return answers.next_question(end)
    except (EOFError, OSError):
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
