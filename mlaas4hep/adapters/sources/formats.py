"""The formats of input files, and which of them a file has: the one table."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec

from mlaas4hep.adapters.sources.blocks import KeptBlocks
from mlaas4hep.adapters.sources.format import Format
from mlaas4hep.adapters.sources.places.place import shown
from mlaas4hep.core.requests.inputs.suffixes import SUFFIXES
from mlaas4hep.errors import InvalidRequestError

FIRST_BYTES = 16  #: enough to tell formats that have a mark


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatRow:
    """One format: how files of it are known, and what reads them."""

    name: str  #: as people call it, and a row of `SUFFIXES`; surveys hold it
    module: str  #: below `adapters.sources`; its `reader(kept)` makes the `Format`
    marks: tuple[bytes, ...] = ()  #: one of them begins every file; none: the name alone tells
    extra: str = ""  #: of pip install mlaas4hep[…]; empty: it needs nothing
    needs: str = ""  #: the package without which it cannot be read; empty: it needs none

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Return what names of its files end in."""
        return SUFFIXES[self.name]

    def read_with(self, kept: KeptBlocks) -> Format:
        """Return the reader of this format.

        Raises:
            InvalidRequestError: its library is not installed here.
        """
        try:
            module = import_module(f"mlaas4hep.adapters.sources.{self.module}")
        except ModuleNotFoundError as error:
            raise InvalidRequestError(
                f"{self.name} files cannot be read here: {error.name} is not installed",
                hint=f"read here: {', '.join(installed())}; pip install 'mlaas4hep[{self.extra}]'",
            ) from error
        make: Callable[[KeptBlocks], Format] = module.reader
        return make(kept)


_FOREIGN = {  #: first bytes of what is not read, what that is, and what to do
    b"BZh": ("packed with bzip2", "pack it with gzip or zstd"),
    b"\xfd7zXZ\0": ("packed with xz", "pack it with gzip or zstd"),
    b"FEA1": ("Feather of version 1", "write it with version 2, or as Parquet"),
    b"SQLite format 3": ("a data base", "write a table of it as Parquet or CSV"),
}
FORMATS = (
    FormatRow(
        name="ROOT",
        module="root.files",
        marks=(b"root",),
        extra="root",
        needs="uproot",
    ),
    FormatRow(
        name="Parquet",
        module="parquet",
        marks=(b"PAR1", b"PARE"),
        extra="parquet",
        needs="pyarrow",
    ),
    FormatRow(
        name="Arrow",
        module="arrowipc.table",
        marks=(b"ARROW1", b"\xff\xff\xff\xff"),
        extra="parquet",
        needs="pyarrow",
    ),
    FormatRow(
        name="Avro",
        module="avro",
        marks=(b"Obj\x01",),
        extra="avro",
        needs="fastavro",
    ),
    FormatRow(
        name="NumPy",
        module="numpyfiles",
        marks=(b"PK\x03\x04", b"\x93NUMPY"),
    ),
    FormatRow(
        name="HDF5",
        module="hdf5.reader",
        marks=(b"\x89HDF\r\n\x1a\n",),
        extra="hdf5",
        needs="h5py",
    ),
    FormatRow(
        name="CSV",
        module="csv.table",
        extra="parquet",
        needs="pyarrow",
    ),
    FormatRow(
        name="JSON",
        module="json.table",
        extra="parquet",
        needs="pyarrow",
    ),
)


def installed() -> tuple[str, ...]:
    """Return the names of the formats that can be read here; imports none of their libraries."""
    return tuple(row.name for row in FORMATS if not row.needs or find_spec(row.needs) is not None)


def guess(url: str, first: bytes, formats: tuple[FormatRow, ...] = FORMATS) -> FormatRow:
    """Return the format of a file: what its first bytes say, or else its name.

    Raises:
        InvalidRequestError: it is of no kind that we read.
    """
    for row in formats:
        if any(first.startswith(mark) for mark in row.marks):
            return row
    for mark, (what, hint) in _FOREIGN.items():
        if first.startswith(mark):
            raise InvalidRequestError(f"{shown(url)} is {what}, which is not read here", hint=hint)
    name = (url.partition("?")[0] if "://" in url else url).lower()
    for row in formats:
        if name.endswith(row.suffixes):
            return row
    kinds = ", ".join(f"{row.name} ({', '.join(row.suffixes)})" for row in formats)
    raise InvalidRequestError(
        f"{shown(url)} is not a file of a kind that is read here", hint=f"one of {kinds}"
    )
