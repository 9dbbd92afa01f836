"""From an event to its news: load the run, do the step, write the news down, tell it.

Every way to deliver events (an OpenFaaS function, the in-process runtime) goes through `react`.
"""

import logging
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from typing import Any

from mlaas4hep.core.runs.events import Event, ModelReady, RunFailed
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.errors import MlaasError, NotFoundError, Problem, StrangeEventError
from mlaas4hep.pipeline.attention import RunOverError
from mlaas4hep.pipeline.records import store_record
from mlaas4hep.pipeline.tidying import forget_deleted, tidy
from mlaas4hep.ports import Services

log = logging.getLogger(__name__)


class Batch(tuple[Event, ...]):
    """Events that are written down and told together: all of them, or none."""

    __slots__ = ()


News = Event | Batch  #: an event is told by itself
Step = Callable[[Any, Services], Iterable[News]]


def react(event: Event, step: Step, services: Services, again: str = "") -> bool:
    """Run `step` on `event`, and for its news write them into the run first, then publish them.

    An event of a run that is over, deleted, or in another attempt does nothing: it is an echo.
    What a step yields is told before it goes on, so that long work is told while it is done; it
    is closed as soon as the run is cancelled, failed or deleted. Because a step may be interrupted
    anywhere and is then done again, the event that says "this is done" comes last, after those
    that start the work.

    Args:
        event: what happened.
        step: what it wakes.
        services: the world.
        again: not empty: the event was lost and is told again, and its news may be lost too.

    Returns:
        Whether the run is cancelled, failed, deleted or in another attempt: then no other event
        of this kind and attempt does anything either.

    Raises:
        StrangeEventError: runs of this task have no such event.
        MlaasError: whatever the step or the services raised, with the stage added.
    """
    run = _run(event, services)
    if run is None or not _is_wanted(event, run, services):
        return run is None or not _goes_on(run, event)
    try:
        goes_on = _written_and_told(event, step, services, again)
    except RunOverError:
        goes_on = False
    except MlaasError as error:
        error.located(stage=stage(event))
        raise
    if not goes_on:
        log.info("%s: run %s/%s is over, stopped", event.id, event.owner, event.run)
        forget_deleted(event.owner, event.run, services)
    return not goes_on


def _written_and_told(event: Event, step: Step, services: Services, again: str) -> bool:
    """Do the step, and tell whether its run still wanted it in the end."""
    with closing(_batches(step, event, services)) as batches:
        for batch in batches:
            run = services.runs.apply(batch)
            if run is not None and run.is_final:
                store_record(run, services)
            if run is None or not _goes_on(run, event):
                return False
            services.bus.publish(batch, again)
    return True


def stage(event: Event) -> str:
    """Return the name of the function that the event wakes, such as "train"."""
    return (event.subject or "").removeprefix("mlaas.")


def failure(event: Event, problem: Problem) -> RunFailed:
    """Return the news that the run cannot go on because `event` cannot be handled."""
    return RunFailed(owner=event.owner, run=event.run, attempt=event.attempt, problem=problem)


def _run(event: Event, services: Services) -> Run | None:
    try:
        return services.runs.get(event.owner, event.run)
    except NotFoundError:
        log.info("%s: the run is deleted", event.id)
        return None


def _is_wanted(event: Event, run: Run, services: Services) -> bool:
    if event.task != run.task:
        raise StrangeEventError(
            f"{event.id} is of a {event.task}, and run {run.name!r} is a {run.task}"
        )
    if run.attempt != event.attempt or (run.is_final and not _finishes(event, run)):
        log.info("%s: the run is %s in attempt %d", event.id, run.status, run.attempt)
        if run.status is Status.DONE:  # whoever ended it may have died before it cleaned up
            tidy(run, services)
        return False
    if isinstance(event, ModelReady) and not run.is_final:
        log.warning("%s: the run is %s, and has no model yet", event.id, run.status)
        return False
    return True


def _finishes(event: Event, run: Run) -> bool:
    """Tell whether this is the one event that is delivered when its run is done already."""
    return isinstance(event, ModelReady) and run.status is Status.DONE


def _goes_on(run: Run, event: Event) -> bool:
    stopped = run.status in (Status.FAILED, Status.CANCELLED)
    return run.attempt == event.attempt and not stopped


def _batches(step: Step, event: Event, services: Services) -> Generator[Batch, None, None]:
    news = step(event, services)
    try:
        for item in news:
            yield item if isinstance(item, Batch) else Batch([item])
    finally:
        if isinstance(news, Generator):
            news.close()
