"""A disk of a few megabytes, for tests that fill it up."""

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chaos.laptop import mounted, unmounted


@contextmanager
def small_disk(folder: Path, size_mib: int) -> Iterator[Path]:
    """Mount it on a new folder, or skip where nobody may."""
    if mounted(folder, size_mib) is None:
        pytest.skip("no disk may be mounted here")
    try:
        yield folder
    finally:
        unmounted(folder)


def fill(disk: Path) -> Path:
    """Leave no page of a disk; return the file that fills it."""
    path = disk / "filler"
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12):
            with contextlib.suppress(OSError):
                while True:
                    file.write(bytes(size))
    return path
