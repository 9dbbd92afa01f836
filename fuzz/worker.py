"""One target in a process of its own, of bounded memory; another one goes on where it crashed."""

import logging
import multiprocessing
import resource
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path

from fuzz.attempts import SECONDS, attempt, change
from fuzz.target import Read, Target

RESIDENT_BYTES = 2 * 1024**3
_ADDRESS_BYTES = 3 * RESIDENT_BYTES  #: threads of libraries map much that they do not use
_SILENCE_S = 60.0  #: after which a process hangs where no signal reaches it
_FIRST_S = 45  #: for a good input; the first one has its library imported, and processes started
_END_S = 2.0
_FORK = multiprocessing.get_context("fork")


_SILENT = "nothing is told any more"


@dataclass(kw_only=True)
class Tally:
    """What came out."""

    ends: Counter[str] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)
    slowest_s: float = 0.0
    resident_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Told:
    """What became of one input."""

    number: int
    end: str
    is_finding: bool
    seconds: float = 0.0
    resident_bytes: int = 0


def tried(target: Target, seed: int, seconds: float, count: int) -> Tally:
    """Try a target for so long, at most `count` times."""
    tally, number, until = Tally(), 0, time.monotonic() + seconds
    while number < count and time.monotonic() < until:
        ours, theirs = _FORK.Pipe()
        with tempfile.TemporaryDirectory(prefix="mlaas-fuzz-") as folder:
            work = _Work(target, Path(folder), seed, range(number, count), until)
            process = _FORK.Process(target=work.do, args=(theirs,))
            process.start()
            theirs.close()
            number = _heard(ours, tally, f"seed {seed} {target.name}", number)
            process.join(_END_S)  # it has told all: its own exit code says whether to go on
            process.kill()
            process.join()
        number = number if process.exitcode else count
    return tally


def _heard(ours: Connection, tally: Tally, what: str, number: int) -> int:
    """Take what a process tells until it ends; return the number to go on with."""
    while True:
        try:
            told: _Told | str | None = ours.recv() if ours.poll(_SILENCE_S) else _SILENT
        except (EOFError, OSError):
            told = _SILENT
        if isinstance(told, str):
            tally.findings.append(f"{what} number {number}: crashed, or hangs for ever")
            return number + 1
        if told is None:
            return number
        number = told.number + 1
        tally.ends[told.end] += 1
        tally.slowest_s = max(tally.slowest_s, told.seconds)
        tally.resident_bytes = max(tally.resident_bytes, told.resident_bytes)
        if told.is_finding:
            tally.findings.append(f"{what} number {told.number}: {told.end}")


@dataclass(frozen=True, slots=True)
class _Work:
    """What a process is to try."""

    target: Target
    folder: Path
    seed: int
    numbers: range
    until: float

    def do(self, theirs: Connection) -> None:
        """Try one input after the other, and tell of each."""
        resource.setrlimit(resource.RLIMIT_AS, (_ADDRESS_BYTES, _ADDRESS_BYTES))
        logging.disable()
        goods, read = self.target.seeds(self.folder), self.target.make(self.folder)
        bad = [told for good in goods if (told := _tried(read, good, 0, _FIRST_S)).end != "read"]
        if bad:
            end = f"a good input is not read: {bad[0].end}"
            theirs.send(_Told(number=0, end=end, is_finding=True))
        for number in () if bad else self.numbers:
            theirs.send(_tried(read, change(self.target, goods, self.seed, number), number))
            if time.monotonic() > self.until:
                break
        theirs.send(None)


def _tried(read: Read, data: bytes, number: int, seconds: int = SECONDS) -> _Told:
    began, is_finding = time.monotonic(), False
    try:
        end = attempt(read, data, seconds)
    except BaseException as error:  # noqa: BLE001 - that is what is looked for
        where = traceback.extract_tb(error.__traceback__)[-1]
        end, is_finding = f"{error!r:.200} in {where.filename}:{where.lineno}", True
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    if used > RESIDENT_BYTES:
        end, is_finding = f"takes {used} bytes of memory", True
    return _Told(
        number=number,
        end=end,
        is_finding=is_finding,
        seconds=time.monotonic() - began,
        resident_bytes=used,
    )
