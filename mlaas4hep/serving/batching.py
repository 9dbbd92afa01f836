"""Micro-batches: what arrives for one model in one turn of the event loop is predicted together.

Nothing waits for company: a request that is alone goes alone, and while a batch is being
predicted the next one gathers. Each model has one batch under way, so a slow model (or one that
is being loaded) does not hold up the others.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from mlaas4hep.core.requests.person import Person
from mlaas4hep.errors import MlaasError
from mlaas4hep.serving.questions import Question, answered
from mlaas4hep.serving.registry import Registry, allowed

log = logging.getLogger(__name__)

Model = tuple[str, str]  #: owner, name
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Job:
    """One request that waits for its answer."""

    person: Person
    question: Question
    future: "asyncio.Future[Any]"


class Batcher:
    """Collects jobs by model and predicts them in threads."""

    def __init__(self, registry: Registry, threads: int = 8) -> None:
        self._registry = registry
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="predict")
        self._waiting: dict[Model, list[Job]] = {}
        self._busy: set[Model] = set()

    def ask(self, model: Model, person: Person, question: Question) -> "asyncio.Future[Any]":
        """Return what will be the answer, predicted together with what else is waiting."""
        loop = asyncio.get_running_loop()
        job = Job(person, question, loop.create_future())
        waiting = self._waiting.get(model)
        if waiting is None:
            self._waiting[model] = [job]
            if model not in self._busy:
                loop.call_soon(self._start, loop, model)
        else:
            waiting.append(job)
        return job.future

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
            results = [error] * len(jobs)
        loop.call_soon_threadsafe(self._done, loop, model, jobs, results)

    def _done(
        self, loop: asyncio.AbstractEventLoop, model: Model, jobs: list[Job], results: list[Any]
    ) -> None:
        for job, result in zip(jobs, results, strict=True):
            if job.future.done():  # the caller hung up
                continue
            if isinstance(result, Exception):
                job.future.set_exception(result)
            else:
                job.future.set_result(result)
        self._busy.discard(model)
        if model in self._waiting:
            loop.call_soon(self._start, loop, model)


def predicted(registry: Registry, model: Model, jobs: list[Job]) -> list[Any]:
    """Return the answer to each job, or its error."""
    try:
        served = registry.current(*model)
    except MlaasError as error:
        return [error] * len(jobs)
    refused: dict[Person, MlaasError] = {}
    for person in {job.person for job in jobs}:
        try:
            allowed(served, person)
        except MlaasError as error:
            refused[person] = error
    if not refused:
        return answered(served, [job.question for job in jobs])
    answers = iter(answered(served, [job.question for job in jobs if job.person not in refused]))
    return [refused.get(job.person) or next(answers) for job in jobs]
