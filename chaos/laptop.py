"""The platform of `mlaas4hep up`, and what can only happen to one machine."""

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from random import Random

from chaos import cuts, jobs
from chaos.fault import Fault
from chaos.reading import served
from chaos.site import TRAINEE, Nats
from mlaas4hep import bootstrap
from mlaas4hep.client import Client
from mlaas4hep.client.connections.connection import Connection
from mlaas4hep.ports import Services
from mlaas4hep.settings import Settings
from tests.laptops import Laptop, descendants

FUNCTIONS = ("specs", "chunk-preprocess", "train", "workflow", "predict")
_STEPS = ("specs", "chunk-preprocess", "train", "dispatcher")  #: what is cut off from NATS
_DISK_MIB = 1600  #: NATS reserves a gigabyte of three quarters of it
_FULL_S = (3.0, 8.0)
_FILL = ".filled by chaos"
_MIB = 1 << 20
_ADMIN = "admin"


class LaptopSite:
    """A platform in a folder of its own; after a power cut it is another process."""

    parts = (*FUNCTIONS, "dispatcher", "nats")

    def __init__(self, root: Path, *, with_disk: bool = True) -> None:
        """Start it; with a small disk of its own that can be filled up, if we may mount one."""
        self.state = root / "state"
        self._disk = mounted(self.state, _DISK_MIB) if with_disk else None
        self._cuts = cuts.are_possible()
        if with_disk and self._disk is None:
            print("no disk is filled up: mounting one is not allowed here")
        if not self._cuts:
            print("no connection is cut: iptables or control groups are not allowed here")
        self._flipped: set[str] = set()
        self._until_closed = ExitStack()
        (root / "data").mkdir()
        jobs.put_data(root / "data")
        self._data = self._until_closed.enter_context(served(root / "data"))
        self._laptop = started(self.state)

    def close(self) -> None:
        """End it, and take its disk away."""
        self._laptop.__exit__()
        self._until_closed.close()
        if self._disk is not None:
            unmounted(self._disk)

    def people(self, wave: int) -> Sequence[str]:
        return [f"person{wave}{letter}" for letter in ("ab" if wave else "a")]

    def jobs(self) -> Mapping[str, bytes]:
        return jobs.jobs(self._data.url)

    def read_bytes(self) -> int:
        return self._data.total_bytes

    def pid(self, part: str) -> int | None:
        pids = self._pids()
        if part != TRAINEE:
            return pids.get(part)
        return next((pid for pid in descendants(pids.get("train", 0)) if is_trainee(pid)), None)

    def revive(self, part: str) -> None:
        """Do nothing: the supervisor starts every part again."""

    def client(self, person: str) -> Client:
        connection = Connection(self._laptop.token(person), retries=0)  # the wave asks again
        return Client(f"{self._laptop.urls[0]}/function/workflow", connection=connection)

    def nats(self) -> Nats:
        text = (self.state / "keys" / "nats.conf").read_text()
        found = re.search(
            r'^listen: "(?P<at>[^"]+)"$.*^authorization: (?P<users>.+)$',
            text,
            re.MULTILINE | re.DOTALL,
        )
        if found is None:
            raise ValueError(f"nats.conf of {self.state} is not as we know it")
        users = {each["user"]: each for each in json.loads(found["users"])["users"]}
        return Nats(url=f"nats://{found['at']}", user=_ADMIN, password=users[_ADMIN]["password"])

    def services(self) -> Services:
        return bootstrap.services(Settings(store=(self.state / "store").as_uri()))

    def flipped(self) -> Collection[str]:
        return self._flipped

    def family(self) -> set[int]:
        return descendants(self._laptop.process.pid)

    def faults(self, random: Random) -> list[Fault]:
        made = [
            Fault(kind="power cut", part="of all", hit=self._power_cut),
            Fault(kind="loss", part="of NATS", hit=self._lose_nats),
            Fault(kind="flip", part="in a chunk", hit=self._flip),
        ]
        lasts_s = random.uniform(*_FULL_S)
        if self._disk is not None:
            made.append(Fault(kind="full", part="disk", hit=partial(self._fill, lasts_s)))
        off = cuts.of_network(self, random, _STEPS, "nats", lambda: self.nats().port)
        return made + (off if self._cuts else [])

    def leftovers(self) -> Iterator[str]:
        self._laptop.stop()
        self._laptop = started(self.state)  # removes what those left that were killed
        self._laptop.stop()
        for folder in ("tmp", "store/.incoming"):
            for path in (self.state / folder).iterdir():
                yield f"{path} is left"

    def keep_logs(self, seed: int) -> str:
        kept = Path(tempfile.gettempdir()) / f"mlaas-chaos-{seed}-logs"
        shutil.copytree(self.state / "logs", kept, dirs_exist_ok=True)
        return str(kept)

    def _pids(self) -> dict[str, int]:
        try:
            noted = json.loads((self.state / "children.json").read_text())
        except (OSError, ValueError):
            return {}
        return {name: pid for name, (pid, _) in noted.items()}

    def _power_cut(self) -> bool:
        self._end_all()
        self._laptop = started(self.state)
        return True

    def _lose_nats(self) -> bool:
        self._end_all()
        for path in (self.state / "nats").iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        self._laptop = started(self.state)
        return True

    def _flip(self) -> bool:
        """Flip a bit of the newest chunk."""
        chunks, beside = self.state / "store" / "chunks", self.state / "tmp" / "flipped"
        try:
            newest = max(chunks.rglob("*.chunk"), key=lambda path: path.stat().st_mtime)
            flip_a_bit(newest, beside)
        except (OSError, ValueError):  # there is none, it is gone, or the disk is full
            beside.unlink(missing_ok=True)
            return False
        self._flipped.add(newest.relative_to(chunks).as_posix())
        return True

    def _fill(self, seconds: float) -> bool:
        if self._disk is None:
            return False
        path = self._disk / _FILL
        with contextlib.suppress(OSError), path.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(_MIB))
        time.sleep(seconds)
        path.unlink(missing_ok=True)
        return True

    def _end_all(self) -> None:
        pids = [pid for part in self.parts if (pid := self.pid(part))]
        with contextlib.suppress(ProcessLookupError):
            os.kill(self._laptop.process.pid, signal.SIGKILL)
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, signal.SIGKILL)
        self._laptop.process.wait(60)
        self._laptop.__exit__()


