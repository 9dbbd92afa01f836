"""The format Avro, with fastavro: blocks of a file are where reading may start."""

import io
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

import fastavro
import pyarrow as pa

from mlaas4hep.adapters.sources.blocks import KeptBlocks
from mlaas4hep.adapters.sources.columnar.arrow import columns_of, convert_first
from mlaas4hep.adapters.sources.columnar.cursor import Cursors
from mlaas4hep.adapters.sources.columnar.leaves import Leaf, leaves_of
from mlaas4hep.adapters.sources.columnar.pieces import read_fully
from mlaas4hep.adapters.sources.columnar.reader import TableReader
from mlaas4hep.adapters.sources.columnar.table import Contents, Opening
from mlaas4hep.adapters.sources.confined.table import OPEN_TABLES, confined
from mlaas4hep.adapters.sources.places.place import shown
from mlaas4hep.adapters.sources.windows import Window
from mlaas4hep.core import keys, wire
from mlaas4hep.core.data.columns import Columns
from mlaas4hep.errors import InvalidRequestError

_SIMPLE = {
    "boolean": pa.bool_(),
    "int": pa.int32(),
    "long": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "string": pa.string(),
    "null": pa.null(),
}
_LOGICAL = {  #: what fastavro reads as objects of Python
    "date": pa.date32(),
    "time-millis": pa.time32("ms"),
    "time-micros": pa.time64("us"),
    "timestamp-millis": pa.timestamp("ms"),
    "timestamp-micros": pa.timestamp("us"),
    "timestamp-nanos": pa.timestamp("ns"),
    "local-timestamp-millis": pa.timestamp("ms"),
    "local-timestamp-micros": pa.timestamp("us"),
    "local-timestamp-nanos": pa.timestamp("ns"),
}
_MOST_DIGITS = 76  #: of Arrow's decimal types
_SYNC_BYTES = 16  #: behind each block
UNKNOWN = pa.binary()  #: stands for types that are no numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class AvroLayout:
    """Where the blocks of a file lie."""

    entries: tuple[int, ...]  #: the first of each block, and their number
    starts: tuple[int, ...]  #: the first byte of each block, and the file's end


class AvroTable:
    """One open file."""

    def __init__(self, opening: Opening) -> None:
        self._file = opening.file
        if opening.layout:
            self._layout = wire.load(AvroLayout, opening.layout.encode())
        else:
            self._layout = _find_blocks(opening)
        self._file.seek(0)
        self._head = self._file.read(self._layout.starts[0])
        schema = fastavro.reader(io.BytesIO(self._head or b"")).writer_schema
        self._schema = _fields(schema)
        leaves = list(leaves_of(self._schema))
        self._leaves = {leaf.name: leaf for leaf in leaves if not leaf.unreadable}
        self._cursors = Cursors(self._batches)
        self.contents = Contents(
            entries=self._layout.entries[-1],
            branches=tuple(leaf.branch for leaf in leaves if not leaf.unreadable),
            unreadable=tuple((leaf.name, _why(leaf)) for leaf in leaves if leaf.unreadable),
            boundaries=self._layout.entries[:-1] or (0,),
            content=keys.digest(self._layout.entries, self._layout.starts),
            layout=wire.dump(self._layout).decode(),
        )

    def read(self, names: Sequence[str], window: Window) -> Columns:
        """Return the entries of a window."""
        table = self._cursors.take(tuple(names), window)
        return columns_of(table, [self._leaves[name] for name in names])

    def _batches(self, names: tuple[str, ...], start: int) -> Iterator[Any]:
        columns = sorted({self._leaves[name].column for name in names})
        fields = [self._schema.field(name) for name in columns]
        layout = self._layout
        first = bisect_right(layout.entries, start) - 1
        skip = start - layout.entries[first]
        for place in range(first, len(layout.entries) - 1):
            self._file.seek(layout.starts[place])
            block = self._file.read(layout.starts[place + 1] - layout.starts[place]) or b""
            records: list[Any] = list(fastavro.reader(io.BytesIO((self._head or b"") + block)))
            if len(records) != layout.entries[place + 1] - layout.entries[place]:
                raise EOFError("a block has another number of entries than it says")
            arrays = [
                _array([each[f.name] for each in records], f.name, _readable(f.type))
                for f in fields
            ]
            batch = pa.RecordBatch.from_arrays(arrays, columns)
            yield batch.slice(skip) if place == first else batch


def _readable(kind: Any) -> Any:
    """Return a type without the fields of records that are not read; None if nothing is left."""
    if pa.types.is_struct(kind):
        fields = [(field.name, _readable(field.type)) for field in kind]
        left = [(name, each) for name, each in fields if each is not None]
        return pa.struct(left) if left else None
    if pa.types.is_list(kind):
        inner = _readable(kind.value_type)
        return None if inner is None else pa.list_(inner)
    odd = pa.types.is_temporal(kind) or pa.types.is_map(kind) or kind == UNKNOWN
    return None if odd else kind


def _array(values: list[Any], name: str, kind: Any) -> Any:
    try:
        return pa.array(values, kind)
    except pa.ArrowInvalid as error:
        raise InvalidRequestError(
            f"branch {name!r} has decimal numbers and whole ones above 2^53, which cannot"
            " be both kept",
            branch=name,
            hint="leave it out with exclude_branches",
        ) from error


