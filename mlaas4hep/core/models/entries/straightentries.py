"""Entries of one plain number a branch, which nothing cuts or changes: to the network at once.

Most models read such entries. All values lie in one matrix, one row an entry, and each step of
their transform is one operation on it, whatever the number of branches. What is odd in any way (a
missing value, one that training has never seen, another order of names in between) is for
`Transform.prepare`, which says what and where; both give the same bits.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain, compress, repeat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.specs.branch import BranchSpec
from mlaas4hep.core.data.values.doubles import Doubles, doubles
from mlaas4hep.core.data.values.scaling import scaling_table
from mlaas4hep.core.models.entries.schema import Schema

_ORDERS = 64  #: of names that are remembered
_OUTSIDE = b"\0"  #: False, in one byte

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """What to do with entries whose branches come in one order."""

    kept: tuple[bool, ...] | None  #: which of them are features; None: all
    places: NDArray[np.intp] | None  #: of each column among those; None: they are in order


@dataclass(frozen=True, slots=True, kw_only=True)
class StraightEntries:
    """Order, ranges and scaling of the branches."""

    names: Names  #: in the order of the network's columns
    schema: Schema
    lows: Doubles
    highs: Doubles
    subtracted: Doubles
    divisor: Doubles
    factor: Doubles | None  #: None: 1 for all
    orders: dict[Names, _Order | None] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(
        cls, specs: Sequence[BranchSpec], schema: Schema, lows: Doubles, highs: Doubles
    ) -> "StraightEntries":
        """Return the way of entries whose branches are all flat numbers in known ranges."""
        subtracted, divisor, factor = scaling_table(specs)[:, :, 0].T
        return cls(
            names=tuple(spec.name for spec in specs),
            schema=schema,
            lows=lows.reshape(-1),
            highs=highs.reshape(-1),
            subtracted=subtracted,
            divisor=divisor,
            factor=factor if (factor != 1).any() else None,
        )

    def row(self, entry: Any) -> NDArray[np.float32] | None:
        """Return the network's input for an entry that holds nothing else; None: it is odd."""
        if entry.__class__ is not dict or len(entry) != len(self.names):
            return None
        order = self._order(tuple(entry))
        if order is None:
            return None
        values = doubles(entry.values(), len(entry))
        if values is None:
            return None
        row = values[None]
        return self._scaled(row if order.places is None else row[:, order.places])

    def rows(self, entries: Sequence[Any]) -> NDArray[np.float32] | None:
        """Return the network's input, one row an entry; None: an entry is odd."""
        values = self._values(entries)
        return None if values is None else self._scaled(values)

    def _scaled(self, values: Doubles) -> NDArray[np.float32] | None:
        """Return values as the network takes them; None: training has never seen one of them."""
        if _OUTSIDE in ((values >= self.lows) & (values <= self.highs)).tobytes():
            return None
        if self.factor is not None:
            values = values * self.factor
        scaled: NDArray[np.float32] = ((values - self.subtracted) / self.divisor).astype(np.float32)
        return scaled

    def _values(self, entries: Sequence[Any]) -> Doubles | None:
        """Return the values, shape (entries, branches); None: they are not plain numbers."""
        if not entries or not isinstance(entries[0], dict):
            return None
        given = tuple(entries[0])
        order = self._order(given)
        if order is None or not (len(entries) == 1 or _all_have(entries, given)):
            return None
        found = doubles(_told(entries, order.kept), len(entries) * len(self.names))
        if found is None:
            return None
        values = found.reshape(len(entries), len(self.names))
        return values if order.places is None else values[:, order.places]

    def _order(self, given: Names) -> _Order | None:
        """Return what to do with branches that come so; None: they are not those of the model."""
        known = self.orders.get(given)
        if known is not None:
            return known
        order = self._found_order(given)
        if order is not None and len(self.orders) < _ORDERS:
            self.orders[given] = order
        return order

    def _found_order(self, given: Names) -> _Order | None:
        if not self.schema.required <= set(given) <= self.schema.known:
            return None
        wanted = frozenset(self.names)
        features = tuple(name for name in given if name in wanted)
        return _Order(
            kept=tuple(name in wanted for name in given) if len(features) < len(given) else None,
            places=None
            if features == self.names
            else np.array([features.index(name) for name in self.names]),
        )


def _all_have(entries: Sequence[Any], names: Names) -> bool:
    """Tell whether all entries are objects of these names, in this order."""
    if not all(map(isinstance, entries, repeat(dict))):
        return False
    return all(map(names.__eq__, map(tuple, entries)))


def _told(entries: Sequence[dict[str, Any]], kept: tuple[bool, ...] | None) -> Iterable[Any]:
    """Return the values of features, entry by entry."""
    rows: Iterable[Iterable[Any]] = map(dict.values, entries)
    if kept is None and len(entries) == 1:
        return entries[0].values()
    return chain.from_iterable(rows if kept is None else map(compress, rows, repeat(kept)))
