"""What one fault costs: a training alone is undisturbed, then something befalls it once."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median

from chaos import faults
from chaos.fault import Fault
from chaos.jobs import timed_job
from chaos.site import TRAINEE, Site
from chaos.wave import Wave

_HIT_AFTER = 100  #: rounds of 1800
_HANGS_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What befalls a run, when, and for how long by itself."""

    fault: Fault
    stage: str = "train"  #: in which it happens
    outage_s: float = 0.0


def measured(site: Site, times: int) -> Iterator[str]:
    """Yield a line for each case: how long until the run went on, and by how much it ended later.

    What the fault lasts by itself counts for neither.
    """
    numbers = itertools.count()
    undisturbed = median(_struck(site, next(numbers), ())[1] for _ in range(times))
    yield f"undisturbed: {undisturbed:.1f} s"
    yield f"{'':20}{'stood still (median, worst)':>30}{'ended later (median, worst)':>30}"
    for case in _cases(site):
        found = [_struck(site, next(numbers), [case]) for _ in range(times)]
        yield _row(case.fault.name, found, undisturbed + case.outage_s)
    every = [case for case in _cases(site) if not case.outage_s and case.stage == "train"]
    yield _row("all kills of these", [_struck(site, next(numbers), every)], undisturbed)


def _cases(site: Site) -> Sequence[Case]:
    kill = partial(faults.killed, site)
    hung = [faults.paused(site, part, _HANGS_S) for part in ("dispatcher", "nats")]
    return [
        *(Case(fault=kill(part)) for part in (TRAINEE, "train", "workflow", "dispatcher", "nats")),
        *(Case(fault=kill(part), stage=part) for part in ("specs", "chunk-preprocess")),
        *(Case(fault=fault, outage_s=_HANGS_S) for fault in hung),
    ]


def _row(name: str, found: Sequence[tuple[float, float]], expected_s: float) -> str:
    still = [healed for healed, _ in found]
    later = [seconds - expected_s for _, seconds in found]
    figures = (median(still), max(still), median(later), max(later))
    return "{:20}{:21.1f}{:9.1f}{:21.1f}{:9.1f}".format(name, *figures)


def _struck(site: Site, number: int, cases: Sequence[Case]) -> tuple[float, float]:
    """Return how long the run stood still at most, and how long it took in all.

    Args:
        number: of the data; another one each time, so that nothing lies ready.
    """
    wave = Wave(site=site)
    wave.submit(site.people(0)[:1], {"timed": timed_job(number)})
    still = 0.0
    for times, case in enumerate(cases, start=1):
        if case.stage == "train":
            wave.wait_for_training(_HIT_AFTER * times)
        else:
            wave.wait_for(case.stage)
        case.fault.hit()
        still = max(still, wave.longest_pause())
    wave.wait_for_end()
    return still, wave.seconds()