def _find_blocks(opening: Opening) -> AvroLayout:
    """Return where blocks lie; they are neither inflated nor decoded."""
    file, size_bytes = cast(BinaryIO, opening.file), opening.place.size_bytes
    schema: Any = fastavro.reader(file).writer_schema
    name = shown(opening.place.url)
    if not isinstance(schema, dict) or schema["type"] != "record":
        raise InvalidRequestError(
            f"the entries of {name} are no records", hint="write a record an entry"
        )
    if _has_arrays_of_nothing(schema):  # any number of entries fits into a few bytes
        raise InvalidRequestError(
            f"{name} has arrays of what takes no bytes", hint="write it without them"
        )
    entries, starts = [0], [file.tell()]
    while starts[-1] < size_bytes:
        count, packed = _whole(file), _whole(file)
        stop = file.tell() + packed + _SYNC_BYTES
        if count < 0 or packed < 0 or stop > size_bytes:
            raise EOFError("a block is larger than the file")
        entries.append(entries[-1] + count)
        starts.append(stop)
        file.seek(stop)
    return AvroLayout(entries=tuple(entries), starts=tuple(starts))


def _whole(file: BinaryIO) -> int:
    """Return a whole number of Avro's: seven bits a byte, the lowest first, zigzag."""
    found = 0
    for shift in range(0, 64, 7):
        byte = int.from_bytes(read_fully(file, 1))  # past the end: 0
        found |= (byte & 0x7F) << shift
        if byte < 0x80:  # noqa: PLR2004 - the last one
            return (found >> 1) ^ -(found & 1)
    raise ValueError("a number has too many bytes")


def _has_arrays_of_nothing(schema: Any) -> bool:
    if isinstance(schema, list):
        return any(map(_has_arrays_of_nothing, schema))
    if not isinstance(schema, dict):
        return False
    if schema["type"] == "array" and _takes_no_bytes(schema["items"]):
        return True
    inner = (schema["type"], schema.get("items"), schema.get("values"))
    fields = (field["type"] for field in schema.get("fields", ()))
    return any(map(_has_arrays_of_nothing, (*inner, *fields)))


def _takes_no_bytes(schema: Any) -> bool:
    if not isinstance(schema, dict):
        return bool(schema == "null")
    if schema["type"] == "fixed":
        return not schema["size"]
    fields = schema.get("fields", ()) if schema["type"] == "record" else (schema,)
    return all(_takes_no_bytes(each["type"]) for each in fields)


def _why(leaf: Leaf) -> str:
    return "no number" if leaf.unreadable == str(UNKNOWN) else leaf.unreadable


def _fields(schema: Any) -> Any:
    known: dict[str, Any] = {}
    kind = _kind(schema, known)
    return pa.schema(list(kind))


def _kind(schema: Any, known: dict[str, Any]) -> Any:
    """Return the Arrow type of an Avro type; named types may stand for what was told before."""
    if isinstance(schema, list):
        return _union([each for each in schema if each != "null"], known)
    if isinstance(schema, str):
        return known.get(schema, _SIMPLE.get(schema, UNKNOWN))
    if schema["type"] == "record":
        known[schema["name"]] = UNKNOWN  # of a record inside itself
        kind = pa.struct({each["name"]: _kind(each["type"], known) for each in schema["fields"]})
        known[schema["name"]] = kind
        return kind
    if schema["type"] == "enum":
        known[schema["name"]] = pa.string()
        return pa.string()
    if schema["type"] in ("array", "map"):
        inner = _kind(schema.get("items") or schema["values"], known)
        return pa.list_(inner) if schema["type"] == "array" else pa.map_(pa.string(), inner)
    return _logical(schema) or _kind(schema["type"], known)


def _logical(schema: Any) -> Any:
    """Return the type that a logical type is read as; None: as what it is stored as."""
    kind = schema.get("logicalType")
    if kind == "decimal":
        digits, scale = schema.get("precision", 0), schema.get("scale", 0)
        fits = 0 < digits <= _MOST_DIGITS and 0 <= scale <= digits
        return pa.decimal256(digits, scale) if fits else UNKNOWN
    return UNKNOWN if kind == "uuid" else _LOGICAL.get(kind)


def _union(kinds: list[Any], known: dict[str, Any]) -> Any:
    """Return the type of all kinds of a union without null: of numbers, the wider one."""
    if len(kinds) == 1:
        return _kind(kinds[0], known)
    types = {str(_kind(each, known)) for each in kinds}
    if types <= {"int32", "int64"}:
        return pa.int64()
    return pa.float64() if types <= {"int32", "int64", "float", "double"} else UNKNOWN


def prepare() -> None:
    """Do what every process that reads a file would have to do once more."""
    convert_first()


def open_table(opening: Opening) -> AvroTable:
    """Return the table in a file, in a process that may be ended: blocks may take any time."""
    return AvroTable(opening)


def reader(kept: KeptBlocks) -> TableReader:
    """Return the reader of this format."""
    return TableReader("Avro", confined("avro"), kept, open_tables=OPEN_TABLES)
