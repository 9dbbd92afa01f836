"""The plain bytes of a text file: as they lie there, or inflated into a nameless file once."""

import tempfile
from collections.abc import Callable
from typing import Any, BinaryIO, cast

import pyarrow as pa

from mlaas4hep.adapters.sources.columnar.inflation import STEP_BYTES, check_inflated
from mlaas4hep.adapters.sources.columnar.table import Opening
from mlaas4hep.adapters.sources.places.place import shown
from mlaas4hep.core.gunzip import gunzip
from mlaas4hep.errors import InvalidRequestError


def _zstd(file: BinaryIO) -> Any:
    return pa.CompressedInputStream(pa.PythonFile(file, "r"), "zstd")


_CODECS: dict[bytes, Callable[[BinaryIO], Any]] = {
    b"\x1f\x8b": gunzip,  # pyarrow's takes a short file that is cut for a whole one
    b"\x28\xb5\x2f\xfd": _zstd,
}


def plain(opening: Opening) -> tuple[BinaryIO, int]:
    """Return the plain bytes of a file and their number.

    Raises:
        TooLargeError: it inflates to more than is reasonable.
    """
    first = opening.file.read(4) or b""
    opening.file.seek(0)
    for mark, codec in _CODECS.items():
        if first.startswith(mark):
            return _inflated(opening, codec)
    if first[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in first:
        raise InvalidRequestError(
            f"{shown(opening.place.url)} is not a text in UTF-8", hint="write it as UTF-8"
        )
    return cast(BinaryIO, opening.file), opening.place.size_bytes


def _inflated(opening: Opening, codec: Callable[[BinaryIO], Any]) -> tuple[BinaryIO, int]:
    size = 0
    target = tempfile.TemporaryFile(prefix="mlaas-plain-")  # noqa: SIM115 - the stack closes it
    opening.stack.enter_context(target)
    with codec(cast(BinaryIO, opening.file)) as stream:
        while data := stream.read(STEP_BYTES):
            size += len(data)
            check_inflated(opening.place, size)
            target.write(data)
    return cast(BinaryIO, target), size
