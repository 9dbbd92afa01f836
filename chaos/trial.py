"""One seed tried on one platform: wave upon wave, and what is wrong in the end."""

import itertools
import time
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from random import Random

from chaos import checks, deletions, faults
from chaos.checks import Seen
from chaos.fault import Fault
from chaos.reading import Reading
from chaos.site import TRAINEE, Site
from chaos.wave import Hit, Outcome, Wave


@dataclass(slots=True, kw_only=True)
class Trial:
    """What happened, and what of it was wrong."""

    site: Site
    random: Random
    kinds: Collection[str] = ()  #: of faults; empty: all
    hits: list[Hit] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    reading: Reading = field(default_factory=Reading)
    runs: int = 0
    done: int = 0

    def run(self, seconds: float) -> None:
        """Let people train while things fail, for a while; stop at the first wave that suffers."""
        before = Seen.of(self.site)
        undisturbed = self._undisturbed()
        until = time.monotonic() + seconds
        planned = self._planned()
        for number in itertools.count(1):
            if self.wrong or time.monotonic() > until:
                return
            self._wave(number, planned, until, undisturbed, before)

    def _undisturbed(self) -> dict[str, Outcome]:
        read_before = self.site.read_bytes()
        first = Wave(site=self.site)
        first.submit(self.site.people(0), self.site.jobs())
        outcomes = first.outcomes()
        found = {job: outcome for (_, job), outcome in outcomes.items()}
        self.runs += len(outcomes)
        self.reading.undisturbed_bytes = self.site.read_bytes() - read_before
        self.wrong += [f"{job}: {got}" for job, got in found.items() if got.status != "done"]
        return found

    def _wave(
        self,
        number: int,
        planned: Iterator[Fault],
        until: float,
        undisturbed: dict[str, Outcome],
        before: Seen,
    ) -> None:
        wave = Wave(site=self.site)
        people, read_before = self.site.people(number), self.site.read_bytes()
        wave.submit(people, self.site.jobs())
        wave.suffer(planned, self.random, until)
        found = wave.outcomes()
        self.reading.add(len(people), self.site.read_bytes() - read_before)
        self.hits += wave.hits
        self.runs += len(found)
        self.wrong += [
            *checks.outcomes(found, undisturbed),
            *checks.store(self.site, before, self.runs),
            *checks.processes(self.site),
        ]
        done = sum(outcome.status == "done" for outcome in found.values())
        self.done += done
        names = ", ".join(hit.name for hit in wave.hits)
        print(f"wave {number}: {done} of {len(found)} runs done; {names}", flush=True)

    def _planned(self) -> Iterator[Fault]:
        """Yield one fault of every kind in a random order, again and again."""
        while True:
            made = [
                *faults.of_processes(self.site, self.random, (TRAINEE,)),
                *deletions.of_nats(self.site, self.random),
                *self.site.faults(self.random),
            ]
            self.random.shuffle(made)
            yield from (fault for fault in made if not self.kinds or fault.kind in self.kinds)
