"""Tarballs of what lies on this machine."""

import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mlaas4hep.errors import InvalidRequestError


@contextmanager
def packed(files: Mapping[str, Path]) -> Iterator[Path]:
    """Give a tarball with these files under these names; ROOT files hardly shrink: it is plain."""
    with tempfile.TemporaryDirectory(prefix="mlaas4hep-") as work:
        tarball = Path(work) / "files.tar"
        with tarfile.open(tarball, mode="w", dereference=True) as tar:
            for name, path in files.items():
                tar.add(path, arcname=name)
        yield tarball


def files_of(folder: Path) -> dict[str, Path]:
    """Return what to pack of a folder: every file, besides those that are hidden.

    Raises:
        InvalidRequestError: there is none.
    """
    found = {
        str(path.relative_to(folder)): path for path in sorted(folder.rglob("*")) if path.is_file()
    }
    shown = {
        name: path
        for name, path in found.items()
        if not any(part.startswith(".") for part in Path(name).parts)
    }
    if not shown:
        raise InvalidRequestError(f"there is nothing to pack in {str(folder)!r}")
    return shown
