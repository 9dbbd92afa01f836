"""The processes of a laptop platform that can be hit, and what hits them."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.laptops import Laptop, descendants

FUNCTIONS = ("specs", "chunk-preprocess", "train", "workflow", "predict")
PARTS = (*FUNCTIONS, "dispatcher", "nats")
TRAINEE = "trainee"  #: the process in which somebody's model.py runs
_PAUSED_S = (1.0, 12.0)
_FULL_S = (3.0, 8.0)
_FILL = ".filled by chaos"
_MIB = 1 << 20


@dataclass(slots=True, kw_only=True)
class Ground:
    """A platform under fire: it may be another process after a power cut."""

    state: Path
    laptop: Laptop
    disk: Path | None  #: a file system of its own with the store on it, if we may mount one

    def pid(self, part: str) -> int | None:
        """Return the process of a part; None if it is not there now."""
        pids = self._pids()
        if part != TRAINEE:
            return pids.get(part)
        return next((pid for pid in descendants(pids.get("train", 0)) if _is_trainee(pid)), None)

    def _pids(self) -> dict[str, int]:
        try:
            noted = json.loads((self.state / "children.json").read_text())
        except (OSError, ValueError):
            return {}
        return {name: pid for name, (pid, _) in noted.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing that goes wrong."""

    kind: str
    part: str
    lasts_s: float = 0.0
    hit: Callable[[Ground, "Fault"], bool]  #: False: there was nothing to hit

    @property
    def name(self) -> str:
        """Return it in two words."""
        return f"{self.kind} {self.part}"


def faults(random: Random, *, with_disk: bool) -> "list[Fault]":
    """Return one fault of every kind in a random order; the seed decides all of it."""
    made = [Fault(kind="kill", part=part, hit=kill) for part in (*PARTS, TRAINEE)]
    made += [
        Fault(kind="pause", part=part, lasts_s=random.uniform(*_PAUSED_S), hit=_pause)
        for part in (*PARTS, TRAINEE)
    ]
    made += [Fault(kind="stop", part=part, hit=_stop) for part in PARTS]
    made += [Fault(kind="power cut", part="of all", hit=_power_cut)]
    made += [Fault(kind="loss", part="of NATS", hit=_lose_nats)]
    made += [Fault(kind="flip", part="in a chunk", hit=_flip)]
    if with_disk:
        lasts = random.uniform(*_FULL_S)
        made += [Fault(kind="full", part="disk", lasts_s=lasts, hit=_fill)]
    random.shuffle(made)
    return made


def kill(ground: Ground, fault: Fault) -> bool:
    """End a process as a power cut would."""
    return _signalled(ground.pid(fault.part), signal.SIGKILL)


def _stop(ground: Ground, fault: Fault) -> bool:
    return _signalled(ground.pid(fault.part), signal.SIGTERM)


def _pause(ground: Ground, fault: Fault) -> bool:
    pid = ground.pid(fault.part)
    if not _signalled(pid, signal.SIGSTOP):
        return False
    time.sleep(fault.lasts_s)
    _signalled(pid, signal.SIGCONT)
    return True


def _power_cut(ground: Ground, _fault: Fault) -> bool:
    _end_all(ground)
    _start_again(ground)
    return True


def _lose_nats(ground: Ground, _fault: Fault) -> bool:
    _end_all(ground)
    for path in (ground.state / "nats").iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    _start_again(ground)
    return True


def _flip(ground: Ground, _fault: Fault) -> bool:
    """Flip a bit in the middle of the newest chunk, as a bad disk would."""
    chunks = list((ground.state / "store" / "chunks").rglob("*.chunk"))
    with contextlib.suppress(OSError, ValueError):
        newest = max(chunks, key=lambda path: path.stat().st_mtime)
        with newest.open("r+b") as file:
            file.seek(newest.stat().st_size // 2)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 8]))
        return True
    return False


def _fill(ground: Ground, fault: Fault) -> bool:
    if ground.disk is None:
        return False
    path = ground.disk / _FILL
    with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(_MIB))
    time.sleep(fault.lasts_s)
    path.unlink(missing_ok=True)
    return True


def _end_all(ground: Ground) -> None:
    pids = [pid for part in PARTS if (pid := ground.pid(part))]
    with contextlib.suppress(ProcessLookupError):
        os.kill(ground.laptop.process.pid, signal.SIGKILL)
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
    ground.laptop.process.wait(60)
    ground.laptop.__exit__()


def _start_again(ground: Ground) -> None:
    ground.laptop = start(ground.state)


def start(state: Path) -> Laptop:
    """Start a platform in a folder, and return when it is ready."""
    temporary = state / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    return Laptop(state, TMPDIR=str(temporary)).__enter__()


def mounted(folder: Path, size_mib: int) -> Path | None:
    """Mount a small disk on a folder; None if we may not.

    NATS, which reserves more than that, lies beside it.
    """
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_mib}m,mode=700", "chaos", str(folder)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode:
        return None
    (folder.parent / "nats").mkdir()
    (folder / "nats").symlink_to(folder.parent / "nats")
    return folder


def unmounted(folder: Path) -> None:
    """Take the small disk away."""
    subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)


def _signalled(pid: int | None, number: signal.Signals) -> bool:
    if not pid:
        return False
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def _is_trainee(pid: int) -> bool:
    try:
        return b"trainers.child.child" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
