"""preproc.json: collections, new branches, cuts and removals (see docs/preproc.md).

The same text travels with the model, so that prediction applies what training applied.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np

from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.data.specs.cutcounts import CutCount
from mlaas4hep.core.nearest import nearest
from mlaas4hep.core.selection.collections import Collection
from mlaas4hep.core.selection.cuts import Cut, NewBranch
from mlaas4hep.core.selection.parse_preproc import parse_parts
from mlaas4hep.errors import InvalidRequestError


@dataclass(frozen=True, slots=True, kw_only=True)
class Preproc:
    """What is done to entries before they are measured, trained on, or predicted."""

    collections: tuple[Collection, ...] = ()  #: applied one after the other, before all else
    new_branches: tuple[NewBranch, ...] = ()  #: each needs only those before it
    cuts: tuple[Cut, ...] = ()
    removes: frozenset[str] = frozenset()  #: branches that do not become features

    @classmethod
    def parse(cls, text: str) -> "Preproc":
        """Return what a preproc.json says; "" says nothing.

        Raises:
            InvalidRequestError: it is not JSON, has an unknown key or a wrong expression.
        """
        collections, new_branches, cuts, removes = parse_parts(text)
        return cls(collections=collections, new_branches=new_branches, cuts=cuts, removes=removes)

    @property
    def defines(self) -> tuple[str, ...]:
        """Return the names of the new branches."""
        return tuple(branch.name for branch in self.new_branches)

    @property
    def reads(self) -> frozenset[str]:
        """Return the branches of the files that collections, new branches and cuts need."""
        expressions = [branch.expression for branch in self.new_branches]
        expressions += [cut.expression for cut in self.cuts]
        names = frozenset[str]().union(*(expression.names for expression in expressions))
        chosen_by = (collection.reads for collection in self.collections)
        return (names - frozenset(self.defines)).union(*chosen_by)

    def behind(self, names: AbstractSet[str]) -> frozenset[str]:
        """Return `names`, and all that the new branches among them are computed from."""
        found = frozenset(names)
        for branch in reversed(self.new_branches):  # each stands behind those that it needs
            if branch.name in found:
                found |= branch.expression.names
        return found

    def check(self, flat: AbstractSet[str], jagged: AbstractSet[str]) -> None:
        """Check everything against the branches of a file, without reading entries.

        Raises:
            InvalidRequestError: a branch is not there, is of the wrong kind, or is there though
                it is to be new.
        """
        known_flat, known_jagged = set(flat), set(jagged)
        for collection in self.collections:
            collection.check(known_flat, known_jagged)
        for branch in self.new_branches:
            branch.check(known_flat, known_jagged)
            (known_jagged if branch.jagged else known_flat).add(branch.name)
        for cut in self.cuts:
            cut.check(known_flat, known_jagged)
        known = known_flat | known_jagged
        for name in sorted(self.removes - known):
            raise InvalidRequestError(
                f"there is no branch {name!r} to remove", branch=name, hint=nearest(name, known)
            )

    def apply(self, columns: Columns, keep: AbstractSet[str] = frozenset()) -> Columns:
        """Return the entries that pass, with new branches and without removed ones.

        Args:
            keep: names that are not removed, whatever preproc.json says: the label's.
        """
        return self.applied(columns, keep)[0]

    def applied(
        self, columns: Columns, keep: AbstractSet[str] = frozenset()
    ) -> tuple[Columns, tuple[CutCount, ...]]:
        """Return what `apply` returns, and what each cut leaves, in their order."""
        full = self.with_new_branches(columns)
        removes = self.removes - keep
        left = full.only(set(full.names) - removes) if removes else full
        if not self.cuts:
            return left, ()
        chosen = np.ones(full.entries, dtype=np.bool_)
        flow = {}
        for cut in self.cuts:
            chosen = chosen & cut.passed(full)
            flow[cut.label] = int(np.count_nonzero(chosen))  # one that is written twice counts once
        counts = tuple(CutCount(cut=label, passed=passed) for label, passed in flow.items())
        return left if chosen.all() else left.keep(chosen), counts

    def with_new_branches(self, columns: Columns) -> Columns:
        """Return the same entries with the new branches; nothing is cut or removed."""
        for collection in self.collections:
            columns = collection.applied_to(columns)
        for branch in self.new_branches:
            columns = branch.added_to(columns)
        return columns
