"""What people fetch as a file: size and digest are known before the first byte is sent.

Large ones come straight from the store, where the deployment has an address of it for people.
"""

import hashlib
import tempfile
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import BinaryIO, Literal, cast

from mlaas4hep.core import keys, sealed
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import DamagedError, NotFoundError
from mlaas4hep.ports import ObjectStore, Services
from mlaas4hep.usecases.bundles import pack, unpacked_bytes

LARGE_BYTES = 64 << 20  #: from here on the store sends it, if people reach it
ADDRESS_S = 3600  #: how long an address is good
_BLOCK = 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file on its way to a person: `address` says where it is, or `blocks` are its bytes."""

    size_bytes: int
    sha256: bytes
    blocks: Iterator[bytes] = iter(())
    address: str = ""


def bundle(record: ModelRecord, services: Services, through: bool = False) -> Download:
    """Return the served version of a model as a tar.gz.

    Args:
        record: the model.
        services: the world.
        through: it is not to come from the store, however large it is.
    """
    is_large = unpacked_bytes(record, services.models) >= LARGE_BYTES
    if is_large and not through:
        found = _packed_before(record, services) or _kept(record, services)
        if found:
            return found
    return _sent(*_spooled(record, services.models, level=0 if is_large else 1))


def scores(run: Run, services: Services, through: bool = False) -> Download:
    """Return the table of a scoring; see `bundle`."""
    name = f"{run.name}.{run.scores.rpartition('.')[2]}"
    checksum = files.checksum_of_scores(run.scores)
    found = stored("runs", run.scores, name, services, through, checksum=checksum)
    if found is None:
        raise NotFoundError(f"the scores of {run.name!r} are gone", hint="ask for them again")
    return found


def stored(
    bucket: Literal["runs", "chunks"],
    key: str,
    name: str,
    services: Services,
    through: bool,
    *,
    checksum: str = "",
) -> Download | None:
    """Return an object as it lies in a bucket, to be saved as `name`; None if it is not there.

    Raises:
        DamagedError: it has another `checksum`, if that is known.
    """
    store = services.buckets[bucket]
    info = store.info(key)
    if info is None:
        return None
    with store.open(key) as content:
        checked = sealed.CheckedStream(content)
        sha256 = _digest(cast("BinaryIO", checked))
    if checksum not in ("", checked.checksum):
        raise DamagedError(f"{name} has other bytes than were stored", hint="ask for it again")
    address = ""
    if info.size_bytes >= LARGE_BYTES and not through:
        address = services.direct_downloads.address(bucket, key, name, ADDRESS_S)
    blocks = iter(()) if address else _stored(key, store)
    return Download(size_bytes=info.size_bytes, sha256=sha256, blocks=blocks, address=address)


def _packed_before(record: ModelRecord, services: Services) -> Download | None:
    """Return where the bundle lies, if somebody fetched it before."""
    for info in services.models.list(keys.packed_model(record.owner, record.name, record.version)):
        address = _address(record, info.key, services)
        sha256 = bytes.fromhex(keys.digest_of_packed_model(info.key))
        if address:
            return Download(size_bytes=info.size_bytes, sha256=sha256, address=address)
    return None


def _kept(record: ModelRecord, services: Services) -> Download | None:
    """Put the bundle into the store and return where it lies; None if nobody could fetch it."""
    owner, name, version = record.owner, record.name, record.version
    if not _address(record, keys.packed_model(owner, name, version), services):
        return None
    file, size, sha256 = _spooled(record, services.models, level=0)
    key = keys.packed_model(owner, name, version, sha256.hex())
    with file:
        services.models.put_stream(key, file, size)
    return Download(size_bytes=size, sha256=sha256, address=_address(record, key, services))


def _address(record: ModelRecord, key: str, services: Services) -> str:
    name = f"{record.name}.tar.gz"
    return services.direct_downloads.address("models", key, name, ADDRESS_S)


def _spooled(record: ModelRecord, models: ObjectStore, level: int) -> tuple[BinaryIO, int, bytes]:
    """Return a temporary file with the bundle, its size and digest."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever sends it closes it
    digest = hashlib.sha256()
    try:
        for block in pack(record, models, level):
            digest.update(block)
            file.write(block)
        size = file.tell()
        file.seek(0)
    except BaseException:
        file.close()
        raise
    return cast("BinaryIO", file), size, digest.digest()


def _sent(file: BinaryIO, size: int, sha256: bytes) -> Download:
    return Download(size_bytes=size, sha256=sha256, blocks=_blocks(file))


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    with closing(file):
        while block := file.read(_BLOCK):
            yield block


def _stored(key: str, store: ObjectStore) -> Iterator[bytes]:
    with store.open(key) as content:
        while block := content.read(_BLOCK):
            yield block


def _digest(content: BinaryIO) -> bytes:
    digest = hashlib.sha256()
    while block := content.read(_BLOCK):
        digest.update(block)
    return digest.digest()
