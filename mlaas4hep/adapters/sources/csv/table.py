"""One CSV file: its rows are counted once, and pieces of it are parsed by pyarrow."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from mlaas4hep.adapters.sources.blocks import KeptBlocks
from mlaas4hep.adapters.sources.columnar.arrow import columns_of
from mlaas4hep.adapters.sources.columnar.cursor import Cursors
from mlaas4hep.adapters.sources.columnar.exact import may_be_rounded, rounded
from mlaas4hep.adapters.sources.columnar.leaves import leaves_of
from mlaas4hep.adapters.sources.columnar.pieces import Pieces
from mlaas4hep.adapters.sources.columnar.plain import plain
from mlaas4hep.adapters.sources.columnar.reader import TableReader
from mlaas4hep.adapters.sources.columnar.table import Opening
from mlaas4hep.adapters.sources.csv.head import Head, read_head
from mlaas4hep.adapters.sources.csv.mistake import cure, find_mistake, find_rounded, find_text
from mlaas4hep.adapters.sources.csv.rows import find_rows, row_ends
from mlaas4hep.adapters.sources.csv.types import SAMPLE_BYTES, SAMPLES, Types, infer, parse
from mlaas4hep.adapters.sources.places.place import shown
from mlaas4hep.adapters.sources.windows import Window
from mlaas4hep.core import wire
from mlaas4hep.core.data.columns import Columns
from mlaas4hep.errors import InvalidRequestError


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvLayout:
    """What another process need not find out again."""

    head: Head
    types: tuple[tuple[str, str], ...]  #: (column, Arrow's name of its type)
    odd: tuple[tuple[str, str], ...]  #: (column, why it is left out)
    decimal: str
    pieces: Pieces
    content: str  #: hash of all bytes


class CsvTable:
    """One open file."""

    def __init__(self, opening: Opening) -> None:
        self._name = shown(opening.place.url)
        self._file, size = plain(opening)
        if opening.layout:
            self._layout = wire.load(CsvLayout, opening.layout.encode())
        else:
            self._layout = self._look(size)
        types = {name: _TYPES.get(kind, pa.string()) for name, kind in self._layout.types}
        self._types: dict[str, Any] = types
        odd = dict(self._layout.odd)
        leaves = [
            replace(leaf, unreadable=odd.get(leaf.name, "")) for leaf in leaves_of(pa.schema(types))
        ]
        self._leaves = {leaf.name: leaf for leaf in leaves if not leaf.unreadable}
        self._cursors = Cursors(self._batches)
        self.contents = self._layout.pieces.contents(
            leaves, self._layout.content, wire.dump(self._layout).decode()
        )

    def read(self, names: Sequence[str], window: Window) -> Columns:
        """Return the entries of a window."""
        table = self._cursors.take(tuple(names), window)
        return columns_of(table, [self._leaves[name] for name in names])

    def _look(self, size: int) -> CsvLayout:
        """Find out what the file holds: every byte is read once."""
        try:
            head = read_head(self._file)
            pieces, content = find_rows(self._file, head.start, head.line, size)
        except InvalidRequestError as error:
            known = error.problem
            raise InvalidRequestError(
                f"{self._name}: {error}", branch=known.branch, hint=known.hint
            ) from error
        samples = self._samples(pieces)
        types = self._types_of(head, pieces, samples)
        unnamed = ((name, "it has no name, as the row numbers of pandas") for name in head.unnamed)
        return CsvLayout(
            head=head,
            types=tuple((name, str(kind)) for name, kind in types.kinds.items()),
            odd=(*types.odd, *_among_numbers(types, head, pieces, samples), *unnamed),
            decimal=types.decimal,
            pieces=pieces,
            content=content,
        )

    def _types_of(self, head: Head, pieces: Pieces, samples: Mapping[int, bytes]) -> Types:
        try:
            return infer(list(samples.values()), head)
        except pa.ArrowInvalid as error:
            raise self._mistake(head, pieces, list(samples), {}, error) from error

    def _samples(self, pieces: Pieces) -> dict[int, bytes]:
        """Return how some pieces begin, by their numbers."""
        return {
            piece: _cut(pieces.bytes_of(self._file, piece), SAMPLE_BYTES >> (2 * (piece > 0)))
            for piece in range(0, pieces.count, max(1, pieces.count // SAMPLES))
        }

    def _batches(self, names: tuple[str, ...], start: int) -> Iterator[Any]:
        pieces = self._layout.pieces

        def parsed(piece: int) -> Any:
            entries = pieces.entries[piece + 1] - pieces.entries[piece]
            data = pieces.bytes_of(self._file, piece)
            head = self._layout.head
            types = {name: self._types[name] for name in names}
            try:
                table = parse(data, head, types, names, self._layout.decimal)
            except pa.ArrowInvalid as error:
                raise self._mistake(head, pieces, [piece], types, error) from error
            if table.num_rows != entries:
                raise InvalidRequestError(
                    f"{self._name} has a quote inside a value without quotes, after line"
                    f" {pieces.lines[piece]}",
                    hint='put the whole value into quotes, and write "" for a quote in it',
                )
            if may_be_rounded(table, data):
                self._refuse_rounded(data, types, pieces.lines[piece])
            return table

        return pieces.batches(start, parsed)

    def _refuse_rounded(self, data: bytes, types: dict[str, Any], line: int) -> None:
        """Refuse the first whole number among decimal ones of which digits were lost."""
        head = self._layout.head
        decimal = {name for name, kind in types.items() if pa.types.is_floating(kind)}
        found = find_rounded(data, head.names, decimal, head.separator)
        if found:
            below, value, column = found
            raise rounded(f"{self._name}: line {line + below}", value, column)

    def _mistake(
        self,
        head: Head,
        pieces: Pieces,
        places: Sequence[int],
        types: dict[str, Any],
        error: Exception,
    ) -> InvalidRequestError:
        """Return the error that names the line of the first mistake."""
        for piece in places:
            data = pieces.bytes_of(self._file, piece)
            decimal = self._layout.decimal if types else "."
            found = find_mistake(data, head.names, types, head.separator, decimal)
            if found:
                line, what, column = found
                return InvalidRequestError(
                    f"{self._name}: line {pieces.lines[piece] + line} {what}",
                    branch=column,
                    hint=cure(types.get(column), decimal),
                )
        return InvalidRequestError(f"{self._name} cannot be read: {error}")


def _among_numbers(
    types: Types, head: Head, pieces: Pieces, samples: Mapping[int, bytes]
) -> Iterator[tuple[str, str]]:
    """Yield the columns of numbers in which a word stands, each with its first line in the samples."""
    for name, word in types.words:
        place, line = head.names.index(name), ""
        for piece, sample in samples.items():
            below = find_text(sample, place, word, head.separator)
            if below is not None:
                line = f", first in line {pieces.lines[piece] + below}"
                break
        yield (
            name,
            f"{word[:40]!r} stands among numbers{line}; nothing there means a missing one",
        )


def _cut(piece: bytes, size: int) -> bytes:
    """Return the first whole rows of a piece."""
    if len(piece) <= size:
        return piece
    ends, _ = row_ends(piece[:size])
    return piece[: int(ends[-1])] if len(ends) else piece


_TYPES = {str(kind): kind for kind in (pa.bool_(), pa.int64(), pa.uint64(), pa.float64())}


def reader(kept: KeptBlocks) -> TableReader:
    """Return the reader of this format."""
    return TableReader("CSV", CsvTable, kept)
