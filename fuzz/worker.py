"""One target in a process of its own, of bounded memory; another one goes on where it crashed."""

import ctypes
import logging
import multiprocessing
import os
import resource
import signal
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, TypeVar

from fuzz.attempts import attempt, change, ring_or_end
from fuzz.target import Read, Target

T = TypeVar("T")

RESIDENT_BYTES = 2 * 1024**3
_ADDRESS_BYTES = 3 * RESIDENT_BYTES  #: threads of libraries map much that they do not use
_SILENCE_S = 60.0  #: after which a process hangs where no signal reaches it
_START_S = 600.0  #: the same until good inputs are made and read, some of them with TensorFlow
_FIRST_S = 45  #: for a good input; the first one has its library imported, and processes started
_END_S = 2.0
_LOOK_S = 0.5
_FORK = multiprocessing.get_context("fork")


@dataclass(kw_only=True)
class Tally:
    """What came out."""

    inputs: int = 0
    read: int = 0
    broke: int = 0  #: processes that ended where they may
    late: int = 0  #: of them, by taking too much time
    findings: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    resident_bytes: int = 0


class _Progress(ctypes.Structure):
    """What a process has done so far; the one that watches it sees it at any time, without a word."""

    _fields_ = (
        ("number", ctypes.c_int64),  # of the input that is being tried
        ("tried", ctypes.c_int64),
        ("read", ctypes.c_int64),
        ("slowest_s", ctypes.c_double),
        ("resident_bytes", ctypes.c_int64),
        ("has_begun", ctypes.c_bool),
        ("until_s", ctypes.c_double),  # of the monotonic clock, which all processes share
    )


def tried(
    target: Target, seed: int, seconds: float, count: int, around: Path | None = None
) -> Tally:
    """Try a target for so long after its first good input was read, at most `count` times.

    Args:
        around: the folder of all targets of a run, where what takes long to make lies for others.
    """
    with tempfile.TemporaryDirectory(prefix="mlaas-fuzz-") as own:
        folder = Path(tempfile.mkdtemp(dir=around or own))
        if not target.may_break:
            return _tried(target, folder, seed, seconds, count)
        return aside(lambda: _prepared_and_tried(target, folder, seed, seconds, count))


def _prepared_and_tried(
    target: Target, folder: Path, seed: int, seconds: float, count: int
) -> Tally:
    """Try what may end its process: it is a fork of this one, which has imported all it needs.

    Good inputs are made in another one: their threads would not be there after a fork.
    """
    goods = aside(lambda: target.seeds(folder))
    read = target.make(folder)
    ready = replace(target, seeds=lambda _folder: goods, make=lambda _folder: read)
    return _tried(ready, folder, seed, seconds, count)


def aside(work: Callable[[], T]) -> T:
    """Return what is computed in a fork of this process."""
    ours, theirs = _FORK.Pipe()
    process = _FORK.Process(target=lambda: theirs.send(work()))
    process.start()
    theirs.close()
    try:
        return ours.recv()  # type: ignore[no-any-return]  # what it sends
    finally:
        process.join()


def _tried(target: Target, folder: Path, seed: int, seconds: float, count: int) -> Tally:
    tally, number, until = Tally(), 0, 0.0
    while number < count and (not until or time.monotonic() < until):
        ours, theirs = _FORK.Pipe()
        seen = _FORK.RawValue(_Progress)
        seen.until_s = until
        work = _Work(target, folder, seed, range(number, count), seconds, seen)
        process = _FORK.Process(target=work.do, args=(theirs,))
        process.start()
        theirs.close()
        is_whole = _heard(ours, tally, seen, f"seed {seed} {target.name}")
        process.join(_END_S if is_whole else 0)
        process.kill()
        process.join()
        ours.close()
        _add(tally, seen)
        number, until = seen.number + 1, seen.until_s or time.monotonic() + seconds
        if is_whole:
            break
        if target.may_break and seen.has_begun:
            tally.broke += 1
            tally.late += process.exitcode == -signal.SIGPROF
        else:
            what = f"number {seen.number}: crashed, or hangs for ever"
            tally.findings.append(f"seed {seed} {target.name} {what}")
    return tally


def _heard(ours: Connection, tally: Tally, seen: Any, what: str) -> bool:
    """Take the findings of a process until it ends; tell whether it came to its end by itself."""
    silent_since, last = time.monotonic(), -1
    while True:
        try:
            if not ours.poll(_LOOK_S):
                if seen.tried != last:
                    silent_since, last = time.monotonic(), seen.tried
                elif time.monotonic() - silent_since > (_SILENCE_S if seen.has_begun else _START_S):
                    return False
                continue
            found: str | None = ours.recv()
        except (EOFError, OSError):
            return False
        if found is None:
            return True
        tally.findings.append(f"{what} {found}")


def _add(tally: Tally, seen: Any) -> None:
    tally.inputs += seen.tried
    tally.read += seen.read
    tally.slowest_s = max(tally.slowest_s, seen.slowest_s)
    tally.resident_bytes = max(tally.resident_bytes, seen.resident_bytes)


@dataclass(frozen=True, slots=True)
class _Work:
    """What a process is to try."""

    target: Target
    folder: Path
    seed: int
    numbers: range
    seconds: float
    seen: Any

    def do(self, theirs: Connection) -> None:
        """Try one input after the other, and tell what is found."""
        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_BYTES, _ADDRESS_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        _silence()
        ring_or_end(may_end=self.target.may_break)
        goods, read = self.target.seeds(self.folder), self.target.make(self.folder)
        self.seen.number = self.numbers.start
        unread = () if self.numbers.start else goods
        bad = [end for good in unread if (end := _ended(read, good, _FIRST_S)[0]) != "read"]
        if bad:
            theirs.send(f"a good input is not read: {bad[0]}")
        self.seen.has_begun = True
        self.seen.until_s = self.seen.until_s or time.monotonic() + self.seconds
        for number in () if bad else self.numbers:
            self.seen.number = number
            self._try(read, change(self.target, goods, self.seed, number), theirs)
            if time.monotonic() > self.seen.until_s:
                break
        theirs.send(None)

    def _try(self, read: Read, data: bytes, theirs: Connection) -> None:
        seen, began = self.seen, time.monotonic()
        end, is_finding = _ended(read, data, self.target.seconds)
        seen.slowest_s = max(seen.slowest_s, time.monotonic() - began)
        used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        if used > max(RESIDENT_BYTES, seen.resident_bytes) and not self.target.may_break:
            end, is_finding = f"takes {used} bytes of memory", True
        seen.resident_bytes = max(used, seen.resident_bytes)
        seen.read += end == "read"
        seen.tried += 1
        if is_finding:
            theirs.send(f"number {seen.number}: {end}")


def _ended(read: Read, data: bytes, seconds: int) -> tuple[str, bool]:
    """Return how an input ended, and whether that is a finding."""
    try:
        return attempt(read, data, seconds), False
    except BaseException as error:  # noqa: BLE001 - that is what is looked for
        where = traceback.extract_tb(error.__traceback__)[-1]
        return f"{error!r:.2300} in {where.filename}:{where.lineno}", True


def _silence() -> None:
    """Let libraries say nothing: thousands of inputs are wrong."""
    logging.disable()
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
