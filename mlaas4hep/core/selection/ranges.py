"""Ranges of entries, measured: the specs of what passes, and what each cut leaves."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.data.specs.cutcounts import FileCuts, added
from mlaas4hep.core.data.specs.sketch import Sketcher
from mlaas4hep.core.data.specs.specs import Specs, measured, merged, sketched
from mlaas4hep.core.data.values.rules import Rules
from mlaas4hep.core.data.values.treatment import missing_apart
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.core.selection.values import Weigher
from mlaas4hep.errors import PermanentError


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRange:
    """What is stored for one range; `specs.ranges` call its file 0, so that runs can share it."""

    specs: Specs
    blocks: int = 1  #: in which the entries were read


def measure_blocks(
    blocks: Iterable[Columns],
    preproc: Preproc,
    features: Iterable[str],
    start: int = 0,
    *,
    entries: int,
    rules: Rules,
    keep: Iterable[str] = (),
    weigher: Weigher | None = None,
) -> MeasuredRange:
    """Return the specs of consecutive blocks of one file, the first at entry `start`.

    Args:
        blocks: of the file, one after the other.
        preproc: cuts and new branches.
        features: branches to measure.
        start: first entry of the first block.
        entries: how many there are in all blocks, more or less.
        rules: say which values are missing, so that they do not count.
        keep: names that are not removed, whatever preproc.json says: those of label and weight.
        weigher: sums up the weights; None: all entries count alike.
    """
    wanted = frozenset(features)
    count = 0
    sketcher = Sketcher(entries, len(wanted))

    def parts(start: int) -> Iterator[Specs]:
        nonlocal count
        for block in blocks:
            count += 1
            stop = start + block.entries
            kept, cuts = preproc.applied(block, keep=frozenset(keep))
            values, part = measured_values(kept.only(wanted), rules, start, stop)
            sketcher.add(values, start)
            yield replace(
                part,
                cuts=(FileCuts(file=0, entries=block.entries, counts=cuts),) if cuts else (),
                weights=weigher.sums(block, kept, preproc) if weigher else (),
            )
            start = stop

    specs = sketched(merged(parts(start)), sketcher.sketches())
    return MeasuredRange(specs=specs, blocks=count)


def measured_values(
    columns: Columns, rules: Rules, start: int, stop: int, file: int = 0
) -> tuple[Columns, Specs]:
    """Return entries with NaN for values that mean "missing", and their specs, which count these.

    Args:
        columns: the features of the entries from `start` to `stop` that pass.
        rules: say which values mean "missing".
    """
    values, missing = missing_apart(columns, rules)
    specs = measured(values, file=file, start=start, stop=stop)
    branches = (
        replace(spec, missing=missing[spec.name]) if spec.name in missing else spec
        for spec in specs.branches
    )
    return values, replace(specs, branches=tuple(branches))


def nothing_passes(entries: int, parts: Iterable[MeasuredRange]) -> PermanentError:
    """Return the error that tells which cut leaves how many entries."""
    flow = added(count for part in parts for found in part.specs.cuts for count in found.counts)
    steps = ", ".join(f"{count.passed} after {count.cut}" for count in flow)
    return PermanentError(
        f"none of {entries} entries passes the cuts of preproc.json",
        file="preproc.json",
        hint=f"entries left: {steps}" if steps else "look at preproc.json",
    )
