"""Objects by key: what the steps store and find again, and uploads past the functions."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from mlaas4hep.errors import ConflictError


@dataclass(frozen=True, slots=True, kw_only=True)
class ObjectInfo:
    """What a store knows about an object without reading it."""

    key: str
    size_bytes: int
    etag: str  #: changes whenever other content is written
    modified_at: float  #: seconds since the epoch, UTC


def check_etag(key: str, found: ObjectInfo | None, etag: str) -> None:
    """Refuse to write over an object that is not that of `etag`; see `ObjectStore.put_if`."""
    if (found.etag if found else "") != etag:
        raise ConflictError(f"object {key!r} was written by somebody else meanwhile")


class ObjectStore(Protocol):
    """One bucket. Writes are atomic: a reader sees the old object or the new one, never a part.

    Keys are `a/b/c` without `..`, empty parts or a leading slash (InvalidRequestError).
    Every method raises ServiceUnavailableError when the store does not answer.
    """

    def put(self, key: str, data: bytes | memoryview) -> None:
        """Store `data` under `key`, replacing what was there."""

    def put_if(self, key: str, data: bytes, etag: str) -> None:
        """Store `data` under `key` if the object there is still that of `etag`.

        Args:
            key: of the object.
            data: its new content.
            etag: as `info` told it; empty: there is no such object.

        Raises:
            ConflictError: somebody else wrote it meanwhile; nothing is stored.
        """

    def put_file(self, key: str, path: Path) -> None:
        """Store the content of a local file without holding it in memory."""

    def put_stream(self, key: str, stream: BinaryIO, limit_bytes: int) -> int:
        """Store a stream of unknown length and return its size in bytes.

        Raises:
            TooLargeError: more than `limit_bytes` came; nothing is stored.
        """

    def get(self, key: str) -> bytes:
        """Return the content.

        Raises:
            NotFoundError: there is no such key.
        """

    def open(self, key: str) -> AbstractContextManager[BinaryIO]:
        """Return a stream over the content, for objects too large for memory; NotFoundError."""

    def local(self, key: str) -> AbstractContextManager[Path]:
        """Return a local file with the content while the context lasts; NotFoundError.

        It must not be changed. A directory store gives its own file, others a cached copy.
        """

    def info(self, key: str) -> ObjectInfo | None:
        """Return size and etag, or None if there is no such key."""

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield what lies below `prefix`, sorted by key."""

    def folders(self, prefix: str) -> Iterator[str]:
        """Yield each name `b` of which keys `prefix` + `b/…` are there, without going through these.

        Args:
            prefix: empty, or the beginning of keys up to a slash: `a/`.
        """

    def delete(self, key: str) -> None:
        """Remove an object; a key that is not there is fine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadForm:
    """How somebody without a key of the store may put one object there: a form for HTTP POST."""

    url: str
    fields: dict[str, str]  #: to be sent before the field `file`


class DirectUploads(Protocol):
    """Uploads past the functions, straight into bucket tarballs."""

    def form(self, key: str, limit_bytes: int, seconds: int) -> UploadForm | None:
        """Return a form for one object of at most `limit_bytes`; None: nobody may upload so."""


class DirectDownloads(Protocol):
    """Downloads past the functions, straight out of the store."""

    def address(self, bucket: str, key: str, filename: str, seconds: int) -> str:
        """Return where anybody may fetch an object for so long; empty: nowhere.

        Args:
            bucket: one of `keys.BUCKETS`.
            key: of the object.
            filename: under which a browser saves it.
            seconds: how long the address is good.
        """


class NoDirectDownloads:
    """`DirectDownloads` of stores that nobody outside can reach."""

    def address(self, bucket: str, key: str, filename: str, seconds: int) -> str:  # noqa: ARG002
        """Return nothing."""
        return ""


class NoDirectUploads:
    """`DirectUploads` of stores that nobody outside can reach."""

    def form(self, key: str, limit_bytes: int, seconds: int) -> UploadForm | None:  # noqa: ARG002
        """Return None."""
        return None
