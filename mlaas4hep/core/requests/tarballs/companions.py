"""What lies beside model.py in the tarball and may be imported or read by it: small files, zipped.

Input files and the texts of the request stay out; so does what is large.
"""

import io
import posixpath
import zipfile
from collections.abc import Callable, Iterable, Sequence

from mlaas4hep.core.requests.inputs.files import names_in
from mlaas4hep.core.requests.inputs.globs import (
    MAX_COMPARED_TOGETHER,
    cost,
    is_pattern,
    matching,
)
from mlaas4hep.core.requests.inputs.suffixes import OF_DATA_ALONE
from mlaas4hep.errors import InvalidRequestError

LARGEST = 32 * 1024**2  #: bytes of one file
MOST = 128 * 1024**2  #: bytes of all of them
_TAKEN = ("model.py", "job.json", "checkpoint", "checkpoint.npz", "import.log", "bundle", "plots")


def chosen(sizes: Iterable[tuple[str, int]], listed: str) -> tuple[str, ...]:
    """Return the paths of the files that go with model.py.

    Args:
        sizes: (path, bytes) of all files.
        listed: the text of files.txt or files.json: what it names is an input.
    """
    found: list[str] = []
    left = MOST
    others = [each for each in sorted(sizes) if not _is_taken(each[0])]
    inputs = _named([path for path, _ in others], listed)
    for path, size in others:
        if path in inputs or size > min(LARGEST, left):
            continue
        found.append(path)
        left -= size
    return tuple(found)


def _is_taken(path: str) -> bool:
    """Tell whether a name stands for something else already: data, or what a training writes."""
    return path.split("/", 1)[0] in _TAKEN or path.lower().endswith(OF_DATA_ALONE)


def _named(paths: Sequence[str], listed: str) -> frozenset[str]:
    """Return what a list of files names among these.

    It is nothing if the list is wrong, which others refuse, or to compare it takes too long: then
    inputs that do not look like data go with model.py, too.
    """
    try:
        names = frozenset(map(posixpath.normpath, names_in(listed)))
        patterns = [name for name in names if is_pattern(name)]
        if sum(cost(paths, pattern) for pattern in patterns) > MAX_COMPARED_TOGETHER:
            return frozenset()
        return names.union(*(matching(paths, pattern) for pattern in patterns))
    except InvalidRequestError:
        return frozenset()


def packed(paths: Iterable[str], read: Callable[[str], bytes]) -> bytes:
    """Return a zip of these files, the same for the same content; empty without any."""
    paths = sorted(paths)
    if not paths:
        return b""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            archive.writestr(zipfile.ZipInfo(path), read(path))
    return buffer.getvalue()
