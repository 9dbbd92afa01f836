"""The files that are measured next: while one is measured, what they begin with comes from servers.

Ranges of one file follow each other in the reader. A range of another file would wait for its first
bytes, which takes longer than measuring a small file.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress

from mlaas4hep.core.data.planning.plan import EntryRange
from mlaas4hep.core.runs.events import RangePlanned
from mlaas4hep.errors import MlaasError
from mlaas4hep.pipeline.inputs import Inputs
from mlaas4hep.pipeline.measuring.ranges import measured_names
from mlaas4hep.pipeline.surveys import load_survey
from mlaas4hep.ports import Services

RANGES = 4  #: behind the one that is measured; and so many before it must have been measured here
_NOTE_BYTES = 200  #: that a note takes in memory


@contextmanager
def expected(event: RangePlanned, inputs: Inputs, services: Services) -> Iterator[None]:
    """Expect the ranges of other files behind that of `event`, while its own is measured."""
    soon = _soon(event, inputs, services)
    if not soon:
        yield
        return
    helper = ThreadPoolExecutor(1, "expect")
    for part in soon:
        helper.submit(_expect, part, event, inputs, services)
    try:
        yield
    finally:
        helper.shutdown(wait=False, cancel_futures=True)


def _soon(event: RangePlanned, inputs: Inputs, services: Services) -> list[EntryRange]:
    """Return the ranges of other files that this process is likely to measure next.

    Where others measure ranges of the run, too, they would ask for the same bytes: those before
    this one tell.
    """
    _noted("begun", event, event.index, services)
    before = range(max(0, event.index - RANGES), event.index)
    if not all(_is_noted("begun", event, index, services) for index in before):
        return []
    soon = []
    for index, part in enumerate(inputs.opened.ranges[event.index + 1 :][:RANGES], event.index + 1):
        is_far = "://" in inputs.opened.files[part.file].url
        if is_far and part.file != event.file and not _noted("expected", event, index, services):
            soon.append(part)
    return soon


def _expect(part: EntryRange, event: RangePlanned, inputs: Inputs, services: Services) -> None:
    file, branches = inputs.opened.files[part.file], inputs.opened.branches
    with suppress(MlaasError):  # whoever measures it is told
        survey = load_survey(event, file, branches.reads, services)
        names = file.has(measured_names(inputs))
        services.source.expect(survey, names, part.start, part.stop)


def _noted(what: str, event: RangePlanned, index: int, services: Services) -> bool:
    """Note something about a range; tell whether it was noted before."""
    before = _is_noted(what, event, index, services)
    services.recent.keep(_key(what, event, index), value=True, size_bytes=_NOTE_BYTES)
    return before


def _is_noted(what: str, event: RangePlanned, index: int, services: Services) -> bool:
    return services.recent.find(_key(what, event, index)) is not None


def _key(what: str, event: RangePlanned, index: int) -> tuple[object, ...]:
    return f"range {what}", event.owner, event.run, event.attempt, index
