"""Tar archives of strangers, read front to back with bounded memory and bounded inflation."""

import io
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import accumulate
from typing import BinaryIO, Self, cast

from mlaas4hep.core.gunzip import gunzip
from mlaas4hep.core.requests.tarballs.attributes import check_attributes, sparse_file
from mlaas4hep.core.requests.tarballs.upload import MAX_MEMBERS, is_litter, member_path
from mlaas4hep.errors import InvalidRequestError, TooLargeError

FREE_BYTES = 64 * 1024**2  #: this much may come out of any archive, however well it packs
MAX_RATIO = 100  #: afterwards, at most this many bytes out of one
MAX_HEADERS = 3 * MAX_MEMBERS  #: of files, folders, links and whatever else
MAX_LONG_BYTES = 8 * 1024**2  #: of long names and attributes, in all headers together
_MAX_GLOBAL = 4  #: headers with attributes of all members
_MAX_CHAIN = 16  #: headers that may say something about one member
_MAX_READ = 2 * 1024**2  #: tarfile reads its long headers at once: none is larger than this
_RECORD, _RECORD_OF_FILE = 512, 100  #: bytes of an upload's record, and of a file besides its names
_STEP = 1024**2
_GZIP_MAGIC = b"\x1f\x8b"
_ATTRIBUTES = (tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE)
#: headers whose content says more about the next member, or about all
_LONG_TYPES = (*_ATTRIBUTES, tarfile.GNUTYPE_LONGNAME, tarfile.GNUTYPE_LONGLINK)
_HOW = "pack it again with: tar -czf luca.tar.gz luca/"


@dataclass(frozen=True, slots=True, kw_only=True)
class PackedFile:
    """One regular file of an archive; its content can be read until the next one is asked for."""

    path: str  #: checked: inside the folder, printable
    size_bytes: int
    content: BinaryIO


def stored_bytes(archive: BinaryIO, max_bytes: int) -> int:
    """Look through a whole tarball; return what its files and the record of them take at most.

    Raises:
        InvalidRequestError, TooLargeError: as `members` does.
    """
    return _RECORD + sum(
        file.size_bytes + 2 * len(file.path.encode("utf-8", "surrogatepass")) + _RECORD_OF_FILE
        for file in members(archive, max_bytes)
    )


def members(archive: BinaryIO, max_bytes: int) -> Iterator[PackedFile]:
    """Yield the regular files of a tar or tar.gz.

    Args:
        archive: seekable, at its start.
        max_bytes: what the archive may hold unpacked.

    Raises:
        InvalidRequestError: it is no such archive, is damaged, or has a member that leaves the
            folder, is a link or a device, or comes twice.
        TooLargeError: it unpacks to more than `max_bytes`, or inflates suspiciously.
    """
    with _our_errors():
        source = _BoundedTar(archive, max_bytes)
        names = _Names()
        headers = _Headers(source)
        with tarfile.open(
            fileobj=cast(BinaryIO, source), mode="r:", tarinfo=headers.counting()
        ) as tar:
            for info in iter(tar.next, None):
                headers.of_member = 0
                tar.members.clear()  # type: ignore[attr-defined]  # tarfile remembers them all
                path = member_path(info.name)
                if not path or info.isdir() or is_litter(path):
                    continue
                _check_kind(info)
                names.add(path)
                content = tar.extractfile(info)
                assert content is not None  # noqa: S101 - it is a regular file
                yield PackedFile(
                    path=path, size_bytes=info.size, content=_InSteps.over(cast(BinaryIO, content))
                )
            source.expect_end(tar.offset)


def _check_kind(info: tarfile.TarInfo) -> None:
    if info.issym() or info.islnk():
        kind = f"a link to {info.linkname!r}"
    elif info.size < 0:
        kind = "smaller than nothing"
    elif not info.isreg():
        kind = "a device or pipe"
    else:
        return
    raise InvalidRequestError(
        f"member {info.name!r} is {kind}",
        stage="upload",
        file=info.name,
        hint="only regular files and folders; `tar --dereference` packs what links point to",
    )


