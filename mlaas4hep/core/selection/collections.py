"""Collections of preproc.json: which objects of each entry are kept, and in which order.

    "collections": {"Jet": {"where": "Jet_pt > 25", "sort_by": "Jet_pt", "top": 5}}

All branches of a collection are treated alike, so that Jet_eta_0 belongs to the same jet as
Jet_pt_0. New branches and cuts see what is left.
"""

from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

import numpy as np

from mlaas4hep.core.data.columns import Array, Columns, Jagged, Offsets
from mlaas4hep.core.formulas.expression import Expression
from mlaas4hep.core.formulas.picking import positions
from mlaas4hep.core.formulas.rowwise import truth
from mlaas4hep.core.nearest import nearest
from mlaas4hep.core.selection.cuts import check_names
from mlaas4hep.errors import InvalidRequestError


@dataclass(frozen=True, slots=True, kw_only=True)
class Collection:
    """Objects whose branches have rows of the same lengths."""

    name: str
    branches: tuple[str, ...] = ()  #: names and globs; empty: those that begin with the name
    where: Expression | None = None  #: a condition on each object
    sort_by: Expression | None = None  #: a number of each object
    descending: bool = True
    top: int | None = None  #: objects kept of each entry

    @property
    def reads(self) -> frozenset[str]:
        """Return the branches that choosing needs."""
        chosen_by = (each.names for each in (self.where, self.sort_by) if each)
        return frozenset[str]().union(*chosen_by)

    def members(self, names: Iterable[str]) -> tuple[str, ...]:
        """Return those of the jagged branches `names` that belong to the collection."""
        patterns = self.branches or (f"{self.name}_*", f"{self.name}.*")
        return tuple(name for name in names if any(fnmatchcase(name, each) for each in patterns))

    def check(self, flat: AbstractSet[str], jagged: AbstractSet[str]) -> None:
        """Refuse branches that are not there, and what is no value of each object."""
        where = f"collections {self.name!r}"
        known = flat | jagged
        for expression in (self.where, self.sort_by):
            if expression is None:
                continue
            check_names(expression, known, where)
            if not expression.is_jagged(jagged):
                raise InvalidRequestError(
                    f"{where}: {expression.text!r} has one value an entry, not one an object",
                    hint="a condition on whole entries is a flat_cut",
                )
        for name in self.branches:
            if not self.members(jagged & {name}) and not any(fnmatchcase(j, name) for j in jagged):
                raise InvalidRequestError(
                    f"{where}: {name!r} is no jagged branch", hint=nearest(name, jagged)
                )
        if not self.members(jagged):
            raise InvalidRequestError(
                f"{where}: no jagged branch begins with {self.name}_ or {self.name}.",
                hint=nearest(self.name, {name.split("_")[0].split(".")[0] for name in jagged})
                or '"branches": ["jet_pt", "jet_eta"] names them',
            )

    def applied_to(self, columns: Columns) -> Columns:
        """Return the entries with only the chosen objects, in their order."""
        members = self.members(columns.jagged)
        if not members:
            return columns
        lead = columns.jagged[members[0]]
        for name in members[1:]:
            self._refuse_other_lengths(members[0], lead, name, columns.jagged[name])
        order, offsets = self._chosen(columns, members[0], lead)
        chosen = {
            name: Jagged(content=columns.jagged[name].content[order], offsets=offsets)
            for name in members
        }
        return replace(columns, jagged={**columns.jagged, **chosen})

    def _chosen(self, columns: Columns, name: str, lead: Jagged) -> tuple[Offsets, Offsets]:
        """Return which values are kept, in which order, and the offsets of what is left."""
        owners = np.repeat(np.arange(columns.entries), lead.counts)
        order = np.arange(len(owners))
        if self.sort_by is not None:
            key = self._each(self.sort_by, columns, name, lead)
            order = np.lexsort((_falling(key) if self.descending else key, owners))
        if self.where is not None:
            order = order[truth(self._each(self.where, columns, name, lead))[order]]
        offsets = _offsets(np.bincount(owners[order], minlength=columns.entries))
        if self.top is not None:
            order = order[positions(offsets) < self.top]
            offsets = _offsets(np.minimum(np.diff(offsets), self.top))
        return order, offsets

    def _each(self, expression: Expression, columns: Columns, name: str, lead: Jagged) -> Array:
        """Return the value of `expression` for each object."""
        values = expression.evaluate(columns)
        assert isinstance(values, Jagged)  # noqa: S101  `check` has seen that it is
        self._refuse_other_lengths(name, lead, expression.text, values)
        return np.broadcast_to(values.content, len(lead.content))

    def _refuse_other_lengths(self, name: str, lead: Jagged, other: str, rows: Jagged) -> None:
        if lead.offsets is rows.offsets or np.array_equal(lead.offsets, rows.offsets):
            return
        raise InvalidRequestError(
            f"collections {self.name!r}: {name!r} and {other!r} have rows of different lengths",
            branch=other,
            hint=f'"branches": ["{name}", …] names the branches of one collection',
        )


def _falling(key: Array) -> Array:
    """Return what sorts the other way round; not by a minus, which the lowest integer has not."""
    return -key if key.dtype.kind == "f" else ~key


def _offsets(counts: Offsets) -> Offsets:
    return np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
