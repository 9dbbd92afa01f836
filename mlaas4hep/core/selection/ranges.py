"""Ranges of entries, measured: the specs of what passes, and what each cut leaves if nothing does."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.data.specs.sketch import Sketcher
from mlaas4hep.core.data.specs.specs import Specs, measured, merged, sketched
from mlaas4hep.core.data.values.rules import Rules
from mlaas4hep.core.data.values.treatment import without_missing
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.core.selection.values import Weigher
from mlaas4hep.errors import PermanentError


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRange:
    """What is stored for one range; `specs.ranges` call its file 0, so that runs can share it."""

    specs: Specs
    cut_flow: tuple[tuple[str, int], ...] = ()  #: (cut, entries left); only if nothing passed
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

    If no entry passes the cuts, the result says how many pass each of them.
    """
    wanted = frozenset(features)
    flow: dict[str, int] = {}
    count = 0
    sketcher = Sketcher(entries, len(wanted))

    def parts(start: int) -> Iterator[Specs]:
        nonlocal count
        for block in blocks:
            count += 1
            stop = start + block.entries
            kept = preproc.apply(block, keep=frozenset(keep))
            if not kept.entries:
                for cut, left in preproc.cut_flow(block):
                    flow[cut] = flow.get(cut, 0) + left
            values = without_missing(kept.only(wanted), rules)
            sketcher.add(values, start)
            found = measured(values, file=0, start=start, stop=stop)
            yield replace(found, weights=weigher.sums(block, kept, preproc)) if weigher else found
            start = stop

    specs = sketched(merged(parts(start)), sketcher.sketches())
    return MeasuredRange(
        specs=specs,
        cut_flow=() if specs.passed else tuple(flow.items()),
        blocks=count,
    )


def nothing_passes(entries: int, parts: Iterable[MeasuredRange]) -> PermanentError:
    """Return the error that tells which cut leaves how many entries."""
    flow: dict[str, int] = {}
    for part in parts:
        for cut, left in part.cut_flow:
            flow[cut] = flow.get(cut, 0) + left
    steps = ", ".join(f"{left} after {cut}" for cut, left in flow.items())
    return PermanentError(
        f"none of {entries} entries passes the cuts of preproc.json",
        file="preproc.json",
        hint=f"entries left: {steps}" if steps else "look at preproc.json",
    )
