"""How long one death costs: a training alone is undisturbed, then each part is killed once in it."""

from collections.abc import Iterator
from statistics import median

from chaos import faults
from chaos.jobs import timed_job
from chaos.site import TRAINEE, Site
from chaos.wave import Wave

_HIT_AFTER = 5  #: rounds
PARTS = (TRAINEE, "train", "chunk-preprocess", "specs", "dispatcher", "nats")


def measured(site: Site, times: int) -> Iterator[str]:
    """Yield a line for each part: how long until the run went on, and by how much it ended later."""
    jobs = {"timed": timed_job()}
    undisturbed = median(_alone(site, f"calm{n}", jobs) for n in range(times))
    yield f"undisturbed: {undisturbed:.1f} s"
    yield f"{'killed':20}{'stood still (median, worst)':>30}{'lost (median, worst)':>24}"
    for part in PARTS:
        found = [_killed(site, f"{part}{n}", jobs, part) for n in range(times)]
        still = [healed for healed, _ in found]
        lost = [seconds - undisturbed for _, seconds in found]
        yield (
            f"{part:20}{median(still):21.1f}{max(still):9.1f}{median(lost):15.1f}{max(lost):9.1f}"
        )


def _alone(site: Site, person: str, jobs: dict[str, bytes]) -> float:
    wave = Wave(site=site)
    wave.submit([person], jobs)
    wave.wait_for_end()
    return wave.seconds()


def _killed(site: Site, person: str, jobs: dict[str, bytes], part: str) -> tuple[float, float]:
    wave = Wave(site=site)
    wave.submit([person], jobs)
    if part in (TRAINEE, "train", "dispatcher", "nats"):
        wave.wait_for_training(_HIT_AFTER)
    else:
        wave.wait_for(part)
    fault = faults.killed(site, part)
    fault.hit()
    healed = wave.healed(fault).healed_s or 0.0
    wave.wait_for_end()
    return healed, wave.seconds()
