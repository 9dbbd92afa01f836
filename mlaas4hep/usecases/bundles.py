"""A model's bundle as one tar.gz, packed while it is sent."""

import gzip
import io
import tarfile
from collections.abc import Iterator

from mlaas4hep.core import keys
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.ports import ObjectStore

_BLOCK = 1024**2


class _Outbox(io.RawIOBase):
    """Collects what tarfile writes until it is sent on."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: "bytes | bytearray | memoryview") -> int:  # type: ignore[override]
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        parts, self._parts = self._parts, []
        return b"".join(parts)


def pack(record: ModelRecord, models: ObjectStore, level: int = 1) -> Iterator[bytes]:
    """Yield a tar.gz with the files of the served version of a model, without a top folder.

    The same version gives the same bytes each time.

    Args:
        record: the model.
        models: the bucket of that name.
        level: how much gzip tries; 0: not at all.
    """
    outbox = _Outbox()
    with (
        gzip.GzipFile(fileobj=outbox, mode="wb", compresslevel=level, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w|") as tar,
    ):
        for path in record.files:
            yield from _add(tar, path, _key(record, path), models, outbox)
    yield outbox.take()


def unpacked_bytes(record: ModelRecord, models: ObjectStore) -> int:
    """Return how large the files of the served version of a model are together."""
    found = (models.info(_key(record, path)) for path in record.files)
    return sum(info.size_bytes for info in found if info is not None)


def _key(record: ModelRecord, path: str) -> str:
    return keys.model_file(record.owner, record.name, record.version, path)


def _add(
    tar: tarfile.TarFile, path: str, key: str, models: ObjectStore, outbox: _Outbox
) -> Iterator[bytes]:
    info = models.info(key)
    if info is None:
        return
    header = tarfile.TarInfo(path)
    header.size = info.size_bytes
    header.mtime = info.modified_at
    header.mode = 0o644
    with models.open(key) as content:
        tar.addfile(header, content)
        yield outbox.take()