class _Headers:
    """How many headers an archive had so far, also those of which `tarfile` tells nothing."""

    def __init__(self, source: "_BoundedTar") -> None:
        self._source = source
        self.count = 0
        self.of_member = 0  #: since the last member
        self.of_all = 0
        self.long_bytes = 0

    def counting(self) -> type[tarfile.TarInfo]:
        """Return what `tarfile` is to make of each header: the usual value, counted."""

        class CountedHeader(tarfile.TarInfo):
            @classmethod
            def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
                info = super().frombuf(buf, encoding, errors)
                self.add(info)
                return info

        return CountedHeader

    def add(self, info: tarfile.TarInfo) -> None:
        """Count one header; TooLargeError when there are more than anybody needs."""
        self.count += 1
        self.of_member += 1
        self.of_all += info.type == tarfile.XGLTYPE
        if info.type == tarfile.GNUTYPE_SPARSE:  # its map may be as long as the tarball
            raise sparse_file(info.name)
        if info.type in _LONG_TYPES:
            self.long_bytes += info.size
            self._source.reads_attributes = info.type in _ATTRIBUTES
        too_many = self.of_member > _MAX_CHAIN or self.of_all > _MAX_GLOBAL
        if self.count > MAX_HEADERS or too_many:
            raise TooLargeError(
                f"more than {MAX_HEADERS} headers in the tarball, {_MAX_CHAIN} for one member,"
                f" or {_MAX_GLOBAL} for all",
                stage="upload",
                hint=_HOW,
            )
        if self.long_bytes > MAX_LONG_BYTES:
            raise TooLargeError(
                f"more than {MAX_LONG_BYTES} bytes of long names and attributes in the tarball",
                stage="upload",
                hint=_HOW,
            )


class _Names:
    """The paths seen so far: none twice, none both a file and a folder."""

    def __init__(self) -> None:
        self._files: set[str] = set()
        self._folders: set[str] = set()

    def add(self, path: str) -> None:
        parents = list(accumulate(path.split("/")[:-1], "{}/{}".format))
        taken = path in self._files or path in self._folders
        if taken or not self._files.isdisjoint(parents):
            raise InvalidRequestError(
                f"member {path!r} is in the tarball twice", stage="upload", file=path, hint=_HOW
            )
        if len(self._files) >= MAX_MEMBERS:
            raise TooLargeError(f"more than {MAX_MEMBERS} files in the tarball", stage="upload")
        self._files.add(path)
        self._folders.update(parents)


class _BoundedTar:
    """The plain tar inside an archive, as `tarfile` reads it, stopped when it grows too large."""

    def __init__(self, archive: BinaryIO, max_bytes: int) -> None:
        packed = archive.read(2) == _GZIP_MAGIC
        archive.seek(0)
        self._archive = archive
        self._plain = gunzip(archive) if packed else archive
        self._packed = packed
        self._max_bytes = max_bytes
        self._last = b""
        self.reads_attributes = False  #: what is read next

    def tell(self) -> int:
        return self._plain.tell()

    def seek(self, position: int) -> int:
        while self._packed and self.tell() < position:
            if not self.read(min(_STEP, position - self.tell())):
                return self.tell()
        return self._plain.seek(position)

    def read(self, size: int) -> bytes:
        if not 0 <= size <= _MAX_READ:
            raise InvalidRequestError(
                f"a header of {size} bytes in the tarball", stage="upload", hint=_HOW
            )
        self._last = self._plain.read(size)
        self._check(self.tell())
        if self.reads_attributes:
            self.reads_attributes = False
            check_attributes(self._last)
        return self._last

    def _check(self, unpacked: int) -> None:
        if unpacked > self._max_bytes:
            raise TooLargeError(
                f"the tarball unpacks to more than {self._max_bytes} bytes", stage="upload"
            )
        if unpacked > FREE_BYTES and unpacked > MAX_RATIO * self._archive.tell():
            raise TooLargeError(
                f"the tarball inflates to more than {MAX_RATIO} times its size",
                stage="upload",
                hint="ROOT files hardly shrink: is there a file full of zeros?",
            )

    def expect_end(self, offset: int) -> None:
        """Read to the end: a damaged header looks like the end of the archive to `tarfile`."""
        blocks = self._last
        if len(blocks) < tarfile.BLOCKSIZE:
            raise tarfile.ReadError("it ends too early")
        while blocks:
            if blocks.strip(b"\0"):
                raise tarfile.ReadError(f"no header can be read at byte {offset}")
            blocks = self.read(_STEP)


class _InSteps(io.RawIOBase):
    """The content of one member, read in pieces that `_BoundedTar` allows."""

    def __init__(self, content: BinaryIO) -> None:
        super().__init__()
        self._content = content

    @classmethod
    def over(cls, content: BinaryIO) -> BinaryIO:
        return cast(BinaryIO, io.BufferedReader(cls(content), buffer_size=_STEP))

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "memoryview") -> int:  # type: ignore[override]
        with _our_errors():
            data = self._content.read(min(len(buffer), _STEP))
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def _our_errors() -> Iterator[None]:
    try:
        yield
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise InvalidRequestError(
            f"this is not a tarball, or it is damaged: {error}", stage="upload", hint=_HOW
        ) from error
    except (ValueError, OverflowError) as error:  # numbers in headers that are none
        raise InvalidRequestError(
            f"the tarball has a header that cannot be read: {error}", stage="upload", hint=_HOW
        ) from error
