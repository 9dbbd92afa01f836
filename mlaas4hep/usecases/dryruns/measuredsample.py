"""What a sample of every file says about its branches, as specs say it about all entries."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property

from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.data.matrix import Layout
from mlaas4hep.core.data.specs.sentinels import with_odd
from mlaas4hep.core.data.specs.sketch import Sketcher
from mlaas4hep.core.data.specs.specs import Specs, merged, sketched
from mlaas4hep.core.data.values.rules import Rules
from mlaas4hep.core.data.values.treatments import treated
from mlaas4hep.core.selection.ranges import measured_values
from mlaas4hep.errors import MlaasError

SAMPLE = 2000  #: entries of each file that are read
MAX_SAMPLED = 10  #: files


@dataclass(frozen=True, kw_only=True)
class MeasuredSample:
    """The entries of a sample that pass the cuts, and their specs."""

    values: tuple[Columns, ...]  #: features of a block each; NaN where a value means "missing"
    parts: tuple[Specs, ...]  #: of each block
    specs: Specs  #: of all, with the sentinels that were found
    rules: Rules

    @classmethod
    def of(
        cls, samples: Sequence[Sequence[Columns]], features: Collection[str], rules: Rules
    ) -> "MeasuredSample | None":
        """Measure the blocks of every file; None if no entry passes."""
        if not any(block.entries for blocks in samples for block in blocks):
            return None
        sketcher = Sketcher(SAMPLE * MAX_SAMPLED, len(features))
        values, parts = [], []
        for number, blocks in enumerate(samples):
            for block in blocks:
                kept = block.only(set(features))
                shown, part = measured_values(kept, rules, 0, block.entries, file=number)
                sketcher.add(shown, 0)
                values.append(shown)
                parts.append(part)
        specs = with_odd(sketched(merged(parts), sketcher.sketches()))
        return cls(values=tuple(values), parts=tuple(parts), specs=specs, rules=rules)

    @cached_property
    def layout(self) -> Layout:
        """Return the columns of a chunk, as a run would have them if all entries were like these.

        Raises:
            InvalidRequestError: values of a branch cannot be treated as params.json asks.
        """
        try:
            return Layout.of(treated(self.specs, self.rules))
        except MlaasError as error:
            raise error.located(stage="specs") from error.__cause__
