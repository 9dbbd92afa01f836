"""Files on their way: read in blocks, written beside and renamed, checked against what was said."""

import base64
import gzip
import hashlib
import io
import os
import tempfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, Self, cast

from mlaas4hep.errors import InvalidRequestError

OnBytes = Callable[[int], None]  #: is told how many more bytes went over the line

_BLOCK = 1024**2
_GZIP = b"\x1f\x8b"


class CutOffError(Exception):
    """An answer is not what it was announced to be."""


def blocks(content: str | Path | bytes, on_bytes: OnBytes | None = None) -> Iterator[bytes]:
    """Yield a file, or bytes, in pieces."""
    if isinstance(content, bytes):
        yield from _counted(iter([content]), on_bytes)
        return
    with Path(content).open("rb") as file:
        yield from _counted(iter(lambda: file.read(_BLOCK), b""), on_bytes)


class CountedFile(io.BufferedReader):
    """A file; somebody is told how many bytes were read of it."""

    def __init__(self, file: BinaryIO, on_bytes: OnBytes | None) -> None:
        super().__init__(cast(io.RawIOBase, file))
        self._on_bytes = on_bytes

    def read(self, size: int | None = -1, /) -> bytes:
        """Return the next bytes."""
        data = super().read(size)
        if self._on_bytes is not None:
            self._on_bytes(len(data))
        return data


def check_target(path: Path) -> None:
    """See whether a file can be written there; nothing is left behind.

    Raises:
        InvalidRequestError: it cannot; the message says why.
    """
    if path.is_dir():
        raise InvalidRequestError(f"{str(path)!r} is a folder", file=str(path))
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}."):
            pass
    except OSError as error:
        raise InvalidRequestError(
            f"{str(path)!r} cannot be written: {str(path.parent)!r}: {error.strerror}",
            file=str(path),
        ) from error


class FileDownload:
    """An answer on its way into a file, which appears when all of it is there and right."""

    block = _BLOCK  #: bytes to take at a time

    def __init__(self, path: Path, on_bytes: OnBytes | None = None) -> None:
        self._path = path
        self._on_bytes = on_bytes
        self._digest = hashlib.sha256()
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        self._file, self._part = os.fdopen(handle, "wb"), Path(name)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Remove what is not finished."""
        self._file.close()
        self._part.unlink(missing_ok=True)

    def add(self, piece: bytes) -> None:
        """Write the next bytes."""
        self._digest.update(piece)
        self._file.write(piece)
        if self._on_bytes is not None:
            self._on_bytes(len(piece))

    def finish(self, *headers: Mapping[str, str]) -> None:
        """Let the file appear.

        Args:
            headers: of the answer, and of those that led to it.

        Raises:
            CutOffError: it is shorter or longer than announced, has another digest, or ends early.
        """
        self._file.close()
        _check(headers, self._part, self._digest.digest())
        self._part.chmod(0o666 & ~_umask())
        self._part.replace(self._path)


def _counted(pieces: Iterator[bytes], on_bytes: OnBytes | None) -> Iterator[bytes]:
    for piece in pieces:
        yield piece
        if on_bytes is not None:
            on_bytes(len(piece))


def _check(headers: Sequence[Mapping[str, str]], part: Path, digest: bytes) -> None:
    size = part.stat().st_size
    announced = headers[0].get("Content-Length", "")
    if announced.isdecimal() and int(announced) != size:
        raise CutOffError(f"{size} bytes came, {announced} were announced")
    wanted = _announced_digest(headers)
    if wanted and wanted != digest:
        raise CutOffError("what came has another sha-256 than was announced")
    if not announced and not wanted:
        _check_end(part)


def _announced_digest(headers: Sequence[Mapping[str, str]]) -> bytes:
    """Return the digest that was announced, by who sent us to the store if need be."""
    digests = (_sha256(each.get("Repr-Digest", "")) for each in headers)
    return next(filter(None, digests), b"")


def _sha256(header: str) -> bytes:
    """Return the SHA-256 of a `Repr-Digest` header (RFC 9530); empty if it names none."""
    for member in header.split(","):
        name, _, value = member.strip().partition("=")
        if name.lower() == "sha-256":
            with suppress(ValueError):
                return base64.b64decode(value.strip(":"), validate=True)
    return b""


def _check_end(part: Path) -> None:
    """See whether a file whose size nobody said is whole: gzip says so at its end."""
    with part.open("rb") as file:
        start = file.read(len(_GZIP))
        if not start:
            raise CutOffError("nothing came")
        if start != _GZIP:
            return
        file.seek(0)
        try:
            with gzip.open(file) as unpacked:
                while unpacked.read(_BLOCK):
                    pass
        except (EOFError, OSError, zlib.error) as error:
            raise CutOffError(f"the tarball breaks off: {error}") from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
