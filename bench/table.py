"""Rounds to medians, medians to ratios, ratios to a table; and two results side by side."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Round = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """One case over all rounds."""

    name: str
    rate: float  #: thousand entries per second, the median
    low: float
    high: float
    ratio: float | None  #: to the yardstick of the same round, the median
    cpu_ratio: float | None  #: the same by processor time, which others' load does not change
    memory_mb: int  #: the highest
    notes: Mapping[str, Any]


def lines(rounds: Sequence[Mapping[str, Round]], yardsticks: Mapping[str, str]) -> list[Line]:
    """Return a line for each case; ratios are taken inside a round, never across."""
    return [_line(name, rounds, yardsticks.get(name)) for name in rounds[0]]


def _line(name: str, rounds: Sequence[Mapping[str, Round]], yardstick: str | None) -> Line:
    rates = [_rate(each[name]) for each in rounds]
    ratios = [_rate(each[name]) / _rate(each[yardstick]) for each in rounds] if yardstick else []
    cpu = [_per_cpu(each[name]) / _per_cpu(each[yardstick]) for each in rounds] if yardstick else []
    return Line(
        name=name,
        rate=statistics.median(rates),
        low=min(rates),
        high=max(rates),
        ratio=statistics.median(ratios) if ratios else None,
        cpu_ratio=statistics.median(cpu) if cpu else None,
        memory_mb=max(each[name]["memory_mb"] for each in rounds),
        notes=_median_notes([each[name]["notes"] for each in rounds]),
    )


def _rate(each: Round) -> float:
    return float(each["entries"] / each["seconds"] / 1000)


def _per_cpu(each: Round) -> float:
    return float(each["entries"] / max(each["cpu_seconds"], 1e-9))


def _median_notes(notes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in notes[0].items():
        values = [each[key] for each in notes]
        found[key] = statistics.median(values) if isinstance(value, int | float) else value
    return found


def show(found: Sequence[Line]) -> str:
    """Return the table for eyes."""
    rows = [("case", "k entries/s", "spread", "x yardstick", "x by CPU", "MB", "")]
    rows += [
        (
            line.name,
            f"{line.rate:.0f}",
            f"{line.low:.0f} - {line.high:.0f}",
            "" if line.ratio is None else f"{line.ratio:.2f}",
            "" if line.cpu_ratio is None else f"{line.cpu_ratio:.2f}",
            str(line.memory_mb),
            "  ".join(f"{key} {value}" for key, value in line.notes.items()),
        )
        for line in found
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(6)]
    return "\n".join(
        f"{row[0]:<{widths[0]}}  "
        + "  ".join(f"{row[i]:>{widths[i]}}" for i in range(1, 6))
        + f"  {row[6]}"
        for row in rows
    )


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return how ratios to yardsticks changed; absolute rates of two runs say nothing."""
    found = ["case: x yardstick before, after, change"]
    for name, line in after["lines"].items():
        old = before["lines"].get(name)
        if old and old["ratio"] and line["ratio"]:
            change = line["ratio"] / old["ratio"] - 1
            found.append(f"{name}: {old['ratio']:.2f}, {line['ratio']:.2f}, {change:+.0%}")
    return "\n".join(found)
