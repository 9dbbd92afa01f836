"""Processes that die, end and hang."""

import os
import signal
import time
from functools import partial
from random import Random

from chaos.fault import Fault
from chaos.site import Site
from tests.laptops import alive

_PAUSED_S = (1.0, 12.0)
_ENDED_S = 60.0
_LOOK_S = 0.05


def of_processes(site: Site, random: Random, extra: tuple[str, ...] = ()) -> list[Fault]:
    """Return each process killed, paused and told to stop; those of `extra` only the first two."""
    made = []
    for part in (*site.parts, *extra):
        made += [killed(site, part), paused(site, part, random.uniform(*_PAUSED_S))]
    return made + [
        Fault(kind="stop", part=part, hit=partial(_end, site, part, signal.SIGTERM))
        for part in site.parts
    ]


def killed(site: Site, part: str) -> Fault:
    """Return that a process ends as in a power cut."""
    return Fault(kind="kill", part=part, hit=partial(_end, site, part, signal.SIGKILL))


def paused(site: Site, part: str, seconds: float) -> Fault:
    """Return that a process hangs for a while."""
    return Fault(kind="pause", part=part, hit=partial(_pause, site, part, seconds))


def _end(site: Site, part: str, number: signal.Signals) -> bool:
    pid = site.pid(part)
    if not signalled(pid, number):
        return False
    until = time.monotonic() + _ENDED_S
    while pid and alive(pid) and time.monotonic() < until:
        time.sleep(_LOOK_S)
    site.revive(part)
    return True


def _pause(site: Site, part: str, seconds: float) -> bool:
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
