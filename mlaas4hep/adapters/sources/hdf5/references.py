"""References to rows and texts of variable length in HDF5, looked at before libhdf5 follows them.

libhdf5 takes as much memory as a reference says that its row needs, and only then looks at the row.

On the disk a reference is the number of values (4 bytes), the address of a heap (as many bytes as
addresses of the file have) and a number in that heap (4 bytes): "HDF5 File Format Specification",
IV.B. In memory it is as large as a pointer, or two; `h5py` tells the sizes in memory only.
"""

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from h5py import h5d, h5t, h5z

from mlaas4hep.adapters.sources.columnar.file import PlaceFile

_COUNT_BYTES = 4  #: of the number of values in a reference
_UNDONE = {h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    """The references in one array, or in one field of a table."""

    array: Any
    file: PlaceFile
    file_bytes: int
    entry_bytes: int  #: of an entry on the disk
    at: int  #: first byte of the reference in an entry
    value_bytes: int  #: of what is counted

    def check(self, start: int, stop: int) -> None:
        """Look at those of entries [start, stop).

        Raises:
            ValueError: their rows are larger than the file together, or the file does not hold
                what it says.
        """
        claimed = sum(int(counts.sum(dtype=np.uint64)) for counts in self._counts(start, stop))
        if claimed * self.value_bytes > self.file_bytes:
            raise ValueError(f"rows of {claimed} values lie in a file of {self.file_bytes} bytes")

    def _counts(self, start: int, stop: int) -> Iterator[Any]:
        for first, data in self._parts(start, stop):
            entries = np.frombuffer(data, np.uint8).reshape(-1, self.entry_bytes)
            inside = entries[max(0, start - first) : max(0, stop - first)]
            yield inside[:, self.at : self.at + _COUNT_BYTES].copy().view("<u4")

    def _parts(self, start: int, stop: int) -> Iterator[tuple[int, bytes]]:
        """Yield the entries as they are on the disk: the number of the first one, and bytes."""
        if self.array.chunks is None:
            offset = self.array.id.get_offset()
            if offset is not None:  # else nothing was ever written
                begin = offset + start * self.entry_bytes
                yield start, self._read(begin, (stop - start) * self.entry_bytes)
            return
        (step,) = self.array.chunks
        for first in range(start - start % step, stop, step):
            found = self.array.id.get_chunk_info_by_coord((first,))
            if found.byte_offset is not None:
                data = self._read(found.byte_offset, found.size)
                yield first, self._unpacked(data, found.filter_mask, step * self.entry_bytes)

    def _read(self, start: int, size: int) -> bytes:
        if start + size > self.file_bytes:
            raise ValueError("references lie behind the end of the file")
        self.file.seek(start)
        return self.file.read(size) or b""

    def _unpacked(self, data: bytes, skipped: int, size: int) -> bytes:
        """Return a chunk without its filters, undone from the last to the first."""
        for number, (code, _) in reversed(list(enumerate(filters(self.array)))):
            if not skipped >> number & 1:
                data = _undone(code, data, size, self.entry_bytes)
        if len(data) != size:
            raise ValueError(f"a chunk of references has {len(data)} bytes, not {size}")
        return data


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedValues:
    """Values behind references, which are looked at first."""

    values: Any
    references: References

    def __getitem__(self, window: slice) -> Any:
        self.references.check(window.start, window.stop)
        return self.values[window]


def not_checkable(array: Any) -> str:
    """Return why references of an array cannot be looked at, or an empty text."""
    if array.id.get_create_plist().get_layout() == h5d.COMPACT:
        return "rows in compact storage"
    unknown = [str(code) for code, _ in filters(array) if code not in _UNDONE]
    return f"rows behind filter {', '.join(unknown)}" if unknown else ""


def references(
    array: Any, field: str, dtype: "np.dtype[Any]", file: PlaceFile, file_bytes: int
) -> References:
    """Return the references of an array, or of a field of a table, to rows of `dtype`."""
    addresses, _ = array.file.id.get_create_plist().get_sizes()
    reference = 2 * _COUNT_BYTES + addresses
    kind = array.id.get_type()
    return References(
        array=array,
        file=file,
        file_bytes=file_bytes,
        entry_bytes=_bytes_on_disk(kind, reference),
        at=_offset(kind, field.encode(), reference) if field else 0,
        value_bytes=dtype.itemsize,
    )


def filters(array: Any) -> list[tuple[int, str]]:
    """Return code and name of each filter behind which an array lies, in their order."""
    plist = array.id.get_create_plist()
    found = (plist.get_filter(number) for number in range(plist.get_nfilters()))
    return [(code, name.decode("ascii", "replace")) for code, _, _, name in found]


def _undone(code: int, data: bytes, size: int, entry_bytes: int) -> bytes:
    if code == h5z.FILTER_SHUFFLE:
        planes = np.frombuffer(data, np.uint8).reshape(entry_bytes, -1)
        return planes.T.tobytes()
    return zlib.decompressobj().decompress(data, size)


def _bytes_on_disk(kind: Any, reference: int) -> int:
    """Return the size of a type in the file, where `reference` is that of a reference."""
    if isinstance(kind, h5t.TypeVlenID) or (
        isinstance(kind, h5t.TypeStringID) and kind.is_variable_str()
    ):
        return reference
    if isinstance(kind, h5t.TypeCompoundID):
        return int(kind.get_size()) + _growth(kind, kind.get_nmembers(), reference)
    if isinstance(kind, h5t.TypeArrayID):
        inner = kind.get_super()
        return _bytes_on_disk(inner, reference) * int(kind.get_size() // inner.get_size())
    return int(kind.get_size())


def _offset(kind: Any, field: bytes, reference: int) -> int:
    number = kind.get_member_index(field)
    return int(kind.get_member_offset(number)) + _growth(kind, number, reference)


def _growth(kind: Any, members: int, reference: int) -> int:
    """Return how much longer the first members of a table are on the disk than in memory."""
    inner = [kind.get_member_type(number) for number in range(members)]
    return sum(_bytes_on_disk(each, reference) - int(each.get_size()) for each in inner)