def flip_a_bit(path: Path, beside: Path) -> None:
    """Flip one in the middle of a file, as a bad disk would: who has it open sees nothing of it.

    Args:
        beside: where the file is made that takes its place.
    """
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 8
    beside.write_bytes(data)
    beside.replace(path)


def started(state: Path) -> Laptop:
    """Start a platform in a folder, and return when it is ready."""
    temporary = state / "tmp"
    temporary.mkdir(parents=True, exist_ok=True)
    return Laptop(state, TMPDIR=str(temporary), MLAAS_PLAIN_HTTP="1").__enter__()


def mounted(folder: Path, size_mib: int) -> Path | None:
    """Mount a small disk on a folder; None if we may not."""
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_mib}m,mode=700", "chaos", str(folder)]
    done = subprocess.run(command, capture_output=True, check=False)
    return None if done.returncode else folder


def unmounted(folder: Path) -> None:
    """Take the small disk away."""
    subprocess.run(["umount", "-l", str(folder)], capture_output=True, check=False)


def is_trainee(pid: int) -> bool:
    """Tell whether somebody's model.py runs in a process; what is prepared for that has no folder."""
    process = Path(f"/proc/{pid}")
    try:
        is_one = b"trainers.child.child" in (process / "cmdline").read_bytes()
        return is_one and (process / "cwd").readlink() != Path("/")
    except OSError:
        return False
