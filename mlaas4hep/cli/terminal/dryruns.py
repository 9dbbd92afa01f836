"""What a dry run found, for eyes or programs."""

from collections.abc import Iterator, Sequence

from mlaas4hep.cli.terminal.listed import duration, size
from mlaas4hep.cli.terminal.screen import show, show_json, show_table
from mlaas4hep.core.models.dryrun import DryRun, LeftOut
from mlaas4hep.core.models.duration import Seconds, TimeEstimate

_NAMED = 20  #: branches that are left out for one reason


def show_dry_run(found: DryRun, json: bool) -> None:
    """Show what a run would do."""
    if json:
        show_json(found)
        return
    rows = [(file.file, file.entries, file.passed, file.sampled) for file in found.files]
    show_table(("file", "entries", "pass", "of sample"), rows)
    chunks = "one chunk" if found.chunks == 1 else f"{found.chunks} chunks"
    show(
        f"about {found.selected_entries} of {found.entries} entries with {found.columns} "
        f"columns, in {chunks} of at most {found.largest_chunk_entries} entries "
        f"({size(found.chunk_bytes)})"
    )
    show(f"features: {', '.join(found.features)}")
    for line in _left_out(found.left_out):
        show(line)
    if found.folds:
        show(f"{found.folds} models are trained, each without the entries of one fold")
    if found.model is not None:
        each = "each" if found.folds else "the"
        has = f" has {found.model.parameters} parameters," if found.model.parameters else ":"
        show(f"{each} model{has} loss {found.model.loss}")
        for goal in found.model.goals:
            where = f" of output {goal.output}" if goal.output else ""
            numbers = "number" if goal.width == 1 else f"{goal.width} numbers"
            show(f"label {goal.label}: {numbers}{where}, loss {goal.loss}")
    show(f"training takes about {size(found.memory_bytes)} of memory")
    for line in _times(found.time):
        show(line)
    for warning in found.warnings:
        show(f"warning: {warning}")


def _left_out(branches: Sequence[LeftOut]) -> Iterator[str]:
    """Yield a line for each reason; of very many branches only some are named."""
    reasons: dict[str, list[str]] = {}
    for each in branches:
        reasons.setdefault(each.reason, []).append(each.branch)
    for reason, names in reasons.items():
        more = f" and {len(names) - _NAMED} more, which --json names" if len(names) > _NAMED else ""
        yield f"left out: {', '.join(names[:_NAMED])}{more} ({reason})"


def _times(time: TimeEstimate | None) -> Iterator[str]:
    """Yield how long reading and training take, and what is not known of that."""
    if time is None:
        yield "how long reading takes could not be measured"
        return
    measured = f"by {time.measured_entries} entries that were measured"
    yield f"reading takes {_between(time.reading)}, {measured} ({time.about})"
    if time.training is not None:
        yield f"training takes {_between(time.training)}, by the pace of an earlier run"
    yield f"not included: {'; '.join(time.not_included)}"


def _between(time: Seconds) -> str:
    least = "up to" if time.low < 1 else f"{duration(time.low)} to"
    return f"{least} {duration(time.high)}"
