"""Copies of remote objects in a folder of bounded size, shared by the processes of a machine.

A copy that is in use is locked (flock, which ends with its process), and so never removed.
"""

import fcntl
import hashlib
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, BinaryIO

_BLOCK = 1 << 20
_LOCK = ".lock"


class FileCache:
    """`folder/ab/cdef…/name` holds one version of one object; the least recently used goes."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes

    @contextmanager
    def file(
        self,
        version: tuple[str, ...],
        name: str,
        size_bytes: int,
        download: Callable[[], AbstractContextManager[BinaryIO]],
    ) -> Iterator[Path]:
        """Return a file with the content of `version`, and keep it while the context lasts."""
        digest = hashlib.sha256("\0".join(version).encode()).hexdigest()
        folder = self._folder / digest[:2] / digest[2:34]
        path = folder / name
        with _locked(folder, fcntl.LOCK_SH):
            if path.is_file():
                os.utime(path)
            else:
                self._make_room(size_bytes)
                with download() as source:
                    _write(path, source)
            yield path

    def _make_room(self, size_bytes: int) -> None:
        copies = sorted(
            (stat.st_mtime, stat.st_size, path)
            for path in self._folder.glob("*/*/*")
            if path.name != _LOCK and (stat := _stat(path))
        )
        excess = sum(size for _, size, _ in copies) + size_bytes - self._limit_bytes
        for _, size, path in copies:
            if excess <= 0:
                break
            if _removed(path.parent):
                excess -= size


@contextmanager
def _locked(folder: Path, how: int) -> Iterator[None]:
    """Hold the lock of a copy's folder; made again if somebody removed it in between."""
    while (lock := _lock(folder, how)) is None:
        pass
    with lock:
        yield


def _lock(folder: Path, how: int) -> IO[str] | None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / _LOCK
    try:
        file = path.open("w")
    except FileNotFoundError:
        return None
    fcntl.flock(file, how)
    if _is_there(file, path):
        return file
    file.close()
    return None


def _is_there(file: IO[str], path: Path) -> bool:
    stat = _stat(path)
    return stat is not None and stat.st_ino == os.fstat(file.fileno()).st_ino


def _stat(path: Path) -> os.stat_result | None:
    try:
        return path.stat()
    except FileNotFoundError:
        return None


def _write(path: Path, source: BinaryIO) -> None:
    partial = path.with_name(f"{uuid.uuid4().hex}.part")
    try:
        with partial.open("xb") as file:
            shutil.copyfileobj(source, file, _BLOCK)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _removed(folder: Path) -> bool:
    """Remove a copy unless somebody uses it."""
    try:
        with (folder / _LOCK).open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
    except (FileNotFoundError, BlockingIOError):
        return False
    return True
