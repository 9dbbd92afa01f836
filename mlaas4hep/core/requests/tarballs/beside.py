"""What lies beside model.py in the tarball and may be imported or read by it: small files, zipped.

Input files and the texts of the request stay out; so does what is large.
"""

import io
import zipfile
from collections.abc import Callable, Iterable

LARGEST = 32 * 1024**2  #: bytes of one file
MOST = 128 * 1024**2  #: bytes of all of them
_INPUTS = (".root", ".parquet", ".h5py", ".avro", ".csv", ".npz", ".arrow", ".feather")
_TAKEN = ("model.py", "job.json", "checkpoint", "checkpoint.npz", "import.log", "bundle", "plots")


def chosen(sizes: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    """Return the paths of the files that go with model.py; `sizes` are (path, bytes)."""
    found: list[str] = []
    left = MOST
    for path, size in sorted(sizes):
        top = path.split("/", 1)[0]
        if top in _TAKEN or path.lower().endswith(_INPUTS) or size > min(LARGEST, left):
            continue
        found.append(path)
        left -= size
    return tuple(found)


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
