"""From branches to the dense matrix a network reads; the same code trains and predicts.

Flat branches come first, sorted by name, then jagged ones, sorted by name, each padded to its
longest row. Values are scaled as `scaling.py` says. After the flat branches there is a column for
each that wants one, with 1 where the branch is missing. Padding and values that are not finite are 0 in `x` and 1 in the mask.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.columns import Array, Columns, Offsets
from mlaas4hep.core.data.specs.branch import BranchSpec
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.data.values.categories import is_category
from mlaas4hep.core.data.values.scaling import Scaler, Table, scaling_table
from mlaas4hep.core.data.values.texts import numbered
from mlaas4hep.core.data.values.treatment import is_missing
from mlaas4hep.core.data.values.treatments import indicator
from mlaas4hep.errors import InvalidRequestError

BLOCK = 2048  #: rows filled at a time: they and their values stay in the cache

Matrix = NDArray[np.float32]
Mask = NDArray[np.uint8]
Positions = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Which branch fills which columns."""

    flat: tuple[BranchSpec, ...]
    jagged: tuple[BranchSpec, ...]  #: those with at least one column
    scaling: Table = field(compare=False, repr=False)  #: of flat, then of jagged branches

    @classmethod
    def of(cls, specs: Specs, exclude: Collection[str] = ()) -> "Layout":
        """Return the layout of measured branches; `exclude` are identifiers."""
        kept = sorted(
            (spec for spec in specs.branches if spec.name not in exclude and spec.is_used),
            key=lambda spec: spec.name,
        )
        flat = tuple(spec for spec in kept if not spec.jagged)
        jagged = tuple(spec for spec in kept if spec.jagged and spec.width)
        return cls(flat=flat, jagged=jagged, scaling=scaling_table((*flat, *jagged)))

    @cached_property
    def indicators(self) -> tuple[int, ...]:
        """Return the numbers of the flat branches with a column that tells where they miss."""
        return tuple(
            number
            for number, spec in enumerate(self.flat)
            if spec.treatment and spec.treatment.indicator
        )

    @cached_property
    def flat_width(self) -> int:
        """Return the number of columns before those of jagged branches."""
        return len(self.flat) + len(self.indicators)

    @property
    def places(self) -> Iterator[tuple[BranchSpec, int]]:
        """Yield every branch with the number of its first column."""
        yield from zip(self.flat, range(len(self.flat)), strict=True)
        start = self.flat_width
        for spec in self.jagged:
            yield spec, start
            start += spec.width

    @cached_property
    def widths(self) -> tuple[int, ...]:
        """Return the number of columns of each jagged branch."""
        return tuple(spec.width for spec in self.jagged)

    @cached_property
    def width(self) -> int:
        """Return the number of columns."""
        return self.flat_width + sum(self.widths)

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the columns: `branch`, or `branch_0` … for a jagged one."""
        return (
            *(spec.name for spec in self.flat),
            *(indicator(self.flat[number].name) for number in self.indicators),
            *(f"{spec.name}_{i}" for spec in self.jagged for i in range(spec.width)),
        )

    @property
    def categories(self) -> tuple[int, ...]:
        """Return the numbers of the columns that hold numbers of categories."""
        return tuple(
            place
            for spec, start in self.places
            if is_category(spec)
            for place in range(start, start + spec.width)
        )

    @cached_property
    def names(self) -> frozenset[str]:
        """Return the branches that `fill` needs."""
        return frozenset(spec.name for spec in (*self.flat, *self.jagged))


def fill(
    layout: Layout,
    columns: Columns,
    x: Matrix,
    mask: Mask | None = None,
    counts: Array | None = None,
) -> Positions:
    """Write entries into the rows of `x`, and return where values were not finite.

    Args:
        layout: of the columns.
        columns: entries with at least the branches of the layout. Rows longer than the layout
            knows lose their end.
        x: shape (entries, width), C order; overwritten.
        mask: the same shape; 1 where `x` is padding or was not finite.
        counts: shape (jagged branches, entries), any unsigned integer; the lengths of rows.

    Returns:
        Positions in `x.reshape(-1)`, rising.

    Raises:
        InvalidRequestError: a branch of the layout is not in `columns`.
    """
    if x.shape != (columns.entries, layout.width) or not x.flags.c_contiguous:
        raise InvalidRequestError(f"a matrix of shape {x.shape} cannot hold these entries")
    _check_names(layout, columns)
    if counts is None:
        counts = np.zeros((len(layout.jagged), columns.entries), count_type(layout.widths))
    holes: list[Positions] = []
    fillers: list[_Flat | _Collection] = [*_flat(layout, columns), *_collections(layout, columns)]
    with np.errstate(over="ignore", invalid="ignore"):
        for start in range(0, columns.entries, BLOCK):
            rows = slice(start, min(start + BLOCK, columns.entries))
            x[rows, layout.flat_width :] = 0
            for filler in fillers:
                holes += filler.fill(rows, x[rows], counts[:, rows])
    missing = np.sort(np.concatenate(holes)) if holes else np.empty(0, np.int64)
    if mask is not None:
        expand_mask(layout.flat_width, layout.widths, counts, missing, mask)
    return missing


def expand_mask(
    flat: int, widths: Sequence[int], counts: Array, holes: Positions, mask: Mask
) -> None:
    """Write 1 into `mask` where a row is shorter than its columns, and at `holes`; 0 elsewhere."""
    mask[:, :flat] = 0
    at = flat
    for width, lengths in zip(widths, counts, strict=True):
        np.greater_equal(
            np.arange(width), lengths[:, None], out=mask[:, at : at + width], casting="unsafe"
        )
        at += width
    mask.reshape(-1)[holes] = 1


def count_type(widths: Sequence[int]) -> np.dtype[np.unsignedinteger]:
    """Return the smallest type that holds the length of every row."""
    return np.dtype(np.min_scalar_type(max(widths, default=0)))


def _check_names(layout: Layout, columns: Columns) -> None:
    missing = {spec.name for spec in layout.flat} - columns.flat.keys()
    missing |= {spec.name for spec in layout.jagged} - columns.jagged.keys()
    if missing:
        name = min(missing)
        kind = "rows" if any(spec.name == name for spec in layout.jagged) else "one value an entry"
        raise InvalidRequestError(f"branch {name!r} is missing, or has not {kind}", branch=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Flat:
    """The flat branches, which fill the first columns."""

    branches: tuple[Array, ...]
    scaler: Scaler
    missing: tuple[tuple[int, tuple[float, ...]], ...]  #: of the branches with an indicator

    def fill(self, rows: slice, x: Matrix, _counts: Array) -> Iterator[Positions]:
        """Write `rows` of the branches, and yield the positions of values that are not finite."""
        values, bad = self.scaler.scale([branch[rows] for branch in self.branches])
        x[:, : len(self.branches)] = values.T
        for place, (number, missing) in enumerate(self.missing, start=len(self.branches)):
            branch = self.branches[number][rows]
            x[:, place] = is_missing(branch, missing) | ~np.isfinite(branch)
        if bad is not None:
            column, row = bad
            yield (rows.start + row) * x.shape[1] + column


@dataclass(frozen=True, slots=True, kw_only=True)
class _Collection:
    """Jagged branches with the same row lengths and width."""

    width: int
    numbers: tuple[int, ...]  #: where their lengths go in `counts`
    firsts: tuple[int, ...]  #: their first columns
    contents: tuple[Array, ...]
    offsets: Offsets
    scaler: Scaler

    def fill(self, rows: slice, x: Matrix, counts: Array) -> Iterator[Positions]:
        """Write `rows` of the branches, and yield the positions of values that are not finite."""
        window = self.offsets[rows.start : rows.stop + 1]
        places = _Places.of(window, self.width, x.shape[1])
        for number in self.numbers:
            counts[number] = places.lengths
        values, bad = self.scaler.scale([places.values(content) for content in self.contents])
        cells = x.reshape(-1)
        for first, scaled in zip(self.firsts, values, strict=True):
            cells[first:][places.cells] = scaled
        if bad is not None:
            branch, place = bad
            inside = places.cells[place] + np.array(self.firsts)[branch]
            yield rows.start * x.shape[1] + inside


def _flat(layout: Layout, columns: Columns) -> Iterator[_Flat]:
    if layout.flat:
        branches = tuple(
            columns.flat[spec.name]
            if spec.texts is None
            else numbered(spec.name, columns.flat[spec.name], spec.texts)
            for spec in layout.flat
        )
        missing = tuple(
            (number, spec.treatment.missing)
            for number in layout.indicators
            if (spec := layout.flat[number]).treatment
        )
        scaler = Scaler(layout.scaling[: len(layout.flat)], layout.flat)
        yield _Flat(branches=branches, scaler=scaler, missing=missing)


def _collections(layout: Layout, columns: Columns) -> Iterator[_Collection]:
    """Yield the jagged branches in groups that share their offsets."""
    groups: dict[tuple[int, int], list[tuple[int, int, BranchSpec]]] = {}
    first = layout.flat_width
    for number, spec in enumerate(layout.jagged):
        key = id(columns.jagged[spec.name].offsets), spec.width
        groups.setdefault(key, []).append((number, first, spec))
        first += spec.width
    for members in groups.values():
        numbers, firsts, specs = zip(*members, strict=True)
        yield _Collection(
            width=specs[0].width,
            numbers=numbers,
            firsts=firsts,
            contents=tuple(columns.jagged[spec.name].content for spec in specs),
            offsets=columns.jagged[specs[0].name].offsets,
            scaler=Scaler(layout.scaling[len(layout.flat) + np.array(numbers)], specs),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Places:
    """Where the values of a collection go; branches that share offsets share it."""

    low: int
    high: int
    lengths: Offsets
    cells: Positions  #: position of each value, as if the branch began in column 0
    kept: Array | None  #: which values fit, when rows are longer than the layout knows

    @classmethod
    def of(cls, offsets: Offsets, width: int, row_size: int) -> "_Places":
        low, high = int(offsets[0]), int(offsets[-1])
        lengths = np.diff(offsets)
        firsts = np.arange(len(lengths), dtype=np.int64) * row_size - offsets[:-1]
        cells = np.arange(low, high, dtype=np.int64)
        cells += np.repeat(firsts, lengths)
        if int(lengths.max(initial=0)) <= width:
            return cls(low=low, high=high, lengths=lengths, cells=cells, kept=None)
        inside = np.arange(low, high) - np.repeat(offsets[:-1], lengths)
        kept = inside < width
        return cls(
            low=low,
            high=high,
            lengths=np.minimum(lengths, width),
            cells=cells[kept],
            kept=kept,
        )

    def values(self, content: Array) -> Array:
        values = content[self.low : self.high]
        return values if self.kept is None else values[self.kept]
