"""Everything that steps and use cases are given, in one value."""

from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, Protocol, Self, TypeVar

from mlaas4hep.errors import OverdueError, StoppingError
from mlaas4hep.ports.audit import Audit, NoAudit
from mlaas4hep.ports.data import DataSource, TableWriter
from mlaas4hep.ports.deadletters import DeadLetters, NoDeadLetters
from mlaas4hep.ports.objects import (
    DirectDownloads,
    DirectUploads,
    NoDirectDownloads,
    NoDirectUploads,
    ObjectStore,
)
from mlaas4hep.ports.proposer import NoProposer, Proposer
from mlaas4hep.ports.runs import Bus, Leases, RunBook
from mlaas4hep.ports.runtime import LoadModel
from mlaas4hep.ports.training import Trainer

T = TypeVar("T")


class Recent(Protocol):
    """What this process made lately and may need again, by what it was made from: never stale."""

    def find(self, source: Hashable) -> Any | None:
        """Return what was kept for `source`, or None."""

    def keep(self, source: Hashable, value: Any, size_bytes: int) -> None:
        """Keep `value`, which takes about `size_bytes`, as long as there is room."""

    def parsed(self, text: bytes, parse: Callable[[bytes], T]) -> T:
        """Return `parse(text)`, done once as long as there is room."""


class Stopping:
    """Whether this process was told to end, or a step's time is over; long work makes room then."""

    def __init__(self) -> None:
        """Begin without being told, with time without end."""
        self._asked: Future[None] = Future()
        self._seconds = inf
        self._left_s: Callable[[], float] = lambda: inf

    def within(self, seconds: float, clock: Callable[[], float]) -> "Stopping":
        """Return the same, for one step that begins now and may take so long by a clock."""
        until = clock() + seconds
        ours = Stopping()
        ours._asked = self._asked
        ours._seconds, ours._left_s = seconds, lambda: until - clock()
        return ours

    @property
    def is_asked(self) -> bool:
        """Tell whether it was."""
        return self._asked.done()

    def ask(self) -> None:
        """Tell this process to end; once more is fine."""
        if not self.is_asked:
            self._asked.set_result(None)

    def check(self) -> None:
        """Go no further if this process was told to end, or the step's time is over.

        Raises:
            StoppingError: it was; what is being done is done again by another one.
            OverdueError: it is over.
        """
        if self.is_asked:
            raise StoppingError
        if self._left_s() <= 0:
            raise OverdueError(self._seconds)

    def result(self, work: "Future[T]") -> T:
        """Return what `work` gives, and wait for it no longer than for the end.

        Raises:
            StoppingError: this process was told to end; the work is left to itself.
            OverdueError: the step's time is over; likewise.
        """
        if not self.wait(work):
            self.check()
        return work.result()

    def wait(self, work: "Future[Any]") -> bool:
        """Tell whether `work` is done; returns when it is, or when nobody is to wait any longer."""
        left_s = self._left_s()
        wait((work, self._asked), None if left_s == inf else max(0.0, left_s), FIRST_COMPLETED)
        return work.done()


def _nothing() -> None:
    """Begin nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The world as the steps see it; made by `bootstrap`, passed as an argument."""

    tarballs: ObjectStore
    runs_files: ObjectStore  #: bucket runs
    specs: ObjectStore
    chunks: ObjectStore
    models: ObjectStore
    source: DataSource
    bus: Bus
    runs: RunBook
    leases: Leases
    clock: Callable[[], float]  #: seconds since the epoch, for doors only
    trainer: Trainer
    load_model: LoadModel
    tables: TableWriter
    recent: Recent  #: records that were parsed already
    #: begins what the first model that is loaded would wait for
    prepare_models: Callable[[], None] = _nothing
    stopping: Stopping = field(default_factory=Stopping)
    direct_uploads: DirectUploads = field(default_factory=NoDirectUploads)
    direct_downloads: DirectDownloads = field(default_factory=NoDirectDownloads)
    audit: Audit = field(default_factory=NoAudit)
    dead_letters: DeadLetters = field(default_factory=NoDeadLetters)
    proposer: Proposer = field(default_factory=NoProposer)
    scan_wait_s: float = 5.0  #: how long a turn of a scan waits for news
    range_entries: int = 100_000  #: entries that one event measures
    max_versions: int = 10  #: of a promoted model that are kept

    def within(self, seconds: float, clock: Callable[[], float]) -> Self:
        """Return the same world for one step, which begins now and may take so long by a clock."""
        stopping = self.stopping.within(seconds, clock)
        return replace(self, stopping=stopping, source=self.source.under(stopping))

    @property
    def buckets(self) -> Mapping[str, ObjectStore]:
        """Return all object stores by the names of their buckets."""
        return {
            "tarballs": self.tarballs,
            "runs": self.runs_files,
            "specs": self.specs,
            "chunks": self.chunks,
            "models": self.models,
        }
