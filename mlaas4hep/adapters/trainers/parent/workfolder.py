"""The folder of one training, which a hostile model.py may leave in any state."""

import os
import secrets
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path


@contextmanager
def work_folder() -> Iterator[Path]:
    """Give a new folder, and remove it with all that lies in it, however deep."""
    folder = Path(tempfile.mkdtemp(prefix="mlaas-"))
    try:
        yield folder
    finally:
        remove(folder)


def remove(folder: Path) -> None:
    """Remove a folder that nobody uses any more; no path in it is followed.

    Folders in folders are first moved up to the top, so that neither the stack nor the length of
    a path has to grow with the depth. What cannot be removed is left.
    """
    top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        _empty(top)
    finally:
        os.close(top)
    with suppress(OSError):
        folder.rmdir()


def _empty(top: int) -> None:
    prefix = f".lifted-{secrets.token_hex(8)}-"  # no program could foresee it
    fresh = (f"{prefix}{number}" for number in count())
    names = os.listdir(top)
    while names:
        name = names.pop()
        with suppress(OSError):
            if not stat.S_ISDIR(os.stat(name, dir_fd=top, follow_symlinks=False).st_mode):
                os.unlink(name, dir_fd=top)
                continue
            names += _lift(top, name, fresh)
            os.rmdir(name, dir_fd=top)


def _lift(top: int, name: str, fresh: Iterator[str]) -> list[str]:
    """Empty one folder at the top; return the new names of the folders that were in it."""
    os.chmod(name, 0o700, dir_fd=top)
    lifted = []
    place = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
    try:
        for each in os.listdir(place):  # noqa: PTH208 - Path takes no descriptor
            with suppress(OSError):
                if stat.S_ISDIR(os.stat(each, dir_fd=place, follow_symlinks=False).st_mode):
                    os.chmod(each, 0o700, dir_fd=place)
                    new = next(fresh)
                    os.rename(each, new, src_dir_fd=place, dst_dir_fd=top)
                    lifted.append(new)
                else:
                    os.unlink(each, dir_fd=place)
    finally:
        os.close(place)
    return lifted
