"""One wave: several people submit, things break, all runs end; then everything is compared."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import TypeVar

import httpx2

from chaos.fault import Fault
from chaos.jobs import questions
from chaos.site import Site
from mlaas4hep.client import Client
from mlaas4hep.core.runs.answers import Report
from mlaas4hep.core.runs.run import FINAL, Status
from mlaas4hep.errors import MlaasError

_ANSWER_S = 120.0  #: longest that a person tries again
_END_S = 420.0  #: longest that a wave may last after its last fault
_LOOK_S = 0.3
_CHANGES = 6  #: of a run, after which it goes on for sure
_BETWEEN_S = (1.0, 4.0)

T = TypeVar("T")
_AWAY = (MlaasError, httpx2.HTTPError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a run gave, to be compared bit by bit."""

    status: str
    attempt: int
    metrics: Mapping[str, float | None]
    predictions: object = ()
    said: str = ""


@dataclass(slots=True, kw_only=True)
class Hit:
    """One fault that happened, and how long runs stood still after it."""

    kind: str
    name: str
    healed_s: float | None  #: from the fault's end until a run went on; None: all were over


@dataclass(slots=True, kw_only=True)
class Wave:
    """The runs of one wave: (person, job) and their names."""

    site: Site
    runs: dict[tuple[str, str], str] = field(default_factory=dict)
    hits: list[Hit] = field(default_factory=list)

    def submit(self, people: Sequence[str], jobs: Mapping[str, bytes]) -> None:
        """Let every person submit every job, with nothing made of the data before."""
        for person in people:
            self._ask(person, lambda client: client.delete_cache())
            for job, tarball in jobs.items():
                self.runs[person, job] = self._submitted(person, job, tarball)

    def _submitted(self, person: str, job: str, tarball: bytes) -> str:
        self._ask(person, lambda client: client.upload(tarball, name=job))
        return self._ask(person, lambda client: client.submit(job)).name

    def suffer(self, faults: Iterator[Fault], random: Random, until: float) -> None:
        """Break one thing after another while runs go on, until the time is over."""
        for fault in faults:
            if time.monotonic() > until or self._is_over():
                return
            print(f"  {fault.name}", flush=True)
            if fault.hit():
                self.hits.append(self.healed(fault))
            time.sleep(random.uniform(*_BETWEEN_S))

    def outcomes(self) -> dict[tuple[str, str], Outcome]:
        """Wait for the end of all runs, and return what they gave."""
        self.wait_for_end()
        return {who: self._outcome(*who) for who in self.runs}

    def _outcome(self, person: str, job: str) -> Outcome:
        name = self.runs[person, job]
        report = self._report(person, name)
        said = f"{report.problem.message} ({report.problem.hint})" if report.problem else ""
        predictions: object = ()
        if report.status is Status.DONE:
            entry = self._ask(person, lambda client: client.sample(name))
            asked = self._ask(person, lambda client: client.predict(name, entries=questions(entry)))
            predictions = asked["predictions"] if isinstance(asked, dict) else asked
        return Outcome(
            status=str(report.status),
            attempt=report.attempt,
            metrics={k: v for k, v in report.metrics.items() if "seconds" not in k},
            predictions=predictions,
            said=said,
        )

    def _is_over(self) -> bool:
        return all(report.status in FINAL for report in self._reports())

    def _reports(self) -> list[Report]:
        return [self._report(person, name) for (person, _), name in self.runs.items()]

    def _report(self, person: str, name: str) -> Report:
        return self._ask(person, lambda client: client.run(name))

    def healed(self, fault: Fault) -> Hit:
        """Return how long it took until a run went on or ended."""
        started = time.monotonic()
        before = self._reports()
        unfinished = [i for i, report in enumerate(before) if report.status not in FINAL]
        if not unfinished:
            return Hit(kind=fault.kind, name=fault.name, healed_s=None)
        while time.monotonic() - started < _ANSWER_S:
            now = self._reports()
            if any(now[i].mark != before[i].mark for i in unfinished):
                break
            time.sleep(_LOOK_S)
        return Hit(kind=fault.kind, name=fault.name, healed_s=time.monotonic() - started)

    def longest_pause(self, changes: int = _CHANGES) -> float:
        """Return the longest time, in seconds, without news of any run until so many have come.

        The first may have been on its way when a fault came, and then says nothing of its end.
        """
        since = started = time.monotonic()
        longest, before = 0.0, self._marks()  # which waits for a workflow that is away
        while changes and time.monotonic() - started < _ANSWER_S and not self._is_over():
            time.sleep(_LOOK_S)
            now = self._marks()
            if now != before:
                longest = max(longest, time.monotonic() - since)
                before, since, changes = now, time.monotonic(), changes - 1
        return max(longest, time.monotonic() - since) if changes else longest

    def _marks(self) -> list[object]:
        return [report.mark for report in self._reports()]

    def wait_for_training(self, rounds: int = 1) -> None:
        """Return when a run has trained for some rounds at least."""
        while not any(
            stage.done >= rounds for report in self._reports() for stage in report.stages[2:]
        ):
            time.sleep(_LOOK_S)

    def wait_for(self, function: str) -> None:
        """Return when a stage has begun."""
        while not any(
            stage.stage == function and stage.state != "waiting"
            for report in self._reports()
            for stage in report.stages
        ):
            time.sleep(_LOOK_S)

    def wait_for_end(self) -> None:
        """Return when all runs are over, or have had their time."""
        end = time.monotonic() + _END_S
        while time.monotonic() < end and not self._is_over():
            time.sleep(_LOOK_S)

    def seconds(self) -> float:
        """Return how long the slowest run took."""
        return max(report.seconds for report in self._reports())

    def _ask(self, person: str, what: Callable[[Client], T]) -> T:
        """Ask as a person would: again, when nobody answers."""
        end = time.monotonic() + _ANSWER_S
        while True:
            try:
                with self.site.client(person) as client:
                    return what(client)
            except _AWAY as error:
                # 409: what ended a moment ago is in use still
                is_away = not isinstance(error, MlaasError) or error.status in {
                    409,
                    *range(500, 600),
                }
                if not is_away or time.monotonic() > end:
                    raise
                time.sleep(_LOOK_S)
