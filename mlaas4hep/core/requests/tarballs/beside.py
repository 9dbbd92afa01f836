"""What lies beside model.py in the tarball and may be imported or read by it: small files, zipped.

Input files and the texts of the request stay out; so does what is large.
"""

import io
import posixpath
import zipfile
from collections.abc import Callable, Iterable

from mlaas4hep.core.requests.inputs.files import names_in
from mlaas4hep.core.requests.inputs.globs import is_pattern, matches
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
    names = _names(listed)
    patterns = [name for name in names if is_pattern(name)]
    for path, size in sorted(sizes):
        top = path.split("/", 1)[0]
        named = path in names or any(matches(path, pattern) for pattern in patterns)
        is_input = named or path.lower().endswith(OF_DATA_ALONE)
        if top in _TAKEN or is_input or size > min(LARGEST, left):
            continue
        found.append(path)
        left -= size
    return tuple(found)


def _names(listed: str) -> frozenset[str]:
    """Return the names and patterns of a list of files; of a wrong one, which others refuse, none."""
    try:
        return frozenset(map(posixpath.normpath, names_in(listed)))
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
