"""How long a run would take: a part of its largest file is read and prepared as a run does it, and timed."""

from dataclasses import replace

from mlaas4hep.core.data.chunk import ChunkDraft, Shape
from mlaas4hep.core.data.columns import Columns
from mlaas4hep.core.data.matrix import Layout, fill
from mlaas4hep.core.data.specs.sketch import Sketcher
from mlaas4hep.core.data.specs.specs import Specs, merged, sketched
from mlaas4hep.core.data.values.treatments import treated
from mlaas4hep.core.models.duration import Probe, TimeEstimate, estimated
from mlaas4hep.core.requests.request import Params, Request
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.core.selection.openedfiles import OpenedFile
from mlaas4hep.core.selection.ranges import measured_values
from mlaas4hep.errors import MlaasError
from mlaas4hep.pipeline.inputs import Inputs
from mlaas4hep.ports import Services
from mlaas4hep.usecases.runs import request_of

_MOST_ENTRIES = 50_000
_MOST_BYTES = 16 * 1024**2  #: of values in memory: a second or two, also from servers
_MOST_RUNS = 20  #: earlier ones that are looked at, latest first


def how_long(
    inputs: Inputs, model: str, selected: int, entry_bytes: float, services: Services
) -> TimeEstimate | None:
    """Return how long a run takes; None if that cannot be told, as of files that come to an end.

    Args:
        inputs: that were opened; small parts of their files were read just now, so that libraries
            are loaded.
        model: the text of model.py.
        selected: entries that will be trained on, about.
        entry_bytes: that the values of an entry take, about.
        services: with the clock that times, and earlier runs.
    """
    limit = inputs.request.params.nevts
    counts = [file.entries for file in inputs.opened.files]
    entries = sum(counts if limit < 0 else (min(limit, count) for count in counts))
    try:
        probe = _probe(inputs, entry_bytes, services)
    except MlaasError:  # a run tells of it, with all that it may do about it
        return None
    if probe is None:
        return None
    training_s = _training_s(inputs.request, model, selected, services)
    return estimated(probe, entries, selected, training_s)


def _probe(inputs: Inputs, entry_bytes: float, services: Services) -> Probe | None:
    """Return what measuring the middle of the largest file took; its begin was read already."""
    file = max(inputs.opened.files, key=lambda each: each.entries)
    start, stop = _middle(file, entry_bytes)
    reads, rules = inputs.opened.branches.reads, inputs.request.params.rules
    features = set(inputs.opened.branches.features)
    survey = services.source.survey(file.url, file.tree, file.has(reads))
    sketcher = Sketcher(stop - start, len(features))
    parts: list[Specs] = []
    shown: list[Columns] = []
    began = services.clock()
    for block in services.source.read(survey, file.has(reads), start, stop):
        whole = file.filled(block, reads)
        kept, _ = inputs.preproc.applied(whole, keep=inputs.opened.branches.about_entries)
        values, part = measured_values(kept.only(features), rules, 0, kept.entries)
        parts.append(part)
        sketcher.add(values, 0)
        shown.append(values)
    took = services.clock() - began
    if took <= 0 or stop <= start:
        return None
    specs = treated(sketched(merged(parts), sketcher.sketches()), rules)
    rows, rows_s = _rows_made(shown, Layout.of(specs), services)
    return Probe(entries=stop - start, seconds=took, rows=rows, rows_s=rows_s)


def _rows_made(blocks: list[Columns], layout: Layout, services: Services) -> tuple[int, float]:
    """Return of how many entries rows were made as chunks have them, and how long that took."""
    left = max(_MOST_BYTES // (4 * max(layout.width, 1)), 1)
    made, began = 0, services.clock()
    for block in blocks:
        columns = block.rows(0, min(left, block.entries))
        shape = Shape(entries=columns.entries, flat=layout.flat_width, widths=layout.widths)
        draft = ChunkDraft.of(shape)
        draft.seal(fill(layout, columns, draft.x, counts=draft.counts))
        made, left = made + columns.entries, left - columns.entries
        if left <= 0:
            break
    return made, services.clock() - began


def _middle(file: OpenedFile, entry_bytes: float) -> tuple[int, int]:
    """Return the range [start, stop) in the middle of a file that is read."""
    affordable = int(_MOST_BYTES / max(entry_bytes, 1.0))
    entries = min(file.entries, _MOST_ENTRIES, max(affordable, 1))
    start = (file.entries - entries) // 2
    return start, start + entries


def _training_s(request: Request, model: str, selected: int, services: Services) -> float | None:
    """Return how long the training takes by the pace of the latest one like it, if there is one."""
    runs = [run for run in services.runs.list(request.owner) if run.folder == request.folder]
    for run in reversed(runs[-_MOST_RUNS:]):
        seen = _seconds_of_rounds(run)
        earlier = _trained(run, model, services) if seen else None
        if seen and earlier and _is_alike(earlier, request):
            share = request.params.epochs / earlier.params.epochs
            return seen * share * selected / run.selected
    return None


def _seconds_of_rounds(run: Run) -> float | None:
    """Return how long all rounds take; None if no rate is known."""
    pace, rounds = run.pace.per_second, run.rounds.total
    if run.task != "training" or run.status is not Status.DONE or not (pace and run.selected):
        return None
    return rounds / pace if rounds else None


def _trained(run: Run, model: str, services: Services) -> Request | None:
    """Return what a run trained, if that was this model.py."""
    try:
        text = services.runs_files.get(files.key(run.owner, run.name, files.MODEL))
        found = request_of(run, services)
    except MlaasError:  # deleted or damaged meanwhile
        return None
    return found if isinstance(found, Request) and text == model.encode() else None


def _is_alike(earlier: Request, request: Request) -> bool:
    """Tell whether a training's pace tells that of another one."""
    alike = _without_length(earlier.params) == _without_length(request.params)
    return alike and earlier.resources == request.resources


def _without_length(params: Params) -> Params:
    return replace(params, epochs=1, nevts=-1, nan=0.0)  # which equals nothing
