"""What was measured in the files: the range and width of every branch, and how many entries pass.

Specs of any two disjoint sets of entries merge, in any order, to the specs of both together.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from mlaas4hep.core.data.columns import Array, Columns
from mlaas4hep.core.data.specs.branch import BranchSpec, spec_of_texts
from mlaas4hep.core.data.specs.cutcounts import FileCuts, joined_cuts
from mlaas4hep.core.data.specs.sketch import Sketch
from mlaas4hep.core.data.values.texts import found_in, is_text
from mlaas4hep.core.data.weights import WeightSum, joined_sums
from mlaas4hep.core.doubles import DOUBLES_HOLD


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class RangeCount:
    """How many of the entries [start, stop) of one file pass the cuts."""

    file: int  #: index into the request's files
    start: int
    stop: int
    passed: int

    @property
    def is_whole(self) -> bool:
        """Tell whether every entry passes, so that positions inside are known."""
        return self.passed == self.stop - self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Specs:
    """What the matrix and the plan need to know about a set of entries."""

    branches: tuple[BranchSpec, ...]  #: sorted by name
    ranges: tuple[RangeCount, ...]  #: sorted, disjoint; neighbours that are whole are one
    weights: tuple[WeightSum, ...] = ()  #: by file and label; empty: all entries count alike
    cuts: tuple[FileCuts, ...] = ()  #: sorted by file; empty: there are none

    @property
    def entries(self) -> int:
        """Return how many entries were read."""
        return sum(count.stop - count.start for count in self.ranges)

    @property
    def passed(self) -> int:
        """Return how many of them pass the cuts."""
        return sum(count.passed for count in self.ranges)

    def passed_of(self, file: int) -> int:
        """Return how many measured entries of one file pass the cuts."""
        return sum(count.passed for count in self.ranges if count.file == file)

    def branch(self, name: str) -> BranchSpec:
        """Return the spec of one branch.

        Raises:
            KeyError: it was not measured.
        """
        for spec in self.branches:
            if spec.name == name:
                return spec
        raise KeyError(name)

    def merge(self, *others: "Specs") -> "Specs":
        """Return the specs of all these disjoint sets of entries together."""
        return merged((self, *others))


def merged(parts: Iterable[Specs]) -> Specs:
    """Return the specs of all `parts` together; their order does not matter."""
    branches: dict[str, list[BranchSpec]] = {}
    ranges: list[RangeCount] = []
    weights: list[WeightSum] = []
    cuts: list[FileCuts] = []
    for part in parts:
        cuts.extend(part.cuts)
        weights.extend(part.weights)
        ranges.extend(part.ranges)
        for spec in part.branches:
            branches.setdefault(spec.name, []).append(spec)
    return Specs(
        branches=tuple(first.merge(*more) for _, (first, *more) in sorted(branches.items())),
        ranges=_joined(ranges),
        weights=joined_sums(weights),
        cuts=joined_cuts(cuts),
    )


def sketched(specs: Specs, sketches: Mapping[str, Sketch]) -> Specs:
    """Return specs with sketches of their branches."""
    return replace(
        specs,
        branches=tuple(
            replace(spec, sketch=(sketches[spec.name],)) if spec.name in sketches else spec
            for spec in specs.branches
        ),
    )


def measured(columns: Columns, *, file: int, start: int, stop: int) -> Specs:
    """Return the specs of one block: entries [start, stop) of a file, of which `columns` passed."""
    widths: dict[int, int] = {}
    specs = [_flat(name, values) for name, values in columns.flat.items()]
    for name, rows in columns.jagged.items():
        key = id(rows.offsets)
        if key not in widths:
            widths[key] = int(rows.counts.max(initial=0))
        specs.append(_branch(name, rows.content, jagged=True, width=widths[key]))
    count = RangeCount(file=file, start=start, stop=stop, passed=columns.entries)
    return Specs(
        branches=tuple(sorted(specs, key=lambda spec: spec.name)),
        ranges=(count,) if stop > start else (),
    )


def measure(blocks: Iterable[Columns], *, file: int = 0, start: int = 0) -> Specs:
    """Return the specs of consecutive blocks without cuts, the first at entry `start`."""
    parts: list[Specs] = []
    for block in blocks:
        parts.append(measured(block, file=file, start=start, stop=start + block.entries))
        start += block.entries
    return merged(parts)


def _flat(name: str, values: Array) -> BranchSpec:
    if is_text(values):
        return spec_of_texts(name, *found_in(values))
    return _branch(name, values, jagged=False, width=1)


def _branch(name: str, values: Array, *, jagged: bool, width: int) -> BranchSpec:
    if not len(values):
        return BranchSpec(name=name, jagged=jagged, low=None, high=None, width=width)
    low, high = _float(values.min()), _float(values.max())
    if math.isfinite(low) and math.isfinite(high):
        exact = None
        if max(abs(low), abs(high)) >= DOUBLES_HOLD and values.dtype.kind in "iu":
            exact = int(values.min()), int(values.max())
        return BranchSpec(name=name, jagged=jagged, low=low, high=high, width=width, exact=exact)
    finite = values[np.isfinite(values)]
    nan = int(np.count_nonzero(np.isnan(values)))
    return BranchSpec(
        name=name,
        jagged=jagged,
        low=_float(finite.min()) if len(finite) else None,
        high=_float(finite.max()) if len(finite) else None,
        width=width,
        nan=nan,
        inf=len(values) - len(finite) - nan,
    )


def _float(value: np.generic) -> float:
    return float(value) + 0.0  # -0.0 becomes 0.0: the order of merging must not show


def _joined(ranges: Iterable[RangeCount]) -> tuple[RangeCount, ...]:
    """Return the ranges sorted, with touching ones made one where every entry passes."""
    joined: list[RangeCount] = []
    for count in sorted(ranges):
        last = joined[-1] if joined else None
        if last and _touch(last, count) and last.is_whole and count.is_whole:
            passed = last.passed + count.passed
            joined[-1] = replace(last, stop=count.stop, passed=passed)
        else:
            joined.append(count)
    return tuple(joined)


def _touch(first: RangeCount, second: RangeCount) -> bool:
    return first.file == second.file and first.stop == second.start
