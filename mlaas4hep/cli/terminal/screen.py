"""What people see: results on stdout, bars and complaints on stderr."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TransferSpeedColumn,
)
from rich.table import Table

from mlaas4hep.core import wire
from mlaas4hep.core.harmless import harmless
from mlaas4hep.core.runs.answers import Stage, Waiting
from mlaas4hep.core.runs.doing import doing
from mlaas4hep.errors import Problem

OnStages = Callable[[Sequence[Stage], Mapping[str, float | None], Sequence[Waiting]], None]


def show_json(value: Any) -> None:
    """Print a value for programs."""
    sys.stdout.write(wire.show(value).decode())


def show(text: str, end: str = "\n") -> None:
    """Print a result at once, whoever wrote it."""
    print(harmless(text), end=end, flush=True)


def tell(text: str) -> None:
    """Tell something that is no result, whoever listens."""
    print(harmless(text), file=sys.stderr)


def note(text: str) -> None:
    """Tell a person at a terminal something that is no result."""
    if sys.stderr.isatty():
        tell(text)


def show_table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under their heads; into a pipe or file, if there are any, as wide as they are."""
    if not sys.stdout.isatty():
        if not rows:
            return
        print("\n".join(_aligned([columns, *([_cell(each) for each in row] for row in rows)])))
        return
    table = Table(*columns, box=None, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*map(_cell, row))
    _console(stderr=False).print(table)


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    padded = ([each.ljust(width) for each, width in zip(row, widths, strict=True)] for row in rows)
    return ["  ".join(row).rstrip() for row in padded]


def _cell(value: object) -> str:
    return harmless(str(value)).replace("\n", " ").replace("\t", " ")


def _console(*, stderr: bool) -> Console:
    """Return a console that takes texts as they are: brackets are no markup of ours."""
    return Console(stderr=stderr, markup=False, emoji=False, highlight=False)


def show_problem(problem: Problem) -> None:
    """Print an error for programs."""
    show_json({"error": problem})


def tell_problem(problem: Problem) -> None:
    """Print an error in two lines: what and where, and what to do."""
    for line in lines_of(problem, "error"):
        tell(line)


def lines_of(problem: Problem, kind: str) -> Iterator[str]:
    """Yield what happened and where, and what to do if that is known."""
    place = {"stage": problem.stage, "file": problem.file, "branch": problem.branch}
    known = [f"{what} {name}" for what, name in place.items() if name]
    where = f" ({', '.join(known)})" if known else ""
    yield f"{kind}: {problem.message}{where}"
    if problem.hint:
        yield f"hint: {problem.hint}"


@contextmanager
def stage_bars(*, shown: bool = True) -> Iterator[OnStages]:
    """Give a function that draws one bar for each stage of a run, and tells what it waits for.

    It takes stages, metrics and files whose servers are away; it draws no bars when piped.
    """
    if not (shown and sys.stderr.isatty()):
        tell_new = _once(tell if shown else lambda _text: None)
        yield lambda _stages, _metrics, waiting: tell_new(waiting)
        return
    bars = _bars_of_stages()
    tasks: dict[str, TaskID] = {}
    tell_above = _once(lambda text: bars.console.print(harmless(text)))

    def draw(
        stages: Sequence[Stage],
        metrics: Mapping[str, float | None],
        waiting: Sequence[Waiting],
    ) -> None:
        tell_above(waiting)
        notes = doing(stages, metrics)
        for stage in stages:
            note = harmless(notes[stage.stage])
            if stage.stage not in tasks:
                tasks[stage.stage] = bars.add_task(
                    stage.stage, total=None, start=False, unit=stage.unit, note=note
                )
            if stage.state != "waiting":
                bars.start_task(tasks[stage.stage])
            bars.update(tasks[stage.stage], completed=stage.done, total=stage.total, note=note)

    with bars:
        yield draw


def _bars_of_stages() -> Progress:
    return Progress(
        TextColumn("{task.description:<17}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[unit]}", markup=False),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}", markup=False),
        console=_console(stderr=True),
    )


def _once(say: Callable[[str], None]) -> Callable[[Sequence[Waiting]], None]:
    """Return what says each attempt at a file once."""
    said: set[tuple[str, int]] = set()

    def tell_new(waiting: Sequence[Waiting]) -> None:
        for each in waiting:
            if (each.file, each.attempt) not in said:
                said.add((each.file, each.attempt))
                say(each.text)

    return tell_new


@contextmanager
def count_bar(what: str, *, shown: bool = True) -> Iterator[Callable[[int, int], None]]:
    """Give a function that is told how many are done, and of how many."""
    if not (shown and sys.stderr.isatty()):
        yield lambda _done, _total: None
        return
    bars = Progress(
        TextColumn(what, markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        console=_console(stderr=True),
    )
    task = bars.add_task(what, total=None)
    with bars:
        yield lambda done, total: bars.update(task, completed=done, total=total)


@contextmanager
def bytes_bar(
    what: str, total: int | None, *, shown: bool = True
) -> Iterator[Callable[[int], None]]:
    """Give a function that is told how many more bytes went over the line."""
    if not (shown and sys.stderr.isatty()):
        yield lambda _more: None
        return
    bars = Progress(
        TextColumn(what, markup=False),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=_console(stderr=True),
    )
    task = bars.add_task(what, total=total)
    with bars:
        yield lambda more: bars.advance(task, more)
