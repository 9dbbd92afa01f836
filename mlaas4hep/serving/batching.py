"""Micro-batches: what arrives for one model in one turn of the event loop is predicted together.

Nothing waits for company: a request that is alone goes alone, and while a batch is being
predicted the next one gathers. Each model has one batch under way, so a slow model (or one that
is being loaded) does not hold up the others. A few rows for a model that surely answers promptly
are predicted in the event loop itself, for which it needs no thread; everything else goes to one.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat
from typing import Any, NamedTuple, TypeVar

from mlaas4hep.core.requests.person import Person
from mlaas4hep.core.shares import Shares
from mlaas4hep.errors import MlaasError, QuotaError
from mlaas4hep.serving.lanes import Lanes
from mlaas4hep.serving.loadedmodel import LoadedModel, allowed
from mlaas4hep.serving.questions import Question, answered, answered_alone
from mlaas4hep.serving.registry import BELIEVED_S, Registry

log = logging.getLogger(__name__)

Model = tuple[str, str, str]  #: owner, name, signature ("": the model's own)
T = TypeVar("T")

MAX_WAITING = 1_000_000  #: rows of one person, and pieces of bodies, that may wait
MAX_WAITING_OF_ALL = 4 * MAX_WAITING
PIECE_BYTES = 64  #: so much of a body weighs as much as a row
_FEW = 8  #: plain questions, which joining would hold up longer than a call for each
_QUICK_THREADS = 8  #: for what never waits for a model: tokens, lists, health


class Inquiry(NamedTuple):
    """A question, and who asks it."""

    person: Person
    question: Question


@dataclass(frozen=True, slots=True)
class Job:
    """One request that waits for its answer."""

    person: Person
    question: Question
    future: "asyncio.Future[Any]"
    weight: int


class Batcher:
    """Collects jobs by model and predicts them."""

    def __init__(self, registry: Registry, lanes: Lanes | None = None) -> None:
        self._registry = registry
        self._quick = ThreadPoolExecutor(_QUICK_THREADS, thread_name_prefix="quick")
        self.lanes = lanes or Lanes()
        self._waiting: dict[Model, list[Job]] = {}
        self._busy: set[Model] = set()
        self._waits: Shares[str] = Shares(MAX_WAITING_OF_ALL)  #: or is predicted, by who sent it
        self._confirming: set[tuple[str, str]] = set()

    def prompt(self, model: Model, person: Person, question: Question) -> Any | None:
        """Return the answer at once, from the event loop; None: it is to be waited for with `ask`.

        Turning the question into arrays must take next to nothing.
        """
        served = self._at_hand(model)
        if served is None or question.rows > served.runtime.prompt_rows:
            return None
        if person.owner != served.record.owner:
            allowed(served, person)
        return answered_alone(served.by(model[2]), question)

    def prompt_together(self, model: Model, sent: Sequence[Inquiry]) -> list[Any]:
        """Return what `prompt` returns for each of several questions, or its error."""
        served = self._at_hand(model)
        if served is None:
            return [None] * len(sent)
        if len(sent) > _FEW:
            return _at_once(served, model[2], sent)
        answers = [_plainly(served, model[2], *each) for each in sent]
        others = [each for each, answer in zip(sent, answers, strict=True) if answer is None]
        found = iter(_at_once(served, model[2], others) if others else ())
        return [next(found) if answer is None else answer for answer in answers]

    async def ask(
        self, model: Model, person: Person, question: Question, size_bytes: int = 0
    ) -> Any:
        """Return the answer, predicted together with what else is waiting.

        Args:
            size_bytes: of the body that holds the question.

        Raises:
            QuotaError: too much of the person's waits already.
        """
        weight = question.rows + size_bytes // PIECE_BYTES
        return await self._queued(model, person, question, weight)

    async def in_thread(self, work: Callable[[], T]) -> T:
        """Return what `work` returns; it asks no model for anything."""
        return await asyncio.get_running_loop().run_in_executor(self._quick, work)

    async def for_owner(self, owner: str, work: Callable[[], T]) -> T:
        """Return what `work` with models of `owner` returns; it may take as long as they do."""
        return await self.lanes.result(owner, work)

    def close(self) -> None:
        """End the threads; nothing waits for the work they have begun."""
        self._quick.shutdown(wait=False, cancel_futures=True)
        self.lanes.close()

    def _at_hand(self, model: Model) -> LoadedModel | None:
        """Return a model that is believed to be current, and free; None: it is not."""
        if model in self._waiting or model in self._busy:
            return None
        found = self._registry.at_hand(model[0], model[1])
        if found is None:
            return None
        served, age_s = found
        if age_s > BELIEVED_S / 2:
            self._confirm(model[:2])
        return served

    def _confirm(self, model: tuple[str, str]) -> None:
        """Ask the store about a model before what it said is too old, while the model answers."""
        if model in self._confirming:
            return
        self._confirming.add(model)
        loop = asyncio.get_running_loop()

        def work() -> None:
            try:
                self._registry.confirmed(*model)
            except MlaasError as error:
                log.info("%s: %s", "/".join(model), error)
            finally:
                loop.call_soon_threadsafe(self._confirming.discard, model)

        try:
            self.lanes.start(model[0], work)
        except MlaasError:
            self._confirming.discard(model)

    def _queued(
        self, model: Model, person: Person, question: Question, weight: int
    ) -> "asyncio.Future[Any]":
        if not self._waits.fits(person.owner, weight, MAX_WAITING):
            raise QuotaError(
                f"{MAX_WAITING} rows of yours, or as much in bytes, or four times that of all"
                " persons, wait for predictions already",
                stage="predict",
                hint="wait for some of them, or send fewer at once",
            )
        loop = asyncio.get_running_loop()
        job = Job(person, question, loop.create_future(), weight)
        self._waits.add(person.owner, weight)
        waiting = self._waiting.get(model)
        if waiting is None:
            self._waiting[model] = [job]
            if model not in self._busy:
                loop.call_soon(self._start, loop, model)
        else:
            waiting.append(job)
        return job.future

    def _start(self, loop: asyncio.AbstractEventLoop, model: Model) -> None:
        if model in self._busy:
            return
        jobs = self._waiting.pop(model, None)
        if jobs:
            self._busy.add(model)
            try:
                self.lanes.start(model[0], lambda: self._run(loop, model, jobs))
            except MlaasError as error:
                self._done(loop, model, jobs, [error] * len(jobs))

    def _run(self, loop: asyncio.AbstractEventLoop, model: Model, jobs: list[Job]) -> None:
        try:
            results = predicted(self._registry, model, jobs)
        except Exception as error:  # noqa: BLE001 - the outermost loop of this thread
            reason = (
                RuntimeError("an iterator ended") if isinstance(error, StopIteration) else error
            )
            results = [reason] * len(jobs)  # no future takes a StopIteration
        loop.call_soon_threadsafe(self._done, loop, model, jobs, results)

    def _done(
        self, loop: asyncio.AbstractEventLoop, model: Model, jobs: list[Job], results: list[Any]
    ) -> None:
        for job, result in zip(jobs, results, strict=True):
            self._answered(job)
            if job.future.done():  # the caller hung up
                continue
            if isinstance(result, Exception):
                job.future.set_exception(result)
            else:
                job.future.set_result(result)
        self._busy.discard(model)
        if model in self._waiting:
            loop.call_soon(self._start, loop, model)

    def _answered(self, job: Job) -> None:
        self._waits.add(job.person.owner, -job.weight)


def predicted(registry: Registry, model: Model, jobs: list[Job]) -> list[Any]:
    """Return the answer to each job, or its error."""
    owner, name, signature = model
    try:
        served = registry.current(owner, name)
    except MlaasError as error:
        return [error] * len(jobs)
    return _together(served, signature, [Inquiry(job.person, job.question) for job in jobs])


def _plainly(served: LoadedModel, signature: str, person: Person, question: Question) -> Any:
    """Return the answer to a question that is as plain as most, or its error; None: it is not."""
    if question.rows > served.runtime.prompt_rows:
        return None
    try:
        if person.owner != served.record.owner:
            allowed(served, person)
        return question.alone(served.by(signature))
    except MlaasError as error:
        return error


def _at_once(served: LoadedModel, signature: str, sent: Sequence[Inquiry]) -> list[Any]:
    """Return answers to questions of a few rows, in calls of a few rows; None in place of others."""
    most, sizes = served.runtime.prompt_rows, [question.rows for _, question in sent]
    if sum(sizes) <= most:
        return _together(served, signature, sent)
    answers: list[Any] = [None] * len(sent)
    places: list[int] = []
    together = 0
    for place, rows in enumerate(sizes):
        if rows > most:
            continue
        if together + rows > most:
            _fill(answers, places, served, signature, sent)
            places, together = [], 0
        places.append(place)
        together += rows
    _fill(answers, places, served, signature, sent)
    return answers


def _fill(
    answers: list[Any],
    places: list[int],
    served: LoadedModel,
    signature: str,
    sent: Sequence[Inquiry],
) -> None:
    found = _together(served, signature, [sent[place] for place in places])
    for place, answer in zip(places, found, strict=True):
        answers[place] = answer


def _together(served: LoadedModel, signature: str, sent: Sequence[Inquiry]) -> list[Any]:
    """Return the answer to each question, or its error, with as few calls of the model as possible."""
    refused: dict[int, MlaasError] = {}
    people = {id(person): person for person, _ in sent}  # nearly always one and the same
    for number, person in people.items():
        try:
            allowed(served, person)
        except MlaasError as error:
            refused[number] = error
    let_in = [question for person, question in sent if id(person) not in refused]
    try:
        found = iter(answered(served.by(signature), let_in))
    except MlaasError as error:
        found = repeat(error)
    return [refused.get(id(person)) or next(found) for person, _ in sent]
