"""The formats of input files, and which of them a file has: the one table."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from mlaas4hep.adapters.sources.blocks import KeptBlocks
from mlaas4hep.adapters.sources.format import Format
from mlaas4hep.adapters.sources.places.place import shown
from mlaas4hep.errors import InvalidRequestError

FIRST_BYTES = 16  #: enough to tell formats that have a mark


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatRow:
    """One format: how files of it are known, and what reads them."""

    name: str  #: as people call it; surveys hold it
    module: str  #: below `adapters.sources`; its `reader(kept)` makes the `Format`
    suffixes: tuple[str, ...]  #: lower case
    marks: tuple[bytes, ...] = ()  #: one of them begins every file; none: the name alone tells
    extra: str = ""  #: of pip install mlaas4hep[…]; empty: it needs nothing

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
                hint=f"pip install 'mlaas4hep[{self.extra}]'",
            ) from error
        make: Callable[[KeptBlocks], Format] = module.reader
        return make(kept)


FORMATS = (
    FormatRow(
        name="ROOT", module="root.files", suffixes=(".root",), marks=(b"root",), extra="root"
    ),
    FormatRow(
        name="Parquet",
        module="parquet",
        suffixes=(".parquet", ".pq"),
        marks=(b"PAR1", b"PARE"),
        extra="parquet",
    ),
    FormatRow(
        name="Arrow",
        module="arrowipc",
        suffixes=(".arrow", ".feather", ".ipc"),
        marks=(b"ARROW1",),
        extra="parquet",
    ),
    FormatRow(name="Avro", module="avro", suffixes=(".avro",), marks=(b"Obj\x01",), extra="avro"),
    FormatRow(
        name="NumPy",
        module="numpyfiles",
        suffixes=(".npz", ".npy"),
        marks=(b"PK\x03\x04", b"\x93NUMPY"),
    ),
    FormatRow(
        name="HDF5",
        module="hdf5",
        suffixes=(".h5", ".hdf5", ".hdf"),
        marks=(b"\x89HDF\r\n\x1a\n",),
        extra="hdf5",
    ),
    FormatRow(
        name="CSV", module="csv.table", suffixes=(".csv", ".csv.gz", ".csv.zst"), extra="parquet"
    ),
    FormatRow(
        name="JSON",
        module="json.table",
        suffixes=tuple(
            f".{kind}{packed}"
            for kind in ("json", "jsonl", "ndjson")
            for packed in ("", ".gz", ".zst")
        ),
        extra="parquet",
    ),
)


def guess(url: str, first: bytes, formats: tuple[FormatRow, ...] = FORMATS) -> FormatRow:
    """Return the format of a file: what its first bytes say, or else its name.

    Raises:
        InvalidRequestError: it is of no kind that we read.
    """
    for row in formats:
        if any(first.startswith(mark) for mark in row.marks):
            return row
    name = url.partition("?")[0].lower()
    for row in formats:
        if name.endswith(row.suffixes):
            return row
    kinds = ", ".join(f"{row.name} ({', '.join(row.suffixes)})" for row in formats)
    raise InvalidRequestError(
        f"{shown(url)} is not a file of a kind that is read here", hint=f"one of {kinds}"
    )
