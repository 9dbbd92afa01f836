"""The formats of NumPy, `.npz` and `.npy`: named arrays of one length."""

import io
import struct
import tempfile
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import numpy as np

from mlaas4hep.adapters.sources.blocks import KeptBlocks
from mlaas4hep.adapters.sources.columnar.arrays import (
    ArrayColumn,
    Field,
    array_column,
    columns_between,
    contents_of,
    fields_of,
    of_one_length,
)
from mlaas4hep.adapters.sources.columnar.inflation import STEP_BYTES, check_inflated
from mlaas4hep.adapters.sources.columnar.pieces import read_fully
from mlaas4hep.adapters.sources.columnar.reader import TableReader
from mlaas4hep.adapters.sources.columnar.table import Opening
from mlaas4hep.adapters.sources.places.place import shown
from mlaas4hep.adapters.sources.windows import Window
from mlaas4hep.core import keys
from mlaas4hep.core.data.columns import Columns
from mlaas4hep.errors import InvalidRequestError, TooLargeError

_LOCAL_HEADER = struct.Struct("<26xHH")  #: of a zip's member: lengths of name and extras
_LENGTH = struct.Struct("<I")  #: of a header
MAX_HEADER = 10_000  #: bytes, as with NumPy
MAX_ARRAYS = 4096  #: of a zip
SINGLE = "array"  #: what the one array of a .npy file is called


@dataclass(frozen=True, slots=True, kw_only=True)
class _StoredArray:
    """An array in a file: any range of its entries can be read."""

    file: BinaryIO
    start: int
    dtype: "np.dtype[Any]"
    shape: tuple[int, ...]
    fortran: bool

    def __getitem__(self, window: slice) -> Any:
        start, stop, _ = window.indices(self.shape[0])
        if self.fortran and len(self.shape) > 1:
            columns = int(np.prod(self.shape[1:], dtype=int))
            parts = [
                self._read(place * self.shape[0] + start, stop - start) for place in range(columns)
            ]
            return (
                np.stack(parts, axis=-1)
                .reshape((stop - start, *self.shape[:0:-1]))
                .transpose(0, *range(len(self.shape) - 1, 0, -1))
            )
        each = int(np.prod(self.shape[1:], dtype=int))
        return self._read(start * each, (stop - start) * each).reshape(-1, *self.shape[1:])

    @property
    def stop(self) -> int:
        """Return the byte behind the last one."""
        return self.start + int(np.prod(self.shape, dtype=int)) * self.dtype.itemsize

    def _read(self, first: int, count: int) -> Any:
        self.file.seek(self.start + first * self.dtype.itemsize)
        data = read_fully(self.file, count * self.dtype.itemsize)
        return np.frombuffer(data, self.dtype, count)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """One field of a structured array."""

    array: _StoredArray
    field: Field

    def __getitem__(self, window: slice) -> Any:
        return self.field.of(self.array[window])


class NumpyTable:
    """One open file."""

    def __init__(self, opening: Opening) -> None:
        file = cast(BinaryIO, opening.file)
        is_zip = (file.read(2) or b"") == b"PK"
        members = _members(file, opening) if is_zip else [(SINGLE, file, 0)]
        arrays = [(name, _array(where, start)) for name, where, start in members]
        columns = of_one_length(
            column for name, array in arrays for column in _columns(name, array, len(arrays) == 1)
        )
        self._columns = {each.name: each for each in columns}
        content = keys.digest([(name, str(a.dtype), a.shape) for name, a in arrays])
        self.contents = contents_of(columns, (0,), content)

    def read(self, names: Sequence[str], window: Window) -> Columns:
        """Return the entries of a window."""
        return columns_between([self._columns[name] for name in names], *window)


