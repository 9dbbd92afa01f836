"""Entries in memory, column by column: what a reader gives and what the matrix is made of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Offsets = NDArray[np.int64]
ENTRY = "\N{ZERO WIDTH SPACE}entry"  #: numbers that ride along through cuts; no branch's name


@dataclass(frozen=True, slots=True, kw_only=True)
class Jagged:
    """Rows of different lengths: row i is `content[offsets[i]:offsets[i + 1]]`."""

    content: Array  #: shape (total values,), any bool, integer or float dtype in native byte order
    offsets: Offsets  #: shape (entries + 1,), starts at 0, never falls

    @property
    def counts(self) -> Offsets:
        """Return the length of each row, shape (entries,)."""
        return np.diff(self.offsets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """A set of entries: one value an entry in `flat`, one row an entry in `jagged`.

    Branches of one collection (`Muon_pt`, `Muon_eta`) may share the same offsets object;
    `is` tells, and saves work.
    """

    entries: int
    flat: Mapping[str, Array]  #: each of shape (entries,)
    jagged: Mapping[str, Jagged]

    @property
    def names(self) -> tuple[str, ...]:
        """Return flat names, then jagged names, each in the order given."""
        return (*self.flat, *self.jagged)

    @property
    def size_bytes(self) -> int:
        """Return the memory that all values take, shared offsets once."""
        offsets = {id(rows.offsets): rows.offsets.nbytes for rows in self.jagged.values()}
        values = sum(values.nbytes for values in self.flat.values())
        return (
            values
            + sum(rows.content.nbytes for rows in self.jagged.values())
            + sum(offsets.values())
        )

    def rows(self, start: int, stop: int) -> "Columns":
        """Return entries [start, stop) without copying values."""
        shared: dict[int, tuple[int, int, Offsets]] = {}

        def window(rows: Jagged) -> Jagged:
            if id(rows.offsets) not in shared:
                cut = rows.offsets[start : stop + 1]
                shared[id(rows.offsets)] = int(cut[0]), int(cut[-1]), cut - cut[0]
            low, high, offsets = shared[id(rows.offsets)]
            return Jagged(content=rows.content[low:high], offsets=offsets)

        return Columns(
            entries=stop - start,
            flat={name: values[start:stop] for name, values in self.flat.items()},
            jagged={name: window(rows) for name, rows in self.jagged.items()},
        )

    def keep(self, chosen: NDArray[np.bool_]) -> "Columns":
        """Return only the entries where `chosen` (shape (entries,)) is true."""
        shared: dict[int, tuple[NDArray[np.bool_], Offsets]] = {}

        def select(rows: Jagged) -> Jagged:
            if id(rows.offsets) not in shared:
                counts = rows.counts
                offsets = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts[chosen])))
                shared[id(rows.offsets)] = np.repeat(chosen, counts), offsets
            values, offsets = shared[id(rows.offsets)]
            return Jagged(content=rows.content[values], offsets=offsets)

        return Columns(
            entries=int(np.count_nonzero(chosen)),
            flat={name: values[chosen] for name, values in self.flat.items()},
            jagged={name: select(rows) for name, rows in self.jagged.items()},
        )

    def with_gaps(
        self, flat: Iterable[str], jagged: Mapping[str, str], texts: Iterable[str] = ()
    ) -> "Columns":
        """Return the same entries with more branches without values: NaN, rows of NaN, no text.

        Args:
            flat: names of those that are NaN.
            jagged: names of those of NaN in rows, each with the branch whose rows are as long; the
                rows of others are empty.
            texts: names of those without text.
        """
        gaps = np.full(self.entries, np.nan)
        return Columns(
            entries=self.entries,
            flat={
                **self.flat,
                **dict.fromkeys(flat, gaps),
                **dict.fromkeys(texts, np.zeros(self.entries, np.dtype("U1"))),
            },
            jagged={**self.jagged, **{name: self._gaps(like) for name, like in jagged.items()}},
        )

    def _gaps(self, like: str) -> Jagged:
        """Return rows of NaN, as long as those of branch `like`; empty ones if there is none."""
        empty = Jagged(content=np.empty(0), offsets=np.zeros(self.entries + 1, np.int64))
        rows = self.jagged.get(like, empty)
        return Jagged(content=np.full(len(rows.content), np.nan), offsets=rows.offsets)

    def only(self, names: Iterable[str]) -> "Columns":
        """Return the same entries with just the branches in `names`."""
        wanted = set(names)
        return Columns(
            entries=self.entries,
            flat={name: values for name, values in self.flat.items() if name in wanted},
            jagged={name: rows for name, rows in self.jagged.items() if name in wanted},
        )
