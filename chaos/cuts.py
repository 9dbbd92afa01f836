"""Network cuts: packets between a process and a port are dropped, and nobody is told.

A process with a network of its own (a container) is cut off there. Others share a network: what
they open during the cut is known by a control group, what was open before by its ports.
"""

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from random import Random

from chaos.fault import Fault
from chaos.site import Site
from tests.laptops import descendants

_CUT_S = (2.0, 20.0)
_GROUPS = (Path("/sys/fs/cgroup/unified"), Path("/sys/fs/cgroup"))
_TCP = ("-p", "tcp")
_DROPPED = ("-j", "DROP")

Rule = Sequence[str]


def are_possible() -> bool:
    """Tell whether this machine lets us drop packets of one process."""
    rule = (*_TCP, "-d", "127.255.255.254", "--dport", "1", *_DROPPED)
    try:
        with _group(()) as group, _rules([(*_of_group(group), *rule)]):
            return True
    except (OSError, subprocess.CalledProcessError):
        return False


def of_network(
    site: Site, random: Random, parts: Sequence[str], far: str, port: Callable[[], int]
) -> list[Fault]:
    """Return each of some parts cut off from the server called `far`, which listens at a port."""
    return [
        Fault(
            kind="cut",
            part=f"{part} from {far}",
            hit=partial(_cut, site, part, port, random.uniform(*_CUT_S)),
        )
        for part in parts
    ]


def _cut(site: Site, part: str, port: Callable[[], int], seconds: float) -> bool:
    pid = site.pid(part)
    if not pid:
        return False
    with _cut_off(pid, port()):
        time.sleep(seconds)
    return True


@contextmanager
def _cut_off(pid: int, port: int) -> Iterator[None]:
    towards = (*_TCP, "--dport", str(port))
    if _network(pid) != _network(os.getpid()):
        away = ("nsenter", f"--net=/proc/{pid}/ns/net")
        with _rules([(*towards, *_DROPPED)], away):
            yield
        return
    family = descendants(pid)
    with ExitStack() as stack:
        group = stack.enter_context(_group(family))
        open_ports = _open_ports(family, port)
        old = [(*towards, "--sport", own, *_DROPPED) for own in open_ports]
        back = [(*_TCP, "--sport", str(port), "--dport", own, *_DROPPED) for own in open_ports]
        stack.enter_context(_rules([(*_of_group(group), *towards, *_DROPPED), *old, *back]))
        yield


@contextmanager
def _rules(rules: Sequence[Rule], inside: Sequence[str] = ()) -> Iterator[None]:
    """Let the kernel drop what leaves and fits one of the rules, while the context lasts."""
    with ExitStack() as stack:
        for rule in rules:
            command = [*inside, "iptables", "--wait", "-I", "OUTPUT", *rule]
            subprocess.run(command, check=True, capture_output=True)
            command = [*inside, "iptables", "--wait", "-D", "OUTPUT", *rule]
            stack.callback(subprocess.run, command, check=False, capture_output=True)
        yield


@contextmanager
def _group(pids: Sequence[int] | set[int]) -> Iterator[Path]:
    """Put processes into a control group of their own while the context lasts."""
    top = next((path for path in _GROUPS if (path / "cgroup.procs").exists()), _GROUPS[0])
    group = top / f"mlaas-chaos-{os.getpid()}"  # OSError where there are none
    group.mkdir()
    try:
        _move(pids, group)
        yield group
    finally:
        _move([int(pid) for pid in (group / "cgroup.procs").read_text().split()], top)
        group.rmdir()


def _move(pids: Sequence[int] | set[int], group: Path) -> None:
    for pid in pids:
        try:
            (group / "cgroup.procs").write_text(str(pid))
        except ProcessLookupError:
            continue


def _of_group(group: Path) -> Rule:
    return ("-m", "cgroup", "--path", group.name)


def _open_ports(pids: set[int], port: int) -> list[str]:
    """Return the own ports of the connections that some processes have to a port."""
    asked = ["ss", "--tcp", "--numeric", "--processes", "--no-header", f"dport = :{port}"]
    told = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    return [
        line.split()[3].rpartition(":")[2]
        for line in told.splitlines()
        if pids.intersection(int(pid) for pid in re.findall(r"pid=(\d+)", line))
    ]


def _network(pid: int) -> str:
    return str(Path(f"/proc/{pid}/ns/net").readlink())
