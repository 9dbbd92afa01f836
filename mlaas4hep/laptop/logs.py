"""What each function said: bounded files in the state folder, and who reads along."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from mlaas4hep.faas.logs import TEXT, formatter

LIMIT_BYTES = 4 * 1024 * 1024  #: of the newer half; the older half has as much
_BEHIND = 10_000  #: lines that a slow reader may lag behind before it misses some
_AUTHORIZATION = re.compile(r"(?i)(\bauthorization\b\W+(?:b\W)?(?:bearer|basic)?\s*)[^\s'\",;]+")
_CREDENTIALS = re.compile(r"(?i)\b((?:bearer|basic)\s+)[\w.~+/=-]{12,}")
_TOKEN = re.compile(r"\beyJ[\w-]{5,}\.[\w-]+(?:\.[\w-]*)?")  #: a JSON Web Token, wherever it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a function's standard output or error."""

    at: datetime
    instance: str  #: which process said it
    text: str

    @classmethod
    def parse(cls, stored: str) -> Self | None:
        """Return the line in a file; None if it was cut off by a crash."""
        when, _, rest = stored.partition(" ")
        instance, _, text = rest.partition(" ")
        try:
            return cls(at=datetime.fromisoformat(when), instance=instance, text=text)
        except ValueError:
            return None

    def __str__(self) -> str:
        return f"{self.at.isoformat()} {self.instance} {self.text}"


class FunctionLog:
    """The log of one function."""

    def __init__(self, path: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self._path = path
        self._older = path.with_suffix(".log.1")
        self._limit = limit_bytes
        self._readers: set[asyncio.Queue[Line]] = set()

    def write(self, instance: str, text: str) -> None:
        """Append one line, without any token in it, and show it to those who follow."""
        line = Line(at=datetime.now(UTC), instance=instance, text=without_tokens(text))
        with suppress(OSError):  # the disk is full: the platform goes on, and this line is lost
            self._append(line)
        for reader in self._readers:
            if not reader.full():
                reader.put_nowait(line)

    def _append(self, line: Line) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            file.write(f"{line}\n")
            full = file.tell() > self._limit
        if full:
            self._path.replace(self._older)

    def lines(self, since: datetime | None = None, tail: int | None = None) -> list[Line]:
        """Return the last `tail` lines since a moment, oldest first."""
        if tail == 0:
            return []
        found = [line for line in self._stored() if since is None or line.at >= since]
        if tail is not None and tail >= 0:
            found = found[len(found) - min(tail, len(found)) :]
        return found

    async def follow(
        self, since: datetime | None = None, tail: int | None = None
    ) -> AsyncIterator[Line]:
        """Yield what `lines` returns, and then every new line for ever."""
        reader: asyncio.Queue[Line] = asyncio.Queue(_BEHIND)
        self._readers.add(reader)
        try:
            for line in self.lines(since, tail):
                yield line
            while True:
                yield await reader.get()
        finally:
            self._readers.discard(reader)

    def _stored(self) -> Iterator[Line]:
        for path in (self._older, self._path):
            if path.exists():
                with path.open(encoding="utf-8", errors="replace") as file:
                    for stored in file:
                        line = Line.parse(stored.rstrip("\n"))
                        if line is not None:
                            yield line


def without_tokens(text: str) -> str:
    """Return a text in which `***` stands for what opens a door."""
    for pattern, kept in ((_AUTHORIZATION, r"\1"), (_CREDENTIALS, r"\1"), (_TOKEN, "")):
        text = pattern.sub(f"{kept}***", text)
    return text


class _Handler(logging.Handler):
    """Python's logging of this process, as lines of a `FunctionLog`."""

    def __init__(self, target: FunctionLog, level: str) -> None:
        super().__init__(level)
        self._target = target

    def emit(self, record: logging.LogRecord) -> None:
        for line in self.format(record).splitlines():
            self._target.write("gateway", line)


@contextmanager
def collected(target: FunctionLog, level: str) -> Iterator[None]:
    """Write what this process logs to `target` while the context lasts."""
    root = logging.getLogger()
    handler = _Handler(target, level.upper())
    handler.setFormatter(formatter(TEXT))
    before = root.level
    root.setLevel(level.upper())
    root.addHandler(handler)
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before)
