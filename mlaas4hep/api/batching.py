"""Micro-batches: what arrives for one model in one turn of the event loop is predicted together.

Nothing waits for company: a request that is alone goes alone, and while a batch is being
predicted the next one gathers. Each model has one batch under way, so a slow model (or one that
is being loaded) does not hold up the others.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from mlaas4hep.core.columns import Array
from mlaas4hep.core.person import Person
from mlaas4hep.errors import InvalidRequestError, MlaasError
from mlaas4hep.steps.predict import Registry, Served, allowed

log = logging.getLogger(__name__)

MAX_ROWS = 4096  #: in one invocation; more would only take more memory

Feeds = Mapping[str, Array]
Outputs = dict[str, Array]
Model = tuple[str, str]  #: owner, name
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One request: how its inputs are made once the model is known, and what becomes of them."""

    person: Person
    feeds: Callable[[Served], Feeds]
    answer: Callable[[Served, Outputs], Any]
    future: "asyncio.Future[Any]"


class Batcher:
    """Collects jobs by model and predicts them in threads."""

    def __init__(self, registry: Registry, threads: int = 8) -> None:
        self._registry = registry
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="predict")
        self._waiting: dict[Model, list[Job]] = {}
        self._busy: set[Model] = set()

    async def predict(
        self,
        model: Model,
        person: Person,
        feeds: Callable[[Served], Feeds],
        answer: Callable[[Served, Outputs], Any],
    ) -> Any:
        """Return `answer(served, outputs)`, predicted together with what else is waiting."""
        loop = asyncio.get_running_loop()
        job = Job(person=person, feeds=feeds, answer=answer, future=loop.create_future())
        waiting = self._waiting.get(model)
        if waiting is None:
            self._waiting[model] = [job]
            if model not in self._busy:
                loop.call_soon(self._start, loop, model)
        else:
            waiting.append(job)
        return await job.future

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Return what `work` returns, without holding up the event loop."""
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """End the threads after their work."""
        self._pool.shutdown()

    def _start(self, loop: asyncio.AbstractEventLoop, model: Model) -> None:
        if model in self._busy:
            return
        jobs = self._waiting.pop(model, None)
        if jobs:
            self._busy.add(model)
            self._pool.submit(self._run, loop, model, jobs)

    def _run(self, loop: asyncio.AbstractEventLoop, model: Model, jobs: list[Job]) -> None:
        try:
            results = predicted(self._registry, model, jobs)
        except Exception as error:  # noqa: BLE001 - the outermost loop of this thread
            results = [(job, error) for job in jobs]
        loop.call_soon_threadsafe(self._done, loop, model, results)

    def _done(
        self, loop: asyncio.AbstractEventLoop, model: Model, results: Iterable[tuple[Job, Any]]
    ) -> None:
        for job, result in results:
            if job.future.done():  # the caller hung up
                continue
            if isinstance(result, Exception):
                job.future.set_exception(result)
            else:
                job.future.set_result(result)
        self._busy.discard(model)
        if model in self._waiting:
            loop.call_soon(self._start, loop, model)


def predicted(registry: Registry, model: Model, jobs: list[Job]) -> list[tuple[Job, Any]]:
    """Return each job with its answer or its error."""
    results: list[tuple[Job, Any]] = []
    try:
        served = registry.current(*model)
    except MlaasError as error:
        return [(job, error) for job in jobs]
    ready: list[tuple[Job, Feeds]] = []
    for job in jobs:
        try:
            ready.append((job, fitted(served, job.feeds(allowed(served, job.person)))))
        except MlaasError as error:
            results.append((job, error))
    for group in _groups(ready):
        results.extend(_invoked(served, group))
    return results


def fitted(served: Served, feeds: Feeds) -> Feeds:
    """Return `feeds` if names, ranks and sizes are those of the model.

    Raises:
        InvalidRequestError: they are not; the message names the input and both shapes.
    """
    inputs = served.runtime.inputs
    if feeds.keys() != {each.name for each in inputs}:
        raise InvalidRequestError(
            f"the inputs {', '.join(sorted(feeds))} are not those of model {served.record.name!r}",
            hint=f"its inputs: {', '.join(each.name for each in inputs)}",
        )
    rows = {len(values) if values.ndim else 1 for values in feeds.values()}
    if rows == {0}:
        raise InvalidRequestError("there is no row to predict")
    for each in inputs:
        shape = feeds[each.name].shape
        fits = len(shape) == len(each.shape) and all(
            wanted in (-1, size) for wanted, size in zip(each.shape[1:], shape[1:], strict=True)
        )
        if not fits or len(rows) != 1:
            raise InvalidRequestError(
                f"input {each.name!r} has shape {list(shape)}; model {served.record.name!r} "
                f"takes {list(each.shape)}",
                hint="-1 stands for the number of rows",
            )
    return feeds


def _rows(feeds: Feeds) -> int:
    return len(next(iter(feeds.values())))


def _groups(ready: list[tuple[Job, Feeds]]) -> list[list[tuple[Job, Feeds]]]:
    """Return what can be predicted in one invocation: rows of equal shape, not too many."""
    groups: dict[tuple[Any, ...], list[list[tuple[Job, Feeds]]]] = {}
    sizes: dict[tuple[Any, ...], int] = {}
    for job, feeds in ready:
        shape = tuple((name, values.shape[1:]) for name, values in feeds.items())
        rows = _rows(feeds)
        batches = groups.setdefault(shape, [[]])
        if batches[-1] and sizes[shape] + rows > MAX_ROWS:
            batches.append([])
        if not batches[-1]:
            sizes[shape] = 0
        sizes[shape] += rows
        batches[-1].append((job, feeds))
    return [batch for batches in groups.values() for batch in batches if batch]


def _invoked(served: Served, group: list[tuple[Job, Feeds]]) -> list[tuple[Job, Any]]:
    try:
        outputs = _outputs(served, [feeds for _, feeds in group])
    except InvalidRequestError as error:
        if len(group) == 1:
            return [(group[0][0], error)]
        return [result for each in group for result in _invoked(served, [each])]
    except MlaasError as error:
        return [(job, error) for job, _ in group]
    results: list[tuple[Job, Any]] = []
    for (job, _), each in zip(group, outputs, strict=True):
        try:
            results.append((job, job.answer(served, each)))
        except MlaasError as error:
            results.append((job, error))
    return results


def _outputs(served: Served, group: list[Feeds]) -> list[Outputs]:
    if len(group) == 1:
        return [served.runtime.run(group[0])]
    together = {name: np.concatenate([feeds[name] for feeds in group]) for name in group[0]}
    outputs = served.runtime.run(together)
    stops = np.cumsum([_rows(feeds) for feeds in group]).tolist()
    if any(values.ndim == 0 or len(values) != stops[-1] for values in outputs.values()):
        raise InvalidRequestError("the model's outputs have no row for each row of its inputs")
    starts = [0, *stops[:-1]]
    return [
        {name: values[start:stop] for name, values in outputs.items()}
        for start, stop in zip(starts, stops, strict=True)
    ]
