"""What goes wrong: a fault breaks one thing, and mends what would not mend itself."""

import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import TYPE_CHECKING

from tests.laptops import alive

if TYPE_CHECKING:  # a site names its faults
    from chaos.site import Site

_PAUSED_S = (1.0, 12.0)
_ENDED_S = 60.0
_LOOK_S = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong."""

    kind: str
    part: str
    hit: Callable[[], bool]  #: returns when the outage is over; False: there was nothing to hit

    @property
    def name(self) -> str:
        """Return it in two words."""
        return f"{self.kind} {self.part}"


def of_processes(site: "Site", random: Random, extra: tuple[str, ...] = ()) -> list[Fault]:
    """Return each process killed, paused and told to stop; those of `extra` only the first two."""
    made = []
    for part in (*site.parts, *extra):
        made += [killed(site, part), paused(site, part, random.uniform(*_PAUSED_S))]
    return made + [
        Fault(kind="stop", part=part, hit=partial(_end, site, part, signal.SIGTERM))
        for part in site.parts
    ]


def killed(site: "Site", part: str) -> Fault:
    """Return that a process ends as in a power cut."""
    return Fault(kind="kill", part=part, hit=partial(_end, site, part, signal.SIGKILL))


def paused(site: "Site", part: str, seconds: float) -> Fault:
    """Return that a process hangs for a while."""
    return Fault(kind="pause", part=part, hit=partial(_pause, site, part, seconds))


def _end(site: "Site", part: str, number: signal.Signals) -> bool:
    pid = site.pid(part)
    if not signalled(pid, number):
        return False
    until = time.monotonic() + _ENDED_S
    while pid and alive(pid) and time.monotonic() < until:
        time.sleep(_LOOK_S)
    site.revive(part)
    return True


def _pause(site: "Site", part: str, seconds: float) -> bool:
    pid = site.pid(part)
    if not signalled(pid, signal.SIGSTOP):
        return False
    time.sleep(seconds)
    signalled(pid, signal.SIGCONT)
    return True


def signalled(pid: int | None, number: signal.Signals) -> bool:
    """Send a signal; False if there is no such process."""
    if not pid:
        return False
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True
