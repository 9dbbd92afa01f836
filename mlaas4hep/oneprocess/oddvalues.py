"""Values that may mean "missing", found in the first entries of files before anything is decided."""

import re
from collections.abc import Mapping, Sequence
from glob import escape
from itertools import islice

from mlaas4hep.core.data.specs.sentinels import sentinels
from mlaas4hep.core.data.specs.sketch import Distribution, Sketcher
from mlaas4hep.core.data.tree import TreeInfo
from mlaas4hep.core.doubles import DOUBLES_HOLD
from mlaas4hep.ports import DataSource

_ENTRIES = 2000  #: of each file that are looked at
_FILES = 10
_NINES = re.compile(r"9+\.?9*")
_HUGE = 1e8  #: no quantity is so large and the same in many entries

Odd = Mapping[str, Sequence[tuple[float, float]]]  #: by branch: values and their shares


def odd_values(source: DataSource, trees: Sequence[TreeInfo], features: Sequence[str]) -> Odd:
    """Return the values of features that lie far outside and are repeated, as a run warns of them.

    Raises:
        InvalidRequestError: a file cannot be read.
    """
    looked_at = [tree for tree in islice(trees, _FILES) if tree.entries]
    sketcher = Sketcher(sum(min(tree.entries, _ENTRIES) for tree in looked_at), len(features))
    start = 0
    for tree in looked_at:
        survey = source.survey(tree.url, tree.tree, features)
        for block in source.read(survey, features, 0, min(tree.entries, _ENTRIES)):
            sketcher.add(block, start)
            start += block.entries
    seen = {name: Distribution.of([found]) for name, found in sketcher.sketches().items()}
    odd = {name: sentinels(values) for name, values in sorted(seen.items()) if values is not None}
    return _filled(odd)


def parted(odd: Odd) -> tuple[Odd, Odd]:
    """Return the values that are written for "missing", such as -999 and 1e30, and the others.

    Others may be as real as the last value of a bit mask.
    """

    def those(codes: bool) -> Odd:
        kept = {n: [each for each in v if _is_code(each[0]) is codes] for n, v in odd.items()}
        return _filled(kept)

    return those(True), those(False)


def missing_rule(odd: Odd) -> dict[str, list[float]]:
    """Return the values as `missing` of params.json has them, each for its branch only."""
    return {escape(name): [_plain(value) for value, _ in values] for name, values in odd.items()}


def with_shares(odd: Odd) -> list[str]:
    """Return each branch with its values and their shares."""
    return [
        f"{name} ({', '.join(f'{value:g} in {share:.2g} of values' for value, share in values)})"
        for name, values in odd.items()
    ]


def _filled(odd: Odd) -> Odd:
    return {name: values for name, values in odd.items() if values}


def _is_code(value: float) -> bool:
    return value < 0 or value >= _HUGE or _NINES.fullmatch(f"{value:.7g}") is not None


def _plain(value: float) -> float:
    return int(value) if value.is_integer() and abs(value) < DOUBLES_HOLD else value
