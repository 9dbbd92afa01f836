"""One JSON file: its entries are counted once, and pieces of it are parsed by pyarrow."""

import base64
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
from pyarrow import json

from mlaas4hep.adapters.sources.blocks import KeptBlocks
from mlaas4hep.adapters.sources.columnar.arrow import columns_of
from mlaas4hep.adapters.sources.columnar.cursor import Cursors
from mlaas4hep.adapters.sources.columnar.exact import InexactError, may_be_rounded, rounded
from mlaas4hep.adapters.sources.columnar.leaves import Leaf, leaves_of
from mlaas4hep.adapters.sources.columnar.pieces import Pieces
from mlaas4hep.adapters.sources.columnar.plain import plain
from mlaas4hep.adapters.sources.columnar.reader import TableReader
from mlaas4hep.adapters.sources.columnar.table import Opening
from mlaas4hep.adapters.sources.json.entries import find_entries, without_commas
from mlaas4hep.adapters.sources.json.kinds import (
    MIXED,
    WrongEntryError,
    both,
    decoded,
    fits,
    in_doubles,
    kind_of,
    only,
    settled,
    telling,
)
from mlaas4hep.adapters.sources.places.place import shown
from mlaas4hep.adapters.sources.windows import Window
from mlaas4hep.core import wire
from mlaas4hep.core.data.columns import Columns
from mlaas4hep.errors import InvalidRequestError

SAMPLES = 8  #: pieces of the file that are looked at
SAMPLE_ENTRIES = 2000  #: of each, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLayout:
    """What another process need not find out again."""

    schema: str  #: Arrow's, in base64
    pieces: Pieces
    content: str  #: hash of all bytes


