"""The folder in which a laptop platform keeps everything, and who may use it now."""

import fcntl
import json
import logging
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import platformdirs

from mlaas4hep.errors import ConflictError

log = logging.getLogger(__name__)


def default_folder() -> Path:
    """Return the state folder in the user's data directory."""
    return Path(platformdirs.user_data_dir("mlaas4hep", appauthor=False))


@dataclass(frozen=True, slots=True)
class State:
    """One state folder; only its owner can look inside."""

    root: Path

    def folder(self, name: str) -> Path:
        """Return a folder inside: store, nats, keys, logs, cache, functions."""
        path = self.root / name
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    def write_secret(self, name: str, text: str) -> Path:
        """Write a file that only its owner can read, and return its path."""
        path = self.folder("keys") / name
        partial = path.with_name(f".{name}.{os.getpid()}")
        partial.unlink(missing_ok=True)
        with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
        partial.replace(path)
        return path

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only platform in this folder; what a dead one left running is killed.

        Raises:
            ConflictError: another platform uses the folder.
        """
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.root / "lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                file.seek(0)
                raise ConflictError(
                    f"{self.root} is used by another `mlaas4hep up`, process {file.read().strip()}",
                    hint="stop that one, or give this one a folder of its own with --state",
                ) from error
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            self._kill_leftovers()
            yield
            self._children.unlink(missing_ok=True)
            self._address.unlink(missing_ok=True)

    def note_children(self, pids: Mapping[str, int]) -> None:
        """Write down who runs, for the case that this process is killed."""
        entries = {name: [pid, _birth(pid)] for name, pid in pids.items()}
        partial = self._children.with_suffix(".part")
        try:
            partial.write_text(json.dumps(entries), encoding="utf-8")
            partial.replace(self._children)
        except OSError as error:  # the disk is full; who dies with its parent needs no note
            log.warning("%s cannot be written: %s", self._children, error.strerror)
            partial.unlink(missing_ok=True)

    def note_address(self, url: str) -> None:
        """Write down where the gateway is, for commands of other terminals."""
        try:
            self._address.write_text(url, encoding="utf-8")
        except OSError as error:  # the disk is full; commands can be told the address
            log.warning("%s cannot be written: %s", self._address, error.strerror)

    def address(self) -> str:
        """Return where the gateway of the platform in this folder is; empty if none has said so."""
        try:
            return self._address.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""

    @property
    def _address(self) -> Path:
        return self.root / "address"

    @property
    def _children(self) -> Path:
        return self.root / "children.json"

    def _kill_leftovers(self) -> None:
        try:
            entries = json.loads(self._children.read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            return
        for pid, birth in entries.values():
            if birth and _birth(pid) == birth:
                kill_group(pid)
        self._children.unlink(missing_ok=True)


def kill_group(pid: int) -> None:
    """Kill a process that leads a group, and all in the group."""
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _birth(pid: int) -> str:
    """Return when a process was born, in ticks since boot: with the pid it names one process."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]
