"""A `Table` in a confined process: for libraries that a made-up file can break.

libhdf5 ends the whole process on some files, and others may do worse with it. So one process reads
one file: it gets the open file, or a server's bytes as it asks for them, and gives arrays, which
are checked.
"""

import signal
import socket
import subprocess
import tempfile
import time
import weakref
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from mlaas4hep.adapters.children import frames
from mlaas4hep.adapters.children.forked import Child, release
from mlaas4hep.adapters.children.request import ChildRequest, Program
from mlaas4hep.adapters.children.start import start
from mlaas4hep.adapters.confinement.environment import bare_environment
from mlaas4hep.adapters.sources.columnar.file import PlaceFile
from mlaas4hep.adapters.sources.columnar.table import Contents, Opening, OpenTable
from mlaas4hep.adapters.sources.confined import packing
from mlaas4hep.adapters.sources.places.place import Place, Span, shown
from mlaas4hep.adapters.sources.windows import Window
from mlaas4hep.core import wire
from mlaas4hep.core.data.columns import Array, Columns
from mlaas4hep.core.harmless import harmless
from mlaas4hep.core.requests.inputs.secrets import without_secrets
from mlaas4hep.errors import (
    InvalidRequestError,
    MlaasError,
    PermanentError,
    ServiceUnavailableError,
    TooLargeError,
)

OPEN_TABLES = 8  #: of a format at once, each in a process
MEMORY_BYTES = 4 * 1024**3
SECONDS = 60.0  #: of processor time, for one answer
_WAIT_S = 300.0  #: that all of an answer may take, besides the bytes that are fetched for it
_MODULE = "mlaas4hep.adapters.sources.confined.child"
_MOST_ASKED = 256 * 1024**2  #: bytes at once
_MOST_ASKS = 1_000_000  #: for one answer
_END_S = 5.0
_ERRORS: dict[str, type[MlaasError]] = {
    each.code: each for each in (InvalidRequestError, PermanentError, TooLargeError)
}


class ConfinedTable:
    """One open file, read by a process that is started again if it is gone."""

    def __init__(self, module: str, opening: Opening) -> None:
        """Open a file with the format in a module, which has `open_table(opening)`."""
        self._module = module
        self._place, self._file = opening.place, opening.file
        self._tree, self._layout = opening.tree, opening.layout
        self._child: _Child | None = None
        opening.stack.callback(self._end)
        try:
            self.contents = self._opened()
        except BaseException:
            self._end()
            raise
        self._layout = self._layout or self.contents.layout

    def read(self, names: Sequence[str], window: Window) -> Columns:
        """Return the entries of a window."""
        if self._child is None and self._opened() != self.contents:
            raise ValueError("it has other contents than it had")
        start, stop = window
        asked = {"what": "read", "names": list(names), "start": start, "stop": stop}
        arrays = self._ask(asked)
        try:
            return packing.unpack(arrays, names, stop - start)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            self._end()
            raise ValueError(f"its reader gave what makes no sense: {error}") from error

    def _opened(self) -> Contents:
        self._child = _Child(self._module, self._file)
        asked = {"what": "open", "tree": self._tree, "layout": self._layout}
        arrays = self._ask(asked | _described(self._place))
        return wire.load(Contents, str(packing.understood(arrays)))

    def _ask(self, asked: Mapping[str, Any]) -> Mapping[str, Array]:
        assert self._child is not None  # noqa: S101 - `_opened` comes first
        try:
            return self._child.ask(asked, self._place, self._file)
        except _GoneError as gone:
            self._end()
            raise gone.told from gone.__cause__

    def _end(self) -> None:
        if self._child is not None:
            self._child.end()
            self._child = None


def confined(module: str) -> OpenTable:
    """Return what opens tables of a format in processes of their own."""

    def open_table(opening: Opening) -> ConfinedTable:
        return ConfinedTable(module, opening)

    return open_table


def trees(module: str, place: Place, file: PlaceFile) -> tuple[str, ...]:
    """Return the names of the tables in a file, which `list_trees(file)` of a module knows."""
    child = _Child(module, file)
    try:
        arrays = child.ask({"what": "trees"} | _described(place), place, file)
        return tuple(map(str, packing.understood(arrays)))
    except _GoneError as gone:
        raise gone.told from gone.__cause__
    finally:
        child.end()


def _described(place: Place) -> dict[str, Any]:
    return {"url": without_secrets(place.url), "size_bytes": place.size_bytes}


