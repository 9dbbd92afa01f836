"""The scores of single ranges as they lie in the store, until they are one table.

A checksum of the object's key and of what follows it, 16 bytes, and then arrays as numpy packs them.
"""

import io

import numpy as np
import xxhash

from mlaas4hep.core.models.scoring import Table
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import Event
from mlaas4hep.errors import DamagedError

_CHECKSUM_BYTES = 16


def key(event: Event, index: int) -> str:
    """Return the key of the scores of range `index` of the event's run."""
    return files.key(event.owner, event.run, files.scored_part(event.attempt, index))


def packed(key: str, part: Table) -> bytes:
    """Return what is stored under `key`."""
    buffer = io.BytesIO()
    np.savez(buffer, *part.values(), names=np.array(list(part)))
    return _checksum(key, buffer.getbuffer()) + buffer.getvalue()


def unpacked(key: str, data: bytes) -> Table:
    """Return what was packed under `key`.

    Raises:
        DamagedError: it has other bytes, or was packed under another key.
    """
    content = memoryview(data)[_CHECKSUM_BYTES:]
    if data[:_CHECKSUM_BYTES] != _checksum(key, content):
        raise DamagedError(f"{key} does not have the checksum in it")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        names = arrays["names"].tolist()
        return {name: arrays[f"arr_{place}"] for place, name in enumerate(names)}


def _checksum(key: str, content: memoryview) -> bytes:
    digest = xxhash.xxh3_128(key.encode())
    digest.update(content)
    return digest.digest()
