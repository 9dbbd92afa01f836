"""What is odd about the values of branches, told by name: no numbers, constants, sentinels, outliers."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from mlaas4hep.core.data.specs.branch import BranchSpec
from mlaas4hep.core.data.specs.sketch import Distribution
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.data.values.rules import Rules
from mlaas4hep.core.data.values.scaling import HARMLESS
from mlaas4hep.core.data.values.texts import MOST
from mlaas4hep.core.data.values.written import are_numbers
from mlaas4hep.core.doubles import DOUBLES_HOLD

_LISTED = 10  #: names in one notice
_SQUEEZED = 20.0  #: times the distance between the 1 % and the 99 % quantile
_WIDE = 10_000  #: columns of one branch that are hardly meant


def notices(specs: Specs, rules: Rules) -> tuple[str, ...]:
    """Return a warning for each kind of oddness, with the branches and what to do about it.

    Args:
        specs: with their sketches, and with their sentinels (`with_odd`).
        rules: what the request says about values.
    """
    used = [spec for spec in specs.branches if spec.low is not None]
    sketched = [found for spec in used if (found := _SketchedBranch.of(spec)) is not None]
    return (
        *_worthless(specs.branches),
        *_holes(used, rules),
        *_texts(specs.branches),
        *_wide(specs.branches),
        *_constants(used, rules),
        *_sentinels(used),
        *_outliers(sketched, rules),
        *_idle_rules(specs.branches, rules),
    )


def rounded(parts: Iterable[Specs], found: Specs) -> Iterator[str]:
    """Yield which whole numbers of some `parts` doubles cannot hold, though others need doubles.

    `found` are the specs of all parts together.
    """
    large = {
        spec.name
        for spec in found.branches
        if spec.exact is None and _size(spec) >= DOUBLES_HOLD and spec.texts is None
    }
    names = {
        spec.name
        for part in (parts if large else ())
        for spec in part.branches
        if spec.exact and spec.name in large
    }
    if names:
        yield (
            "whole numbers above 2^53 in some files and decimal ones in others, so that the last"
            f" digits are lost: {_listed(sorted(names))}"
        )


def _size(spec: BranchSpec) -> float:
    return max(abs(spec.low or 0.0), abs(spec.high or 0.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class _SketchedBranch:
    """A branch with its sketch."""

    spec: BranchSpec
    seen: Distribution

    @classmethod
    def of(cls, spec: BranchSpec) -> "_SketchedBranch | None":
        """Return a branch; None if it has no sketch."""
        seen = Distribution.of(spec.sketch)
        return None if seen is None else cls(spec=spec, seen=seen)


def _worthless(specs: Sequence[BranchSpec]) -> Iterator[str]:
    names = [
        spec.name
        for spec in specs
        if spec.low is None and spec.nan + spec.inf and not spec.too_many
    ]
    if names:
        yield f"NaN or infinite in every entry, so worth nothing: {_listed(names)}"


def _holes(specs: Sequence[BranchSpec], rules: Rules) -> Iterator[str]:
    """Yield which branches miss values that nobody has spoken of."""
    found = [
        f"{spec.name} ({' and '.join(_lost(spec))})"
        for spec in specs
        if spec.nan + spec.inf and spec.texts is None and not rules.missing_of(spec.name)
    ]
    if found:
        cure = (
            "" if rules.indicator else '; "missing_indicator": true in params.json tells it where'
        )
        yield f"missing in some entries, which is 0 for a network and stays missing for trees: {_listed(found)}{cure}"


def _lost(spec: BranchSpec) -> Iterator[str]:
    """Yield how many values are no numbers."""
    yield from (f"{n} {what}" for n, what in ((spec.nan, "NaN"), (spec.inf, "infinite")) if n)


def _texts(specs: Sequence[BranchSpec]) -> Iterator[str]:
    """Yield what becomes of text."""
    taken = [f"{spec.name} ({len(spec.texts)})" for spec in specs if spec.texts]
    if taken:
        yield f"text, taken as categories, which are numbered in their order: {_listed(taken)}"
    numbers = [f"{s.name} ({s.texts[0]!r})" for s in specs if s.texts and are_numbers(s.texts)]
    if numbers:
        yield (
            "text that looks like numbers, but is taken as categories, because it is stored or"
            f" written as text: {_listed(numbers)}"
        )
    many = [spec.name for spec in specs if spec.too_many]
    if many:
        yield f"left out, because they are text with more than {MOST} different values: {_listed(many)}"


def _wide(specs: Sequence[BranchSpec]) -> Iterator[str]:
    wide = [f"{s.name} ({s.width})" for s in specs if s.jagged and s.width > _WIDE]
    if wide:
        yield (
            f"the longest row makes so many columns of every entry: {_listed(wide)};"
            ' "top" of collections or a slice, x[:10], in preproc.json limits them'
        )


def _constants(specs: Sequence[BranchSpec], rules: Rules) -> Iterator[str]:
    constant = [spec for spec in specs if spec.is_constant and not spec.jagged]
    if not constant:
        return
    names = _listed([f"{spec.name} ({spec.low:g})" for spec in constant])
    if rules.constant == "drop":
        yield f"left out, because they are constant: {names}"
        return
    yield f'constant, so worth nothing: {names}; "constant": "drop" in params.json leaves them out'
    large = [spec.name for spec in constant if abs(spec.low or 0.0) > HARMLESS]
    if large:
        yield f"constant and larger than {HARMLESS:g}, so that 0 is the input: {_listed(large)}"


def _sentinels(specs: Sequence[BranchSpec]) -> Iterator[str]:
    found = [(spec.name, spec.odd) for spec in specs if spec.odd]
    if found:
        each = [
            f"{name} ({', '.join(f'{value:g} in {share:.2g} of values' for value, share in values)})"
            for name, values in found
        ]
        numbers = sorted({value for _, values in found for value, _ in values})
        yield (
            f"values far outside and repeated, which may mean missing: {_listed(each)};"
            f' "missing": [{", ".join(f"{number:.17g}" for number in numbers[:_LISTED])}] in'
            " params.json takes them as padding"
        )


def _outliers(branches: Sequence[_SketchedBranch], rules: Rules) -> Iterator[str]:
    plain = (
        branch
        for branch in branches
        if rules.scaling_of(branch.spec.name) in ("minmax", "standard")
        and not rules.clips(branch.spec.name)
    )
    found = [text for branch in plain if (text := _squeezed(branch))]
    if found:
        yield (
            f"a few values squeeze all others into a small part of the range: {_listed(found)};"
            ' "clip": "quantiles" or "scaling": "robust" in params.json help'
        )


def _squeezed(branch: _SketchedBranch) -> str:
    """Return what is said about a branch with outliers; empty if it has none."""
    spec, seen = branch.spec, branch.seen
    if spec.low is None or spec.high is None:
        return ""
    odd = {value for value, _ in spec.odd}
    usual = (seen.without(odd) if odd else None) or seen
    low, high = usual.quantile((0.01, 0.99)).tolist()
    least = low if spec.low in odd else spec.low
    most = high if spec.high in odd else spec.high
    far = _SQUEEZED * ((high - low) or max(1.0, abs(high)) * _SQUEEZED)
    if high + far >= most and low - far <= least:
        return ""
    return (
        f"{spec.name} (98 % in [{low:.4g}, {high:.4g}], all in [{spec.low:.4g}, {spec.high:.4g}])"
    )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _LISTED} more" if len(names) > _LISTED else ""
    return f"{', '.join(names[:_LISTED])}{more}"


def _idle_rules(specs: Sequence[BranchSpec], rules: Rules) -> Iterator[str]:
    names = [spec.name for spec in specs]
    idle = [p for p in rules.patterns if not any(fnmatchcase(name, p) for name in names)]
    if idle:
        yield f"missing, clip, scaling: no branch matches {', '.join(idle)}"
