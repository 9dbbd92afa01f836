"""What the figures should reach, in the order of the table that we were given."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bench.table import Line, columns, figure


@dataclass(frozen=True)
class Target:
    """One bound on one figure of one case."""

    stage: str
    case: str
    what: str  #: value, ratio, inverse, memory_mb, or a note
    sign: Literal["≥", "≤"]
    bound: float
    unit: str = ""
    beyond: float | None = None

    def measured(self, line: Line) -> float | None:
        """Return the figure that counts."""
        if self.what == "inverse":
            return 1 / line.ratio if line.ratio else None
        known = {"value": line.value, "ratio": line.ratio, "memory_mb": line.memory_mb}
        return known[self.what] if self.what in known else line.notes.get(self.what)

    def reached(self, measured: float, bound: float | None) -> str:
        if bound is None:
            return ""
        good = measured >= bound if self.sign == "≥" else measured <= bound
        return "yes" if good else "NO"


SMALL = 0.005  #: would be shown as nothing
_RAW, _MB = "x raw", "MB"
_ONE, _CONSTANT = "one row", "x constant"
TARGETS = (
    Target("specs, flat", "flat specs", "ratio", "≥", 1.0, _RAW, 2.0),
    Target("specs, jagged", "jagged specs", "ratio", "≥", 1.0, _RAW, 2.0),
    Target("chunks, flat", "flat chunks", "ratio", "≥", 0.9, _RAW, 1.5),
    Target("chunks, jagged", "jagged chunks", "ratio", "≥", 0.9, _RAW, 1.5),
    Target("memory, specs of 442 columns", "jagged specs", "memory_mb", "≤", 350, _MB, 280),
    Target("memory, chunks of 442 columns", "jagged chunks", "memory_mb", "≤", 350, _MB, 280),
    Target("same, 1M entries", "jagged entries x10, specs", "memory_mb", "≤", 350, _MB, 280),
    Target("same, 1M entries", "jagged entries x10, chunks", "memory_mb", "≤", 350, _MB, 280),
    Target("same, 5M entries", "jagged entries x50, specs", "memory_mb", "≤", 350, _MB, 280),
    Target("same, 5M entries", "jagged entries x50, chunks", "memory_mb", "≤", 350, _MB, 280),
    Target("20 of 1000 branches", "nano bytes", "read / theirs", "≤", 1.0, "x their bytes"),
    Target("specs through the proxy", "specs, proxy", "ratio", "≥", 0.8, "x local"),
    Target("same, one core for each", "specs, proxy, one core", "ratio", "≥", 0.8, "x local"),
    Target("chunks through the proxy", "chunks, proxy", "ratio", "≥", 0.8, "x local"),
    Target("fan-out, specs", "jagged specs, two workers", "ratio", "≥", 1.7, "x one"),
    Target("fan-out, chunks", "jagged chunks, two workers", "ratio", "≥", 1.7, "x one"),
    Target("hand-over, write", "hand-over of 10k x 442", "write ms", "≤", 5, "ms"),
    Target("hand-over, read", "hand-over of 10k x 442", "read ms", "≤", 10, "ms"),
    Target("epoch, streamed", "streamed, standard", "inverse", "≤", 1.15, "x fit", 1.05),
    Target("epoch, streamed by chunk", "streamed, chunked", "inverse", "≤", 1.15, "x fit", 1.05),
    Target("share of reading", "the same rows only read", "% of an epoch", "≤", 15, "%"),
    Target("many steps in one call", "streamed, standard", "x as Keras comes", "≥", 1.4, "x"),
    Target("the same losses", "losses beside fit's", "value", "≤", 1e-5),
    Target("predict, one JSON row", _ONE, "value", "≥", 3000, "req/s", 6000),
    Target("predict, one JSON row", _ONE, "p99 ms", "≤", 100, "ms"),
    Target("same, own watchdog", "one row, watchdog", "value", "≥", 3000, "req/s", 6000),
    Target("same, own watchdog", "one row, watchdog", "p99 ms", "≤", 100, "ms"),
    Target("same, own watchdog", "one row, watchdog", "ratio", "≥", 0.5, _CONSTANT),
    Target("predict, SavedModel", "one row, SavedModel", "value", "≥", 2000, "req/s"),
    Target("predict, 1000 rows JSON", "1000 rows JSON", "rows/s", "≥", 50_000, "rows/s"),
    Target("predict, 1000 rows binary", "1000 rows V2 binary", "rows/s", "≥", 500_000, "rows/s"),
    Target("predict, cold start", "cold start", "value", "≤", 0.6, "s"),
    Target("predict, memory", "cold start", "memory_mb", "≤", 120, _MB),
    Target("event to function to ack", "event to ack", "p99 ms", "≤", 25, "ms"),
    Target("pipeline's overhead", "overhead of a run", "value", "≤", 2.0, "s", 1.0),
    Target("a million flat entries", "flat, run", "ratio", "≥", 2.0, "x tuned script"),
    Target("the same AUC", "flat, run", "AUC apart", "≤", 0.002),
    Target("200 000 jagged entries", "jagged, run", "ratio", "≥", 2.0, "x tuned script"),
    Target("the same AUC", "jagged, run", "AUC apart", "≤", 0.002),
)


def judged(found: Sequence[Line]) -> str:
    """Return the table of what was measured against what it should be."""
    by_name = {line.name: line for line in found}
    rows = [("stage", "measured", "", "target", "reached", "beyond", "reached")]
    for target in TARGETS:
        line = by_name.get(target.case)
        measured = target.measured(line) if line else None
        if measured is None:
            continue
        beyond = f"{target.sign} {target.beyond:g}" if target.beyond else ""
        rows.append(
            (
                target.stage,
                f"{measured:.1e}" if 0 < measured < SMALL else figure(measured),
                target.unit,
                f"{target.sign} {target.bound:g}",
                target.reached(measured, target.bound),
                beyond,
                target.reached(measured, target.beyond),
            )
        )
    return columns(rows, left=(0, 2))
