"""The temporary folder of one process, and those that killed processes left behind.

Whatever a process makes with `tempfile` lies in a folder of its own, which it keeps locked (flock,
which ends with its process). A process that starts removes folders that nobody locks.
"""

import fcntl
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

log = logging.getLogger(__name__)

_NEW, _OWN = "mlaas-new-", "mlaas-own-"
_LOCK = ".lock"


@contextmanager
def own_folder(base: Path | None = None) -> Iterator[Path]:
    """Let `tempfile` use a folder of this process while the context lasts, and remove it then."""
    with locked_folder(base) as folder:
        before, tempfile.tempdir = tempfile.tempdir, str(folder)
        try:
            yield folder
        finally:
            tempfile.tempdir = before


@contextmanager
def locked_folder(base: Path | None = None) -> Iterator[Path]:
    """Make a folder that is this process's while the context lasts, and remove it then."""
    base = base or Path(tempfile.gettempdir())
    _remove_those_of_the_dead(base)
    folder, lock = _make_locked(base)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _make_locked(base: Path) -> tuple[Path, int]:
    """Return a new folder and its lock; it gets its name when it is locked."""
    new = Path(tempfile.mkdtemp(prefix=_NEW, dir=base))
    lock = os.open(new / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return new.rename(base / new.name.replace(_NEW, _OWN, 1)), lock


def _remove_those_of_the_dead(base: Path) -> None:
    for folder in base.glob(f"{_OWN}*"):
        with suppress(OSError):
            lock = os.open(folder / _LOCK, os.O_RDWR)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
                log.info("%s is removed: its process is dead", folder)
            finally:
                os.close(lock)
