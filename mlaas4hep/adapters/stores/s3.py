"""`ObjectStore` in one bucket of any S3; buckets and policies are made by `minio/`, not here."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO, cast
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.datatypes import Object
from minio.error import MinioException, S3Error

from mlaas4hep.adapters.stores.filecache import FileCache
from mlaas4hep.core.keys import checked_key
from mlaas4hep.errors import (
    ConflictError,
    MlaasError,
    NotFoundError,
    ServiceUnavailableError,
    TooLargeError,
)
from mlaas4hep.ports import ObjectInfo

_ONE_PART_BYTES = 64 << 20  #: up to here an object goes in one request
_STREAM_PART_BYTES = 16 << 20
_MISSING = frozenset({"NoSuchKey", "NoSuchObject", "ResourceNotFound"})
_IN_THE_WAY = frozenset({"XMinioParentIsObject", "XMinioObjectExistsAsDirectory"})
_CHANGED = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT, HTTPStatus.PRECONDITION_FAILED})
_SIGNED_FOR = timedelta(minutes=5)
_PUT_TIMEOUT = urllib3.Timeout(connect=3, read=60)
_ABOUT_RIGHTS = frozenset(
    {"AccessDenied", "InvalidAccessKeyId", "NoSuchBucket", "SignatureDoesNotMatch"}
)
_NOT_ALLOWED = "an operator may have to run minio/provision.py, or to look at the policies"
_TOO_LARGE = frozenset({"EntityTooLarge"})


def client(
    url: str, access: str, secret: str, connections: int = 16, region: str | None = None
) -> Minio:
    """Return a client of the S3 at `http(s)://host[:port]`; it connects at first use.

    One that knows the region need not ask for it before it signs.
    """
    parts = urlsplit(url)
    return Minio(
        parts.netloc,
        access_key=access,
        secret_key=secret,
        region=region,
        secure=parts.scheme == "https",
        http_client=urllib3.PoolManager(
            timeout=urllib3.Timeout(connect=3, read=60),
            maxsize=connections,
            retries=urllib3.Retry(
                total=2, backoff_factor=0.2, status_forcelist=(500, 502, 503, 504)
            ),
        ),
    )


class S3Store:
    """One bucket; copies of objects for `local` lie in a cache that all buckets share."""

    def __init__(self, minio: Minio, bucket: str, cache: FileCache) -> None:
        self._client = minio
        self._bucket = bucket
        self._cache = cache

    def put(self, key: str, data: bytes | memoryview) -> None:
        """Store `data` under `key`, replacing what was there."""
        with self._our_errors(key):
            self._client.put_object(
                self._bucket,
                checked_key(key),
                io.BytesIO(data),
                memoryview(data).nbytes,
                part_size=_ONE_PART_BYTES,
            )

    def put_if(self, key: str, data: bytes, etag: str) -> None:
        """Store `data` if the object is still that of `etag`, which the server compares."""
        headers = {"If-Match": f'"{etag}"'} if etag else {"If-None-Match": "*"}
        with self._our_errors(key):
            url = self._client.presigned_put_object(self._bucket, checked_key(key), _SIGNED_FOR)
            # Once: a repeat of what arrived would meet its own work and call it somebody else's.
            answer = urllib3.request(
                "PUT", url, body=data, headers=headers, retries=False, timeout=_PUT_TIMEOUT
            )
        if answer.status in _CHANGED:
            raise ConflictError(f"object {key!r} was written by somebody else meanwhile")
        if answer.status != HTTPStatus.OK:
            unknown = answer.status == HTTPStatus.NOT_IMPLEMENTED
            raise ServiceUnavailableError(
                f"bucket {self._bucket!r}: {answer.status} for a conditional write of {key!r}",
                hint="the S3 must know If-Match for PutObject" if unknown else "",
            )

    def put_file(self, key: str, path: Path) -> None:
        """Store the content of a local file without holding it in memory."""
        with path.open("rb") as file, self._our_errors(key):
            self._client.put_object(
                self._bucket,
                checked_key(key),
                file,
                path.stat().st_size,
                part_size=_STREAM_PART_BYTES,
            )

    def put_stream(self, key: str, stream: BinaryIO, limit_bytes: int) -> int:
        """Store a stream of unknown length and return its size in bytes."""
        counted = _LimitedStream(stream, key, limit_bytes)
        with self._our_errors(key):
            self._client.put_object(
                self._bucket,
                checked_key(key),
                cast("BinaryIO", counted),
                -1,
                part_size=_STREAM_PART_BYTES,
            )
        return counted.size

    def get(self, key: str) -> bytes:
        """Return the content."""
        with self.open(key) as stream, self._our_errors(key):
            return stream.read()

    @contextmanager
    def open(self, key: str) -> Iterator[BinaryIO]:
        """Return a stream over the content, read from the server as it goes."""
        with self._our_errors(key):
            response = self._client.get_object(self._bucket, checked_key(key))
        try:
            yield cast("BinaryIO", _Stream(response, key))
        finally:
            response.close()
            response.release_conn()

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """Return a copy of the object, made once per version."""
        info = self.info(key)
        if info is None:
            raise NotFoundError(f"there is no object {key!r}")
        name = key.rpartition("/")[2]
        with self._cache.file(
            (self._bucket, key, info.etag, str(info.modified_at)),
            name,
            info.size_bytes,
            lambda: self.open(key),
        ) as path:
            yield path

    def info(self, key: str) -> ObjectInfo | None:
        """Return size and etag, or None if there is no such key."""
        try:
            with self._our_errors(key):
                return _info(self._client.stat_object(self._bucket, checked_key(key)))
        except NotFoundError:
            return None

    def list(self, prefix: str) -> Iterator[ObjectInfo]:
        """Yield what lies below `prefix`, sorted by key."""
        with self._our_errors(prefix):
            for found in self._client.list_objects(self._bucket, prefix or None, recursive=True):
                yield _info(found)

    def folders(self, prefix: str) -> Iterator[str]:
        """Yield the names of what has keys below it, which the server finds."""
        with self._our_errors(prefix):
            for found in self._client.list_objects(self._bucket, prefix or None):
                name = (found.object_name or "").removeprefix(prefix)
                if name.endswith("/"):
                    yield name.removesuffix("/")

    def delete(self, key: str) -> None:
        """Remove an object; a key that is not there is fine."""
        with self._our_errors(key):
            self._client.remove_object(self._bucket, checked_key(key))

    @contextmanager
    def _our_errors(self, key: str) -> Iterator[None]:
        try:
            yield
        except S3Error as error:
            raise self._translated(error, key) from error
        except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
            message = f"the object store does not answer: {_why(error)}"
            raise ServiceUnavailableError(message) from error

    def _translated(self, error: S3Error, key: str) -> MlaasError:
        if error.code in _MISSING:
            return NotFoundError(f"there is no object {key!r}")
        if error.code in _IN_THE_WAY:
            return ConflictError(f"object {key!r} would lie above or below another one")
        if error.code in _TOO_LARGE:
            return TooLargeError(f"object {key!r} is larger than the store allows")
        return ServiceUnavailableError(
            f"bucket {self._bucket!r}: {error.code}: {error.message}",
            hint=_NOT_ALLOWED if error.code in _ABOUT_RIGHTS else "",
        )


def _why(error: Exception) -> str:
    """Return what is wrong, without the address of the store, which is nobody's business."""
    reason = getattr(error, "reason", error)
    if isinstance(reason, urllib3.exceptions.NewConnectionError):
        return "no connection"
    if isinstance(reason, urllib3.exceptions.TimeoutError):
        return "it is silent"
    return str(reason)


