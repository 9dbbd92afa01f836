"""A process in which XRootD's client asks one server, as the process that started it sees it."""

import json
import os
import socket
import struct
import threading
import time
import weakref
from collections import deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import astuple, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from mlaas4hep.adapters.children.forked import Child, release
from mlaas4hep.adapters.children.request import ChildRequest, Program
from mlaas4hep.adapters.children.start import start
from mlaas4hep.adapters.confinement.environment import bare_environment
from mlaas4hep.adapters.sources.places.place import Span
from mlaas4hep.adapters.sources.places.xrootd import answers
from mlaas4hep.adapters.sources.places.xrootd.credentials import settings
from mlaas4hep.core.harmless import harmless
from mlaas4hep.core.requests.inputs.servers import Server

_MODULE = "mlaas4hep.adapters.sources.places.xrootd.child"
_SEND_S = struct.pack("@ll", 60, 0)  #: struct timeval


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """What the process of one server may take."""

    memory_bytes: int = 1024**3
    seconds: float = 60.0  #: of processor time, from one question on
    answer_s: int = 30  #: after which the client gives up a question
    silence_s: float = 90.0  #: in which nothing at all is answered; longer than the client waits


class GoneError(Exception):
    """The process is gone, and so are all answers."""

    def __init__(self, why: str = "the process that asked it ended") -> None:
        super().__init__(why)


class RefusedError(Exception):
    """The client has no answer; says why as its status does."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        text = said.get("message")
        super().__init__(harmless(text if isinstance(text, str) else ""))
        self.code, self.errno = said.get("code"), said.get("errno")
        self.is_elsewhere = said.get("elsewhere") is True


@dataclass(eq=False, slots=True)
class Question:
    """A question that waits for its answer."""

    size_bytes: int | None  #: of the content that is asked for; None: something is to be told
    answer: "Future[memoryview]" = field(default_factory=Future)


class Connection:
    """One process, and the questions that it is asked; any number of threads may ask."""

    def __init__(self, server: Server, allowance: Allowance) -> None:
        self._silence_s = allowance.silence_s
        self._socket, theirs = socket.socketpair()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, _SEND_S)
        with theirs:
            wanted = ChildRequest(
                program=Program(module=_MODULE),
                folder=Path("/"),
                environment=_environment,
                descriptor=theirs.fileno(),
                arguments=(*astuple(allowance)[:3], *server),
            )
            self._process = start(wanted)
        self._mail = _Mail(self._socket, self._process)
        self._end = weakref.finalize(self, _end, self._process, self._socket)
        threading.Thread(target=self._mail.deliver, name="xrootd", daemon=True).start()

    @property
    def is_gone(self) -> bool:
        """Tell whether it cannot be asked any more."""
        return self._mail.is_gone

    def told(self, what: str, **asked: Any) -> Any:
        """Return what is told.

        Raises:
            GoneError: the process ended, or was ended because it was silent.
            RefusedError: there is no answer.
        """
        return self.understood(self.ask(what, None, **asked)[0])

    def understood(self, question: Question) -> Any:
        """Return what the answer to a question tells; see `told`."""
        try:
            return json.loads(bytes(self.waited(question)))
        except (ValueError, RecursionError) as error:
            self.end()
            raise GoneError from error

    def ask(self, what: str, size_bytes: int | None, **asked: Any) -> tuple[Question, int]:
        """Ask, and return what waits for the answer, and the number of the question."""
        question = Question(size_bytes)
        try:
            return question, self._mail.send(question, {"what": what, **asked})
        except OSError as error:
            self.end()
            raise GoneError from error

    def read(self, file: int, spans: Sequence[Span]) -> Question:
        """Ask for the bytes of an open file at these spans, one behind the other."""
        size = sum(stop - start for start, stop in spans)
        return self.ask("read", size, file=file, spans=spans)[0]

    def close(self, file: int) -> None:
        """Close a file, now or with the next question; nobody waits for it."""
        with suppress(OSError):
            self._mail.note({"what": "close", "file": file})

    def waited(self, question: Question) -> memoryview:
        """Return the answer; see `told`."""
        while True:
            left_s = self._mail.heard_at + self._silence_s - time.monotonic()
            try:
                return question.answer.result(max(0.0, left_s))
            except TimeoutError:
                if time.monotonic() - self._mail.heard_at >= self._silence_s:
                    self.end()
                    raise GoneError(
                        "the process that asked it heard nothing, and was ended"
                    ) from None

    def end(self) -> None:
        """End the process, and with it all files that it has open."""
        self._end()


class _Mail:
    """Questions that go out, and their answers."""

    def __init__(self, end: socket.socket, process: Child) -> None:
        self._socket, self._process = end, process
        self._open: dict[int, Question] = {}
        self._notes: deque[dict[str, Any]] = deque()
        self._number = 0
        self._lock = threading.Lock()
        self.is_gone = False
        self.heard_at = time.monotonic()  #: or asked, after nothing was left to hear

    def send(self, question: Question, asked: dict[str, Any]) -> int:
        """Send a question, and return its number."""
        with self._lock:
            if self.is_gone:
                raise GoneError
            if not self._open:
                self.heard_at = time.monotonic()
            self._number += 1
            number = self._number
            self._open[number] = question
            answers.ask(self._socket, {**asked, "number": number})
            self._send_notes()
        return number

    def note(self, asked: dict[str, Any]) -> None:
        """Send what needs no answer, with the next question if one is being sent.

        Files are closed when nobody has them any more: where that shows, a question of the same
        thread may be half sent.
        """
        self._notes.append(asked)
        if self._lock.acquire(blocking=False):
            try:
                self._send_notes()
            finally:
                self._lock.release()

    def _send_notes(self) -> None:
        while self._notes:
            answers.ask(self._socket, {**self._notes.popleft(), "number": 0})

    def deliver(self) -> None:
        """Give all answers to who waits for them, until the process is gone."""
        try:
            while True:
                answer = answers.told(self._socket, self._most_bytes, _room)
                self.heard_at = time.monotonic()
                question = self._open.pop(answer.number)
                if answer.kind == answers.FAILED:
                    said = json.loads(bytes(answer.body))
                    question.answer.set_exception(RefusedError(dict(said)))
                else:
                    question.answer.set_result(answer.body)
        except (EOFError, OSError, KeyError, ValueError, TypeError, answers.NonsenseError):
            self._process.kill()
        with self._lock:
            self.is_gone = True
            left, self._open = self._open, {}
        for each in left.values():
            each.answer.set_exception(GoneError())

    def _most_bytes(self, number: int, kind: int) -> int:
        question = self._open[number]
        if kind == answers.CONTENT and question.size_bytes is not None:
            return question.size_bytes
        if kind == answers.FAILED or (kind == answers.TOLD and question.size_bytes is None):
            return answers.TOLD_BYTES
        raise answers.NonsenseError(f"an answer of kind {kind}")


def _room(size_bytes: int) -> memoryview:
    return np.empty(size_bytes, np.uint8).data  # not zeroed


def _environment(folder: Path) -> dict[str, str]:
    """Return what the client needs to know: settings and credentials of its own, no others."""
    return bare_environment(folder) | settings(os.environ) | {"MALLOC_ARENA_MAX": "2"}


def _end(process: Child, end: socket.socket) -> None:
    process.kill()
    end.close()
    release(process)
