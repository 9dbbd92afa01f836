"""How much of the input files was read, beside what the same jobs read when nothing breaks.

Whoever serves the files counts: a web server of the harness, or the kernel where XRootD's answers
leave this machine.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from tests.dataservers import RangeHandler, web_server


@dataclass(slots=True)
class Reading:
    """What was read under fire, and what had to be."""

    undisturbed_bytes: int = 0  #: by one person whom nothing disturbs
    needed_bytes: int = 0
    read_bytes: int = 0

    @property
    def again_bytes(self) -> int:
        """Return how much was read although it had been read before."""
        return max(0, self.read_bytes - self.needed_bytes)

    def add(self, people: int, read_bytes: int) -> None:
        """Take notice of what was read for so many people's jobs."""
        self.needed_bytes += people * self.undisturbed_bytes
        self.read_bytes += read_bytes


@dataclass(slots=True)
class Served:
    """A folder on a web server that counts what it sends."""

    folder: Path
    url: str = ""
    sent: list[int] = field(default_factory=list)  #: bytes of each answer; threads may append

    @property
    def total_bytes(self) -> int:
        """Return how much was sent so far."""
        return sum(self.sent)


class _CountingHandler(RangeHandler):
    def __init__(self, sent: list[int], *given: Any, **options: Any) -> None:
        self._sent = sent
        super().__init__(*given, **options)

    def send_header(self, keyword: str, value: str) -> None:
        if keyword == "Content-Length" and self.command == "GET":
            self._sent.append(int(value))
        super().send_header(keyword, value)


@contextmanager
def served(folder: Path) -> Iterator[Served]:
    """Serve a folder by HTTP on this machine, and count."""
    made = Served(folder)
    with web_server(partial(_CountingHandler, made.sent, directory=str(folder))) as made.url:
        yield made


@dataclass(frozen=True, slots=True)
class SentFrom:
    """What leaves a port of this machine; the kernel counts it, with the heads of its packets."""

    port: int

    def begin(self) -> bool:
        """Begin to count; False where that is not allowed."""
        return self._iptables("-I", "OUTPUT", *self._rule) is not None

    def end(self) -> None:
        """Count no more."""
        self._iptables("-D", "OUTPUT", *self._rule)

    @property
    def total_bytes(self) -> int:
        """Return how much was sent since `begin`."""
        told = self._iptables("-nvxL", "OUTPUT") or ""
        lines = [line.split() for line in told.splitlines() if self._name in line]
        return sum(int(fields[1]) for fields in lines)

    @property
    def _name(self) -> str:
        return f"mlaas-chaos-read-{self.port}"

    @property
    def _rule(self) -> tuple[str, ...]:
        named = ("-m", "comment", "--comment", self._name)
        return ("-p", "tcp", "--sport", str(self.port), *named)

    def _iptables(self, *arguments: str) -> str | None:
        command = ["iptables", "--wait", *arguments]
        try:
            return subprocess.run(command, check=True, capture_output=True, text=True).stdout
        except (OSError, subprocess.CalledProcessError):
            return None
