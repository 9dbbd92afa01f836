"""chunk-preprocess: planned chunks are read, shaped, labelled and stored."""

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from mlaas4hep.core import keys
from mlaas4hep.core.data.planning.plan import Recipe
from mlaas4hep.core.data.specs.specs import Specs
from mlaas4hep.core.data.survey import Survey
from mlaas4hep.core.runs.events import ChunkPlanned, ChunkReady, Event
from mlaas4hep.core.selection.openedfiles import OpenedFile
from mlaas4hep.errors import OverdueError, StrangeEventError
from mlaas4hep.pipeline.attention import AttentiveSource
from mlaas4hep.pipeline.inputs import Inputs, load_inputs
from mlaas4hep.pipeline.measuring.ranges import load_specs
from mlaas4hep.pipeline.preprocessing.dealing import make_together
from mlaas4hep.pipeline.preprocessing.preparation import Preparation
from mlaas4hep.pipeline.surveys import load_survey
from mlaas4hep.ports import Services

AHEAD_BYTES = 64 * 1024**2  #: more than that is not held in memory beside what is stored
TOGETHER_BYTES = 16 * 1024**2  #: of chunks made together, for which a file is read once
SMALL_SLICE = 1000  #: entries; chunks of smaller ones take of so many files that more are made

_Waiting = deque[tuple[ChunkReady, Future[None] | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _PlannedChunk:
    """One chunk to make, unless it is there."""

    ready: ChunkReady
    content: str  #: a digest of everything that it depends on
    recipe: Recipe
    is_stored: bool


def preprocess_chunks(event: ChunkPlanned, services: Services) -> Iterator[Event]:
    """Make chunks that follow each other and store them, each unless it lies there already.

    Raises:
        MlaasError: a file cannot be read or is another one now, or a label is no number.
        OverdueError: a step's time is over; it is about a file if no chunk was made meanwhile.
    """
    inputs = load_inputs(event, services)
    specs = _planned_specs(event, inputs, services)
    surveys = partial(_survey, event, inputs, services)
    preparation = Preparation.of(inputs, specs, surveys, AttentiveSource(event, services))
    row_bytes = 4 * (1 + preparation.layout.width)

    waiting: _Waiting = deque()
    new: list[str] = []
    with _going_on(new), ThreadPoolExecutor(1, thread_name_prefix="store") as storing:
        for together in _together(_planned(event, inputs, specs, services), row_bytes):
            made = _make_missing(together, preparation)
            new.extend(made)
            for each in together:
                data = made.pop(each.ready.key, None)
                stored = storing.submit(services.chunks.put, each.ready.key, data) if data else None
                if stored and data and data.nbytes > AHEAD_BYTES:
                    stored.result()
                waiting.append((each.ready, stored))
            del made
            # The last ones are being stored while the next ones are made.
            last_bytes = row_bytes * together[-1].ready.entries
            yield from _stored(waiting, left=max(1, TOGETHER_BYTES // max(1, last_bytes)))
        yield from _stored(waiting, left=0)


@contextmanager
def _going_on(new: Sequence[str]) -> Iterator[None]:
    """Let time that is over be about no file if chunks are new: they are not made again."""
    try:
        yield
    except OverdueError as error:
        if new:
            raise error.going_on() from error
        raise


def _planned_specs(event: ChunkPlanned, inputs: Inputs, services: Services) -> Specs:
    """Return the run's specs, and refuse chunks that are not in its plan.

    Raises:
        StrangeEventError: nobody planned them.
    """
    right = keys.specs(event.owner, inputs.opened.specs_content(inputs.request))
    if event.specs != right:
        raise StrangeEventError(f"the specs of run {event.run!r} are {right}, not {event.specs}")
    specs = load_specs(event, right, inputs, services)
    chunks = inputs.opened.plan(inputs.request, specs).chunks
    if not 0 <= event.index < event.index + event.count <= chunks:
        raise StrangeEventError(
            f"run {event.run!r} has {chunks} chunks, and not {event.count} from {event.index} on"
        )
    return specs


def _planned(
    event: ChunkPlanned, inputs: Inputs, specs: Specs, services: Services
) -> Iterator[_PlannedChunk]:
    plan = inputs.opened.plan(inputs.request, specs)
    for index in range(event.index, event.index + event.count):
        recipe = plan.recipe(index)
        content = inputs.chunk_content(recipe)
        key = keys.chunk(event.owner, content)
        ready = ChunkReady(
            owner=event.owner,
            run=event.run,
            attempt=event.attempt,
            index=index,
            key=key,
            entries=plan.size(index),
        )
        is_stored = not event.again and services.chunks.info(key) is not None
        yield _PlannedChunk(ready=ready, content=content, recipe=recipe, is_stored=is_stored)


def _make_missing(
    together: Sequence[_PlannedChunk], preparation: Preparation
) -> dict[str, memoryview]:
    """Return the chunks that are not stored yet, by their keys."""
    missing = [each for each in together if not each.is_stored]
    recipes = {each.content: each.recipe for each in missing}
    made = make_together(preparation, recipes) if missing else []
    return dict(zip((each.ready.key for each in missing), made, strict=True))


def _together(
    planned: Iterator[_PlannedChunk], row_bytes: int
) -> Iterator[Sequence[_PlannedChunk]]:
    """Yield chunks that are made together: more, if they take little of many files.

    Chunks that are dealt by chance are those of one group, which is planned to fit into memory.
    """
    some: list[_PlannedChunk] = []
    size = 0
    for each in planned:
        if each.recipe.mix is not None:
            if some and each.recipe.mix.place == 0:
                yield some
                some = []
            some.append(each)
            continue
        bytes_of_it = row_bytes * each.ready.entries
        is_of_many = each.ready.entries < SMALL_SLICE * len(each.recipe.slices)
        if some and size + bytes_of_it > (AHEAD_BYTES if is_of_many else TOGETHER_BYTES):
            yield some
            some, size = [], 0
        some.append(each)
        size += bytes_of_it
    if some:
        yield some


def _stored(waiting: _Waiting, left: int) -> Iterator[ChunkReady]:
    """Yield chunks that lie in the store, until only `left` are on their way."""
    while len(waiting) > left:
        ready, storing = waiting.popleft()
        if storing:
            storing.result()
        yield ready


def _survey(event: ChunkPlanned, inputs: Inputs, services: Services, file: OpenedFile) -> Survey:
    return load_survey(event, file, inputs.opened.branches.reads, services)