def _members(file: BinaryIO, opening: Opening) -> Iterator[tuple[str, BinaryIO, int]]:
    """Yield the arrays of a zip: name, the file that holds it, and where it begins there."""
    total = 0
    if not zipfile.is_zipfile(file):
        raise InvalidRequestError(
            f"{shown(opening.place.url)} begins as a zip does (as .npz files are) and has no end of one",
            hint="it is cut short, or no file of data: copy it again",
        )
    with zipfile.ZipFile(file) as archive:
        infos = archive.infolist()
        if len(infos) > MAX_ARRAYS:
            raise TooLargeError(
                f"{shown(opening.place.url)} has {len(infos)} arrays, more than {MAX_ARRAYS}",
                hint="write it as Parquet",
            )
        if len({info.filename for info in infos}) < len(infos):
            raise ValueError("two of its arrays have one name")
        for info in infos:
            total += info.file_size
            if info.flag_bits & 1:
                raise InvalidRequestError(f"{shown(opening.place.url)} is encrypted")
            if not info.filename.endswith(".npy"):
                raise InvalidRequestError(
                    f"{shown(opening.place.url)} is a zip of other files: {info.filename[:80]}",
                    hint="unpack it, and name the files in it",
                )
            check_inflated(opening.place, total)
            name = info.filename.removesuffix(".npy")
            if info.compress_type == zipfile.ZIP_STORED:
                file.seek(info.header_offset)
                lengths = _LOCAL_HEADER.unpack(read_fully(file, _LOCAL_HEADER.size))
                yield name, file, info.header_offset + _LOCAL_HEADER.size + sum(lengths)
            else:
                yield name, _inflated(archive, info, opening.stack), 0


def _inflated(archive: zipfile.ZipFile, info: zipfile.ZipInfo, stack: ExitStack) -> BinaryIO:
    target = tempfile.TemporaryFile(prefix="mlaas-plain-")  # noqa: SIM115 - the stack closes it
    stack.enter_context(target)
    with archive.open(info) as source:
        while data := source.read(STEP_BYTES):
            target.write(data)
    return cast(BinaryIO, target)


def _array(file: BinaryIO, start: int) -> _StoredArray:
    file.seek(start)
    version = np.lib.format.read_magic(file)
    if version == (1, 0):
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(file)
    else:
        read = _unicode_header if version == (3, 0) else np.lib.format.read_array_header_2_0
        shape, fortran, dtype = read(file)
    if any(isinstance(size, bool) or size < 0 for size in shape):
        raise ValueError(f"its shape is {shape}")
    array = _StoredArray(file=file, start=file.tell(), dtype=dtype, shape=shape, fortran=fortran)
    size = file.seek(0, io.SEEK_END)
    if not array.dtype.hasobject and array.stop > size:
        raise EOFError(f"it is cut short: it has {size} bytes of {array.stop}")
    return array


def _unicode_header(file: BinaryIO) -> tuple[Any, bool, "np.dtype[Any]"]:
    """Return what a header in UTF-8 says, of which NumPy has no reader for others."""
    (length,) = _LENGTH.unpack(read_fully(file, _LENGTH.size))
    if length > MAX_HEADER:
        raise ValueError(f"its header has {length} bytes")
    escaped = read_fully(file, length).decode().encode("ascii", "backslashreplace")
    header = io.BytesIO(_LENGTH.pack(len(escaped)) + escaped)
    shape, fortran, dtype = np.lib.format.read_array_header_2_0(header)
    return shape, fortran, dtype


def _columns(name: str, array: _StoredArray, alone: bool) -> Iterator[ArrayColumn]:
    """Yield the columns of an array: one, or one for each innermost field."""
    if array.dtype.names is None:
        yield array_column(name, array, array.dtype, array.shape)
        return
    for field in fields_of(array.dtype):
        whole = ".".join(field.path if alone else (name, *field.path))
        values = _Field(array=array, field=field)
        yield array_column(whole, values, field.dtype, (*array.shape, *field.shape))


def reader(kept: KeptBlocks) -> TableReader:
    """Return the reader of this format."""
    return TableReader("NumPy", NumpyTable, kept)
