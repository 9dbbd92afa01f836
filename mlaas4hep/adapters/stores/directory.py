"""`ObjectStore` in a folder: one file per object, safe for several processes and under kill -9."""

import contextlib
import fcntl
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from mlaas4hep.core.keys import checked_key
from mlaas4hep.errors import (
    ConflictError,
    NotFoundError,
    ServiceUnavailableError,
    TooLargeError,
)
from mlaas4hep.ports import ObjectInfo
from mlaas4hep.ports.objects import check_etag

_BLOCK = 1 << 20
_YOUNG_S = 5.0  #: a file that is just being made may not be locked yet


class DirectoryStore:
    """One bucket in the folder `root/bucket`; unfinished writes lie in `root/.incoming`.

    A file is written aside, flushed to the disk and renamed, so that a reader or a crash meets
    the old object or the new one. An object cannot lie below another one (`a` and `a/b`).
    """

    def __init__(self, root: Path, bucket: str) -> None:
        self._folder = root / bucket
        self._incoming = root / ".incoming"
        self._pruning = root / ".pruning"  #: locked by writers, and by who removes empty folders
        with _our_errors(bucket):
            self._folder.mkdir(parents=True, exist_ok=True)
            self._incoming.mkdir(exist_ok=True)
            self._clean()

    def put(self, key: str, data: bytes | memoryview) -> None:
        """Store `data` under `key`, replacing what was there."""
        with self._writing(key) as file:
            file.write(data)

    def put_if(self, key: str, data: bytes, etag: str) -> None:
        """Store `data` if the object is still that of `etag`."""
        with self._writing(key, etag) as file:
            file.write(data)

    def put_file(self, key: str, path: Path) -> None:
        """Store the content of a local file without holding it in memory."""
        with path.open("rb") as source, self._writing(key) as file:
            shutil.copyfileobj(source, file, _BLOCK)

    def put_stream(self, key: str, stream: BinaryIO, limit_bytes: int) -> int:
        """Store a stream of unknown length and return its size in bytes."""
        size = 0
        with self._writing(key) as file:
            while block := stream.read(_BLOCK):
                size += len(block)
                if size > limit_bytes:
                    raise TooLargeError(
                        f"more than the limit of {limit_bytes} bytes came for {key!r}"
                    )
                file.write(block)
        return size

    def get(self, key: str) -> bytes:
        """Return the content."""
        with self.open(key) as file:
            return file.read()

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """Return a stream over the content."""
        with self.local(key) as path, _our_errors(key):
            file = path.open("rb")
        with file:
            yield file

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """Return the object's own file."""
        path = self._path(key)
        if not path.is_file():
            raise NotFoundError(f"there is no object {key!r}")
        yield path

    def info(self, key: str) -> ObjectInfo | None:
        """Return size and etag, or None if there is no such key."""
        return _info(key, self._path(key))

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield what lies below `prefix`, sorted by key."""
        parent = prefix.rpartition("/")[0]
        above = f"{parent}/" if parent else ""
        return self._walk(self._folder / parent, above, prefix)

    def folders(self, prefix: str) -> Iterator[str]:
        """Yield the names of the folders in which something lies; empty ones may be left over."""
        above = self._folder / prefix
        for name in _subfolders(above):
            if _holds_a_file(above / name):
                yield name

    def delete(self, key: str) -> None:
        """Remove an object; a key that is not there is fine."""
        path = self._path(key)
        with _our_errors(key), contextlib.suppress(FileNotFoundError, NotADirectoryError):
            path.unlink()
            self._prune(path)

    def _prune(self, path: Path) -> None:
        """Remove the folders above that are empty now, unless somebody is writing."""
        with self._pruning.open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            for folder in path.relative_to(self._folder).parents[:-1]:
                if not _removed_if_empty(self._folder / folder):
                    break

    def _path(self, key: str) -> Path:
        return self._folder / checked_key(key)

    def _clean(self) -> None:
        """Remove unfinished writes of processes that died: a write is locked while it lasts."""
        oldest = time.time() - _YOUNG_S
        for path in self._incoming.iterdir():
            with contextlib.suppress(FileNotFoundError, BlockingIOError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if path.stat().st_mtime < oldest:
                    path.unlink()

    @contextmanager
    def _writing(self, key: str, etag: str | None = None) -> Iterator[BinaryIO]:
        """Open a file that takes the place of an object, if that is the one of `etag`, at the end."""
        target = self._path(key)
        aside = self._incoming / uuid.uuid4().hex
        try:
            with _our_errors(key), aside.open("xb") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                yield file
                file.flush()
                os.fsync(file.fileno())
                # Exact, later than any before: part of the etag; the clock of the kernel is coarse.
                os.utime(file.fileno(), ns=(time.time_ns(), time.time_ns()))
            with _our_errors(key), self._pruning.open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH if etag is None else fcntl.LOCK_EX)
                if etag is not None:
                    check_etag(key, _info(key, target), etag)
                target.parent.mkdir(parents=True, exist_ok=True)
                aside.replace(target)
                _flush(target.parent)
        finally:
            aside.unlink(missing_ok=True)

    def _walk(self, folder: Path | str, above: str, prefix: str) -> Iterator[ObjectInfo]:
        try:
            with os.scandir(folder) as entries:
                found = {f"{e.name}/" if e.is_dir() else e.name: e for e in entries}
        except (FileNotFoundError, NotADirectoryError):
            return
        for name in sorted(found):
            key = above + name
            if name.endswith("/"):
                if key.startswith(prefix) or prefix.startswith(key):
                    yield from self._walk(found[name].path, key, prefix)
            elif key.startswith(prefix) and (info := _listed(key, found[name])):
                yield info


def _subfolders(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entry.name for entry in entries if entry.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []


def _holds_a_file(folder: Path | str) -> bool:
    below = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if not entry.is_dir():
                    return True
                below.append(entry.path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return any(map(_holds_a_file, below))


def _listed(key: str, entry: "os.DirEntry[str]") -> ObjectInfo | None:
    """Return what the folder knows of a file; a `Path` for each would cost more than the rest."""
    try:
        return _described(key, entry.stat())
    except (FileNotFoundError, NotADirectoryError):
        return None


def _info(key: str, path: Path) -> ObjectInfo | None:
    try:
        stat = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if path.is_dir():
        return None
    return _described(key, stat)


def _described(key: str, stat: os.stat_result) -> ObjectInfo:
    return ObjectInfo(
        key=key,
        size_bytes=stat.st_size,
        etag=f"{stat.st_mtime_ns:x}-{stat.st_ino:x}-{stat.st_size:x}",
        modified_at=stat.st_mtime,
    )


def _flush(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _removed_if_empty(folder: Path) -> bool:
    try:
        folder.rmdir()
    except OSError:  # not empty, or gone already
        return False
    return True


@contextmanager
def _our_errors(key: str) -> Iterator[None]:
    """Translate what the file system says; a full disk may be emptied: try again later."""
    try:
        yield
    except (IsADirectoryError, NotADirectoryError, FileExistsError) as error:
        raise ConflictError(f"object {key!r} would lie above or below another one") from error
    except FileNotFoundError as error:
        raise NotFoundError(f"there is no object {key!r}") from error
    except OSError as error:
        raise ServiceUnavailableError(f"object {key!r}: {error.strerror}") from error