class JsonTable:
    """One open file."""

    def __init__(self, opening: Opening) -> None:
        self._name = shown(opening.place.url)
        self._file, size = plain(opening)
        if opening.layout:
            self._layout = wire.load(JsonLayout, opening.layout.encode())
        else:
            self._layout = self._look(size)
        packed = pa.py_buffer(base64.b64decode(self._layout.schema))
        self._schema = pa.ipc.read_schema(packed)
        leaves = [_told(leaf) for leaf in leaves_of(self._schema)]
        self._leaves = {leaf.name: leaf for leaf in leaves if not leaf.unreadable}
        self._cursors = Cursors(self._batches)
        self.contents = self._layout.pieces.contents(
            leaves, self._layout.content, wire.dump(self._layout).decode()
        )

    def read(self, names: Sequence[str], window: Window) -> Columns:
        """Return the entries of a window."""
        table = self._cursors.take(tuple(names), window)
        return columns_of(table, [self._leaves[name] for name in names])

    def _look(self, size: int) -> JsonLayout:
        """Find out what the file holds: every byte is read once."""
        try:
            pieces, content = find_entries(self._file)
        except InvalidRequestError as error:
            raise InvalidRequestError(
                f"{self._name} is no JSON that can be read: {error}", hint=error.problem.hint
            ) from error
        if not size:
            raise EOFError("it is empty")
        schema = pa.schema(list(settled(self._kind(pieces))))
        packed = base64.b64encode(schema.serialize()).decode()
        return JsonLayout(schema=packed, pieces=pieces, content=content)

    def _kind(self, pieces: Pieces) -> Any:
        """Return the type of all entries: inferred on samples, and where a name is new."""
        kind, known = pa.struct([]), set[str]()
        step = max(1, pieces.count // SAMPLES)
        for piece in range(pieces.count):
            most = SAMPLE_ENTRIES if piece % step == 0 else 0
            with self._named(pieces, piece):
                for entry in telling(pieces.bytes_of(self._file, piece), most, known):
                    kind = both(kind, kind_of(entry))
        return kind

    @contextmanager
    def _named(self, pieces: Pieces, piece: int) -> Iterator[None]:
        """Name the entry of a piece that is wrong, or the line that is no text."""
        try:
            yield
        except WrongEntryError as error:
            raise InvalidRequestError(
                f"{self._name}: entry {pieces.entries[piece] + error.number} {error}",
                hint=error.hint,
            ) from error
        except UnicodeDecodeError as error:
            line = pieces.lines[piece] + error.object.count(b"\n", 0, error.start)
            raise InvalidRequestError(
                f"{self._name}: line {line} is not a text in UTF-8", hint="write it in UTF-8"
            ) from error

    def _batches(self, names: tuple[str, ...], start: int) -> Iterator[Any]:
        leaves = [self._leaves[name] for name in names]
        paths = [(leaf.column, *leaf.before, *leaf.inside, *leaf.within) for leaf in leaves]
        schema = pa.schema(list(only(pa.struct(list(self._schema)), paths)))
        pieces = self._layout.pieces

        def parsed(piece: int) -> Any:
            data = pieces.bytes_of(self._file, piece)
            entries = pieces.entries[piece + 1] - pieces.entries[piece]
            try:
                table = _parsed(data, schema)
            except pa.ArrowInvalid:
                table = self._in_python(piece, data, schema)
            else:
                if may_be_rounded(table, data):
                    self._in_python(piece, data, schema)  # refuses what was rounded
            if table.num_rows != entries:
                raise ValueError(f"{table.num_rows} entries where there were {entries}")
            return table

        return pieces.batches(start, parsed)

    def _in_python(self, piece: int, data: bytes, schema: Any) -> Any:
        """Parse a piece slowly, and name the first entry that does not fit."""
        first = self._layout.pieces.entries[piece]
        with self._named(self._layout.pieces, piece):
            entries = list(decoded(data))
        for number, entry in enumerate(entries, start=first):
            for field in schema:
                value = entry.get(field.name)
                if not fits(value, field.type):
                    raise InvalidRequestError(
                        f"{self._name}: entry {number} has {str(value)[:40]!r} as"
                        f" {field.name!r}, which was {_in_words(field.type)} before",
                        branch=field.name,
                        hint=_cure(value, field.type),
                    )
                try:
                    entry[field.name] = in_doubles(value, field.type)
                except InexactError as error:
                    where = f"{self._name}: entry {number}"
                    raise rounded(where, error.args[0], field.name) from error
        return pa.Table.from_pylist(entries, schema=schema)


def _cure(value: Any, kind: Any) -> str:
    """Return what to do about a value that does not fit the type of those before."""
    if str(MIXED) in str(both(kind_of(value), kind)):
        return "give it one kind in all entries, or put it into exclude_branches"
    return (
        "write it with a point in the first entry, 3.0 and not 3, and it is read as decimal"
        " numbers; or put it into exclude_branches"
    )


def _parsed(data: bytes, schema: Any) -> Any:
    return json.read_json(
        io.BytesIO(without_commas(data)),
        read_options=json.ReadOptions(use_threads=False, block_size=len(data) + 1),
        parse_options=json.ParseOptions(
            explicit_schema=schema, newlines_in_values=True, unexpected_field_behavior="ignore"
        ),
    )


def _in_words(kind: Any) -> str:
    if pa.types.is_list(kind):
        return f"a list, each value of it {_in_words(kind.value_type)}"
    if pa.types.is_struct(kind):
        return "an object"
    words = {
        pa.int64(): "a whole number",
        pa.uint64(): "a whole number without a sign",
        pa.float64(): "a number",
        pa.bool_(): "true or false",
    }
    return words.get(kind, str(kind))


def _told(leaf: Leaf) -> Leaf:
    """Return a column that says in words why it is left out."""
    is_mixed = leaf.unreadable == str(MIXED)
    return replace(leaf, unreadable="values of different kinds") if is_mixed else leaf


def reader(kept: KeptBlocks) -> TableReader:
    """Return the reader of this format."""
    return TableReader("JSON", JsonTable, kept)