class _GoneError(Exception):
    """The process cannot be asked again."""

    def __init__(self, told: Exception) -> None:
        super().__init__(str(told))
        self.told = told


class _Child:
    """The process that reads one file."""

    def __init__(self, module: str, file: PlaceFile) -> None:
        folder = tempfile.TemporaryDirectory(prefix="mlaas-reading-")
        self._socket, theirs = socket.socketpair()
        with theirs:
            wanted = ChildRequest(
                program=Program(module=_MODULE, prepares=module),
                folder=Path(folder.name),
                environment=_environment,
                descriptor=theirs.fileno(),
                arguments=(MEMORY_BYTES, SECONDS, module),
            )
            self._process = start(wanted)
        self.end = weakref.finalize(self, _end, self._process, self._socket, folder)
        given = [] if file.descriptor is None else [file.descriptor]
        with suppress(OSError):  # it is dead: whoever asks it is told
            socket.send_fds(self._socket, [b"f"], given)

    def ask(self, asked: Mapping[str, Any], place: Place, file: PlaceFile) -> Mapping[str, Array]:
        """Return an answer; on the way to it, give the bytes that are asked for.

        Raises:
            _GoneError: there is none, and there will be none.
        """
        waited = _WaitingTime()
        try:
            frames.send(self._socket, asked, {})
            for _ in range(_MOST_ASKS):
                head, arrays = waited.answer(self._socket)
                if "ask" not in head:
                    return _checked(head, arrays)
                parts = file.parts(_spans(head["ask"], place.size_bytes))
                frames.send(self._socket, {}, parts)
        except MlaasError as error:
            file.failure = None  # told by itself
            raise _GoneError(error) from error
        except (TimeoutError, OSError, EOFError, frames.FrameError) as error:
            raise _GoneError(self._why(error, place)) from error
        raise _GoneError(ValueError("its reader asks for bytes without end"))

    def _why(self, error: Exception, place: Place) -> Exception:
        """Return what to tell about a process that did not answer."""
        if isinstance(error, TimeoutError | frames.FrameError):
            return ValueError(f"its reader does not come to an end: {error}".rstrip(": "))
        code = None
        with suppress(subprocess.TimeoutExpired):
            code = self._process.wait(_END_S)
        if code in {None, -signal.SIGKILL}:
            return ServiceUnavailableError(
                f"{shown(place.url)}: the process that read it was ended from outside",
                hint="there may be too little memory",
            )
        if code == -signal.SIGXCPU:
            return ValueError(f"a part of it takes more than {SECONDS:.0f} s to read")
        return ValueError("it breaks the library that reads it")


class _WaitingTime:
    """How long one answer was waited for so far, without what was done for it meanwhile."""

    def __init__(self) -> None:
        self._left_s = _WAIT_S

    def answer(self, end: socket.socket) -> tuple[dict[str, Any], dict[str, Array]]:
        """Return the next frame; TimeoutError: the time is over."""
        began = time.monotonic()
        try:
            return frames.receive(end, within_s=self._left_s, most_bytes=MEMORY_BYTES)
        finally:
            end.settimeout(_WAIT_S)
            self._left_s -= time.monotonic() - began


def _environment(folder: Path) -> dict[str, str]:
    return bare_environment(folder) | {"OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}


def _end(process: Child, end: socket.socket, folder: Any) -> None:
    end.close()
    process.kill()
    release(process)
    folder.cleanup()


def _spans(asked: Any, size_bytes: int) -> list[Span]:
    """Return the spans of a file that are asked for; FrameError: they make no sense."""
    try:
        spans = [(int(start), int(stop)) for start, stop in asked]
    except (TypeError, ValueError, OverflowError) as error:
        raise frames.FrameError("spans that are none") from error
    inside = all(0 <= start < stop <= size_bytes for start, stop in spans)
    if not inside or sum(stop - start for start, stop in spans) > _MOST_ASKED:
        raise frames.FrameError("bytes that the file has not, or too many")
    return spans


def _checked(head: Mapping[str, Any], arrays: Mapping[str, Array]) -> Mapping[str, Array]:
    """Return the arrays of an answer, or raise what it says."""
    code = head.get("error")
    if code is None:
        return arrays
    if code == "memory":
        raise _GoneError(MemoryError())
    if code not in _ERRORS:
        raise ValueError(harmless(str(head.get("text", ""))[:1000]))
    told = {name: harmless(str(text)) for name, text in dict(head["problem"]).items()}
    raise _ERRORS[code](
        told["message"], file=told["file"], branch=told["branch"], hint=told["hint"]
    )