def _info(found: Object) -> ObjectInfo:
    return ObjectInfo(
        key=found.object_name or "",
        size_bytes=found.size or 0,
        etag=(found.etag or "").strip('"'),
        modified_at=found.last_modified.timestamp() if found.last_modified else 0.0,
    )


class _LimitedStream:
    """A stream that refuses to go on after too many bytes."""

    def __init__(self, stream: BinaryIO, key: str, limit_bytes: int) -> None:
        self._stream = stream
        self._key = key
        self._limit_bytes = limit_bytes
        self.size = 0

    def read(self, size: int = -1) -> bytes:
        """Return the next bytes."""
        block = self._stream.read(size)
        self.size += len(block)
        if self.size > self._limit_bytes:
            raise TooLargeError(
                f"more than the limit of {self._limit_bytes} bytes came for {self._key!r}"
            )
        return block


class _Stream(io.BufferedIOBase):
    """The body of an answer, with our errors."""

    def __init__(self, response: urllib3.BaseHTTPResponse, key: str) -> None:
        self._response = response
        self._key = key

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def read(self, size: int | None = -1) -> bytes:
        """Return up to `size` bytes, or all that are left."""
        try:
            return self._response.read(None if size is None or size < 0 else size)
        except (urllib3.exceptions.HTTPError, OSError) as error:
            raise ServiceUnavailableError(
                f"the object store broke off in the middle of {self._key!r}: {error}"
            ) from error
