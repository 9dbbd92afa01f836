"""chunk-preprocess: planned chunks are read, shaped, labelled and stored."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial

import numpy as np
from numpy.typing import NDArray

from mlaas4hep.core import keys
from mlaas4hep.core.data.chunk import Draft
from mlaas4hep.core.data.columns import Columns, Jagged
from mlaas4hep.core.data.matrix import Layout, Positions, fill
from mlaas4hep.core.data.passmap import PassMap, Reading
from mlaas4hep.core.data.plan import Slice
from mlaas4hep.core.data.specs import Specs
from mlaas4hep.core.data.survey import Survey
from mlaas4hep.core.runs.events import ChunkPlanned, ChunkReady, Event
from mlaas4hep.core.selection.branches import label_expression
from mlaas4hep.core.selection.opened import OpenedFile
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.errors import PermanentError
from mlaas4hep.pipeline.inputs import Inputs, load_inputs, load_specs, load_survey, naming
from mlaas4hep.ports import DataSource, Services

AHEAD_BYTES = 64 * 1024**2  #: a larger chunk is not held in memory beside the next one


def preprocess_chunks(event: ChunkPlanned, services: Services) -> Iterator[Event]:
    """Make chunks that follow each other and store them, each unless it lies there already.

    Raises:
        MlaasError: a file cannot be read or is another one now, or a label is no number.
    """
    inputs = load_inputs(event, services)
    specs = load_specs(event.specs, services)
    plan = inputs.opened.plan(inputs.request.params, specs)
    surveys = partial(_survey, event, inputs, services)

    def put(key: str, slices: Sequence[Slice], storing: Executor) -> Future[None] | None:
        if services.chunks.info(key) is not None:
            return None
        data = make_chunk(inputs, specs, slices, surveys, services.source)
        stored = storing.submit(services.chunks.put, key, data)
        if data.nbytes > AHEAD_BYTES:
            stored.result()
        return stored

    waiting: deque[tuple[ChunkReady, Future[None] | None]] = deque()
    with ThreadPoolExecutor(1, thread_name_prefix="store") as storing:
        for index in range(event.index, event.index + event.count):
            slices = plan.slices(index)
            key = keys.chunk(event.owner, inputs.opened.chunk_content(inputs.request, slices))
            ready = ChunkReady(
                owner=event.owner,
                run=event.run,
                attempt=event.attempt,
                index=index,
                key=key,
                entries=plan.size(index),
            )
            waiting.append((ready, put(key, slices, storing)))
            yield from _stored(waiting, left=1)  # it is being stored while the next one is made
        yield from _stored(waiting, left=0)


def _stored(
    waiting: deque[tuple[ChunkReady, Future[None] | None]], left: int
) -> Iterator[ChunkReady]:
    """Yield chunks that lie in the store, until only `left` are on their way."""
    while len(waiting) > left:
        ready, storing = waiting.popleft()
        if storing:
            storing.result()
        yield ready


def _survey(event: Event, inputs: Inputs, services: Services, file: OpenedFile) -> Survey:
    return load_survey(event, file, inputs.opened.branches.reads, services)


def make_chunk(
    inputs: Inputs,
    specs: Specs,
    slices: Iterable[Slice],
    surveys: Callable[[OpenedFile], Survey],
    source: DataSource,
) -> memoryview:
    """Return the bytes of the chunk that is made of `slices`; `surveys` tells where values lie."""
    slices = tuple(slices)
    layout = Layout.of(specs)
    draft = Draft.of(sum(part.entries for part in slices), len(layout.flat), layout.widths)
    holes: list[Positions] = []
    row = 0
    for part in slices:
        file = inputs.opened.files[part.file]
        survey = surveys(file)
        with naming(file):
            for columns in _entries(inputs, specs, part, survey, source):
                rows = slice(row, row + columns.entries)
                found = fill(layout, columns, draft.x[rows], counts=draft.counts[:, rows])
                holes.append(found + row * layout.width)
                draft.y[rows] = _labels(inputs, part.file, columns)
                row = rows.stop
    if row != len(draft.y):
        raise PermanentError(f"{row} entries pass where the specs promise {len(draft.y)}")
    return draft.seal(np.concatenate(holes))


def _entries(
    inputs: Inputs, specs: Specs, part: Slice, survey: Survey, source: DataSource
) -> Iterator[Columns]:
    """Yield the passing entries of one slice in order, with new branches."""
    branches = inputs.opened.branches
    preproc, keep = inputs.preproc, frozenset(branches.label)
    for reading in PassMap.of(specs, part.file).readings(part.start, part.stop):
        blocks = source.read(survey, branches.reads, reading.start, reading.stop)
        yield from _taken(blocks, preproc, keep, reading)


def _taken(
    blocks: Iterator[Columns], preproc: Preproc, keep: frozenset[str], reading: Reading
) -> Iterator[Columns]:
    skip, left = reading.skip, reading.take
    for block in blocks:
        kept = preproc.apply(block, keep=keep)
        first, last = min(skip, kept.entries), min(skip + left, kept.entries)
        if last > first:
            whole = last - first == kept.entries
            yield kept if whole else kept.rows(first, last)
        skip -= first
        left -= last - first
        if not left:
            return


def _labels(inputs: Inputs, file: int, columns: Columns) -> NDArray[np.float32]:
    labels = inputs.request.labels
    if not labels.expression:
        return np.full(columns.entries, labels.values[file], np.float32)
    values = label_expression(labels, columns.names).evaluate(columns)
    if isinstance(values, Jagged) or not np.isfinite(values).all():
        raise PermanentError(
            f"the label {labels.expression!r} is not a number in every entry",
            branch=labels.expression,
            hint="cut away entries without a label in preproc.json",
        )
    return values.astype(np.float32)
