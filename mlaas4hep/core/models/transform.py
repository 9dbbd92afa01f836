"""The training transform, applied to entries that come later: preproc, order, range, padding."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core.data.columns import ENTRY, Array, Columns
from mlaas4hep.core.data.matrix import Layout, fill
from mlaas4hep.core.data.specs.branch import BranchSpec
from mlaas4hep.core.data.values.categories import is_category
from mlaas4hep.core.data.values.texts import are_known
from mlaas4hep.core.data.values.treatment import is_missing
from mlaas4hep.core.models.bundle.contract import Contract
from mlaas4hep.core.models.bundle.conversion import Missing
from mlaas4hep.core.models.bundle.folding import FEED, Folding, Folds
from mlaas4hep.core.models.entries import byentry
from mlaas4hep.core.models.entries.schema import Schema
from mlaas4hep.core.models.entries.straightentries import StraightEntries
from mlaas4hep.core.selection.preproc import Preproc

Flags = tuple[tuple[str, ...], ...]  #: names of branches, for each entry


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkInput:
    """What goes into the network for a set of entries, and what is odd about them."""

    x: NDArray[np.float32]  #: one row for each entry that passes the cuts
    passed: NDArray[np.bool_]  #: of all entries
    outside: Flags  #: of all entries: branches with a value that training has never seen
    truncated: Flags  #: of all entries: branches with a longer row than the longest in training
    folds: Folds | None = None  #: of each row, if there are several models

    def feeds(self, name: str) -> dict[str, Array]:
        """Return what a runtime is given, whose input is called `name`; without rows, one of zeros."""
        x = self.x if len(self.x) else np.zeros((1, self.x.shape[1]), np.float32)
        if self.folds is None:
            return {name: x}
        return {name: x, FEED: self.folds if len(self.folds) else np.zeros(1, np.int32)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """What was done to the entries that a model was trained on."""

    schema: Schema
    preproc: Preproc
    layout: Layout
    own_types: frozenset[str] = frozenset()  #: branches whose whole numbers must stay such
    seen: "_SeenRanges | None" = field(default=None, compare=False, repr=False)
    straight: StraightEntries | None = field(default=None, compare=False, repr=False)
    missing: Missing = "zero"  #: what the model reads where there is no value
    folding: Folding | None = None  #: how one of several models is chosen

    @classmethod
    def of(cls, contract: Contract) -> Self:
        """Return the transform that a model's contract describes."""
        preproc = Preproc.parse(contract.preproc)
        layout = Layout.of(contract.specs, exclude=contract.identifiers)
        treated = frozenset(spec.name for spec in layout.flat if spec.treatment)
        schema, seen = _schema(contract, layout, preproc), _SeenRanges.of(layout.flat)
        return cls(
            schema=schema,
            preproc=preproc,
            layout=layout,
            own_types=preproc.reads | treated | _fold_reads(contract),
            seen=seen,
            straight=_straight(contract, layout, preproc, schema, seen),
            missing=contract.missing,
            folding=contract.folding,
        )

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the network's inputs, in order."""
        return self.layout.columns

    def prepare_entries(self, entries: Sequence[byentry.Entry]) -> NetworkInput:
        """Return what goes into the network for entries as people write them.

        Raises:
            InvalidRequestError: as `byentry.columns`.
        """
        x = self.straight.rows(entries) if self.straight else None
        if x is None:
            return self.prepare(byentry.columns(self.schema, entries, self.own_types))
        nothing: Flags = ((),) * len(entries)
        passed = np.ones(len(entries), dtype=np.bool_)
        return NetworkInput(x=x, passed=passed, outside=nothing, truncated=nothing)

    def prepare(self, columns: Columns) -> NetworkInput:
        """Return the rows of the matrix for `columns`, which holds the schema's branches."""
        numbered = replace(columns, flat={**columns.flat, ENTRY: np.arange(columns.entries)})
        kept = self.preproc.apply(numbered)
        numbers = kept.flat[ENTRY]
        x = np.empty((kept.entries, self.layout.width), dtype=np.float32)
        if self.missing == "nan":
            mask = np.empty(x.shape, np.uint8)
            fill(self.layout, kept, x, mask)
            x[mask == 1] = np.nan
        else:
            fill(self.layout, kept, x)
        passed = np.zeros(columns.entries, dtype=np.bool_)
        passed[numbers] = True
        flat = () if self.seen and self.seen.holds(kept) else self.layout.flat
        outside = ((spec.name, _unseen(spec, kept)) for spec in (*flat, *self.layout.jagged))
        long = ((spec.name, _longer(spec, kept)) for spec in self.layout.jagged)
        return NetworkInput(
            x=x,
            passed=passed,
            outside=_flags(outside, numbers, columns.entries),
            truncated=_flags(long, numbers, columns.entries),
            folds=self.folding.of(kept) if self.folding else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _SeenRanges:
    """The ranges of flat branches, to look at all of them at once."""

    names: tuple[str, ...]
    lows: Array  #: shape (branches, 1)
    highs: Array

    @classmethod
    def of(cls, specs: Iterable[BranchSpec]) -> "_SeenRanges | None":
        """Return the ranges; None if a branch has none, or a treatment of its own."""
        known = tuple(specs)
        plain = [spec for spec in known if not spec.treatment and spec.texts is None]
        ends = [(spec.low, spec.high) for spec in plain]
        if len(ends) < len(known) or any(
            low is None or float(low) != low for each in ends for low in each
        ):
            return None
        lows, highs = np.array(ends, np.float64).reshape(-1, 2, 1).swapaxes(0, 1)
        return cls(names=tuple(spec.name for spec in known), lows=lows, highs=highs)

    def holds(self, columns: Columns) -> bool:
        """Tell whether surely no value lies outside; only a look at each branch says where."""
        arrays = [columns.flat[name] for name in self.names]
        if not arrays or any(each.dtype != np.float64 for each in arrays):
            return False
        values = np.array(arrays)
        return not ((values < self.lows) | (values > self.highs)).any()


def _straight(
    contract: Contract, layout: Layout, preproc: Preproc, schema: Schema, seen: _SeenRanges | None
) -> StraightEntries | None:
    """Return the way of entries that nothing cuts or changes; None: something does."""
    changes = (preproc.collections, preproc.new_branches, preproc.cuts, contract.folding)
    if seen is None or any(changes) or schema.required != set(seen.names):
        return None
    return StraightEntries.of(layout.flat, schema, seen.lows, seen.highs)


def _schema(contract: Contract, layout: Layout, preproc: Preproc) -> Schema:
    made = set(preproc.defines)
    flat = frozenset(spec.name for spec in layout.flat) - made
    jagged = frozenset(spec.name for spec in layout.jagged) - made
    cut_by = preproc.reads - flat - jagged
    either = cut_by | (_fold_reads(contract) - flat - jagged - made)
    empty = frozenset(spec.name for spec in contract.specs.branches) - layout.names - made
    return Schema(
        flat=flat,
        jagged=jagged,
        either=either,
        identifiers=frozenset(contract.identifiers) - cut_by,
        texts=frozenset(spec.name for spec in layout.flat if spec.texts is not None) - made,
        flags=frozenset(spec.name for spec in (*layout.flat, *layout.jagged) if _is_flag(spec))
        - made,
        unused=empty - either - set(contract.identifiers),
        gaps=tuple(gap for gap in contract.gaps if gap.name in flat | jagged | either),
    )


def _is_flag(spec: BranchSpec) -> bool:
    """Tell whether training saw no values but such from 0 to 1."""
    return spec.low is None or spec.high is None or (spec.low >= 0 and spec.high <= 1)


def _fold_reads(contract: Contract) -> frozenset[str]:
    return frozenset(contract.folding.reads if contract.folding else ())


def _longer(spec: BranchSpec, columns: Columns) -> NDArray[np.bool_]:
    return columns.jagged[spec.name].counts > spec.width


def _unseen(spec: BranchSpec, columns: Columns) -> NDArray[np.bool_]:
    """Tell for each entry whether a value lies outside what training has seen of the branch."""
    if not spec.jagged:
        return _beyond(spec, columns.flat[spec.name])
    rows = columns.jagged[spec.name]
    beyond = _beyond(spec, rows.content)
    found = np.zeros(columns.entries, dtype=np.bool_)
    if beyond.any():
        found[np.repeat(np.arange(columns.entries), rows.counts)[beyond]] = True
    return found


def _beyond(spec: BranchSpec, values: Array) -> NDArray[np.bool_]:
    if spec.texts is not None:
        return ~are_known(values, spec.texts)
    if spec.low is None or spec.high is None:
        beyond = np.isfinite(values)
    else:
        beyond = (values < spec.low) | (values > spec.high)
        if is_category(spec):
            beyond |= np.isfinite(values) & (values != np.rint(values))
    if spec.treatment and spec.treatment.missing:
        beyond &= ~is_missing(values, spec.treatment.missing)
    return beyond


def _flags(marked: Iterable[tuple[str, NDArray[np.bool_]]], numbers: Array, entries: int) -> Flags:
    """Return the marked names of each of `entries` entries; marks are about entries `numbers`."""
    flags: dict[int, list[str]] = {}
    for name, chosen in marked:
        for number in numbers[chosen].tolist():
            flags.setdefault(number, []).append(name)
    if not flags:
        return ((),) * entries
    return tuple(tuple(flags.get(number, ())) for number in range(entries))
