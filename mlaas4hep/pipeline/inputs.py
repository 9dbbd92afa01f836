"""The records of a run that its steps load: the request and what opening the files found."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock

from cachetools import LRUCache

from mlaas4hep.core import keys, wire
from mlaas4hep.core.data.specs import Specs
from mlaas4hep.core.data.survey import Survey
from mlaas4hep.core.data.tree import TreeInfo
from mlaas4hep.core.requests.request import InputFile, Request
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import Event
from mlaas4hep.core.selection.opened import Opened, OpenedFile
from mlaas4hep.core.selection.preproc import Preproc
from mlaas4hep.errors import MlaasError, NotFoundError
from mlaas4hep.ports import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What a run works on."""

    request: Request
    opened: Opened

    @property
    def preproc(self) -> Preproc:
        """Return what preproc.json says."""
        return _preproc(self.request.preproc)


def load_request(event: Event, services: Services) -> Request:
    """Return the request of the event's run."""
    body = services.runs_files.get(files.key(event.owner, event.run, files.REQUEST))
    return _request(body)


def load_specs(key: str, services: Services) -> Specs:
    """Return merged specs."""
    return _specs(services.specs.get(key))


def load_inputs(event: Event, services: Services) -> Inputs:
    """Return what `store_opened` wrote for this attempt, and the request."""
    request = load_request(event, services)
    opened = _opened(services.runs_files.get(_opened_key(event)))
    return Inputs(request=request, opened=opened)


def store_opened(event: Event, opened: Opened, services: Services) -> None:
    """Write what opening the files found, for the other steps of this attempt."""
    services.runs_files.put(_opened_key(event), wire.dump(opened))


def describe(file: InputFile, services: Services) -> TreeInfo:
    """Return what a file holds; errors name the file."""
    with naming(file):
        return services.source.describe(file.url, file.tree)


def load_survey(event: Event, file: OpenedFile, reads: Iterable[str], services: Services) -> Survey:
    """Return where the branches `reads` of a file lie, told by whoever had to open it first.

    Raises:
        MlaasError: nobody has opened it yet, and it cannot be opened, or is another one now.
    """
    reads = sorted(reads)
    content = keys.digest(file.url, file.identity, reads)
    key = files.key(event.owner, event.run, files.survey(content))
    with _surveys_lock:
        known = _surveys.get(key)
    if known is None:
        known = _stored_survey(key, services) or _new_survey(file, reads, key, services)
        with _surveys_lock:
            _surveys[key] = known
    return known


def _stored_survey(key: str, services: Services) -> Survey | None:
    try:
        return wire.load(Survey, services.runs_files.get(key))
    except NotFoundError:
        return None


def _new_survey(file: OpenedFile, reads: Iterable[str], key: str, services: Services) -> Survey:
    found = survey(file, reads, services)
    services.runs_files.put(key, wire.dump(found))
    return found


def survey(file: OpenedFile, reads: Iterable[str], services: Services) -> Survey:
    """Open a file that was opened before, and return where the branches `reads` lie.

    Raises:
        MlaasError: it cannot be opened, or is another one now.
    """
    with naming(file):
        file.check(services.source.describe(file.url, file.tree))
        return services.source.survey(file.url, file.tree, reads)


@contextmanager
def naming(file: InputFile | OpenedFile) -> Iterator[None]:
    """Name the file in errors about it."""
    try:
        yield
    except MlaasError as error:
        raise error.located(file=file.name) from error.__cause__


def _opened_key(event: Event) -> str:
    return files.key(event.owner, event.run, files.opened(event.attempt))


# Keys name the content, so that nothing can be stale; 50 MB at most.
_SURVEYS_BYTES = 50 * 1024**2
_surveys: LRUCache[str, Survey] = LRUCache(
    _SURVEYS_BYTES, lambda survey: min(survey.weight, _SURVEYS_BYTES)
)
_surveys_lock = Lock()


# Parsed once in a process: the text itself is the key, so that nothing can be stale.
@lru_cache(maxsize=8)
def _request(body: bytes) -> Request:
    return wire.load(Request, body)


@lru_cache(maxsize=8)
def _opened(body: bytes) -> Opened:
    return wire.load(Opened, body)


@lru_cache(maxsize=8)
def _specs(body: bytes) -> Specs:
    return wire.load(Specs, body)


@lru_cache(maxsize=8)
def _preproc(text: str) -> Preproc:
    return Preproc.parse(text)
