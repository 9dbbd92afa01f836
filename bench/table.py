"""Rounds to medians, medians to ratios, ratios to a table; and two results side by side."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Sample:
    """What one case did in one round."""

    value: float
    per_cpu: float | None = None  #: the rate for a second of processor time
    memory_mb: int | None = None  #: high-water
    notes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Line:
    """One case over all rounds."""

    part: str
    name: str
    unit: str
    value: float  #: the median
    low: float
    high: float
    ratio: float | None  #: to the yardstick of the same round, the median
    cpu_ratio: float | None  #: the same by processor time, which others' load does not change
    memory_mb: int | None  #: the highest
    notes: Mapping[str, Any]


def lines(
    part: str, unit: str, rounds: Sequence[Mapping[str, Sample]], yardsticks: Mapping[str, str]
) -> list[Line]:
    """Return a line for each case; ratios are taken inside a round, never across."""
    return [_line(part, unit, name, rounds, yardsticks.get(name)) for name in rounds[0]]


def _line(
    part: str, unit: str, name: str, rounds: Sequence[Mapping[str, Sample]], yardstick: str | None
) -> Line:
    samples = [each[name] for each in rounds]
    pairs = [(each[name], each[yardstick]) for each in rounds] if yardstick else []
    values = [sample.value for sample in samples]
    cpu = [mine.per_cpu / other.per_cpu for mine, other in pairs if mine.per_cpu and other.per_cpu]
    memory = [sample.memory_mb for sample in samples if sample.memory_mb is not None]
    return Line(
        part=part,
        name=name,
        unit=unit,
        value=statistics.median(values),
        low=min(values),
        high=max(values),
        ratio=_median([mine.value / other.value for mine, other in pairs]),
        cpu_ratio=_median(cpu),
        memory_mb=max(memory, default=None),
        notes=_median_notes([sample.notes for sample in samples]),
    )


def _median(values: Sequence[float]) -> float | None:
    return statistics.median(values) if values else None


def _median_notes(notes: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in notes[0].items():
        values = [each[key] for each in notes if key in each]
        found[key] = statistics.median(values) if isinstance(value, int | float) else value
    return found


def show(found: Sequence[Line]) -> str:
    """Return the table for eyes."""
    rows = [("case", "median", "spread", "", "x yardstick", "x by CPU", "MB", "")]
    rows += [
        (
            line.name,
            figure(line.value),
            f"{figure(line.low)} - {figure(line.high)}",
            line.unit,
            figure(line.ratio),
            figure(line.cpu_ratio),
            figure(line.memory_mb),
            "  ".join(f"{key} {_text(value)}" for key, value in line.notes.items()),
        )
        for line in found
    ]
    return columns(rows, left=(0, 3, 7))


def columns(rows: Sequence[Sequence[str]], left: Sequence[int]) -> str:
    """Return rows as text; the columns of numbers `left` stand left, all others right."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(
            f"{cell:<{widths[i]}}" if i in left else f"{cell:>{widths[i]}}"
            for i, cell in enumerate(row)
        ).rstrip()
        for row in rows
    )


def figure(value: float | None) -> str:
    """Return a number with as many digits as mean something."""
    if value is None:
        return ""
    if value >= 100:  # noqa: PLR2004
        return f"{value:.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"  # noqa: PLR2004


def _text(value: object) -> str:
    return figure(value) if isinstance(value, float) else str(value)


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return how ratios to yardsticks changed; where there is none, figures of two runs."""
    rows = [("case", "", "before", "after", "change")]
    known = {(line["part"], line["name"]): line for line in before["lines"]}
    for line in after["lines"]:
        old = known.get((line["part"], line["name"]))
        if old is None:
            continue
        what, unit = ("ratio", "x") if old["ratio"] and line["ratio"] else ("value", line["unit"])
        change = f"{line[what] / old[what] - 1:+.0%}" if old[what] else ""
        rows.append((line["name"], unit, figure(old[what]), figure(line[what]), change))
    return columns(rows, left=(0, 1))
