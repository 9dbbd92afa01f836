"""The records of a run that its steps load: the request and what opening the files found."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache

from mlaas4hep.core import keys, wire
from mlaas4hep.core.events import Event
from mlaas4hep.core.opened import Opened, OpenedFile
from mlaas4hep.core.preproc import Preproc
from mlaas4hep.core.request import Request
from mlaas4hep.core.specs import Specs
from mlaas4hep.errors import MlaasError
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
    body = services.runs_files.get(keys.run(event.owner, event.run, "request.json"))
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


@contextmanager
def unchanged(file: OpenedFile, services: Services) -> Iterator[None]:
    """Check that a file is still the one that was opened; name it in errors about reading it.

    Raises:
        PermanentError: it is another one now.
    """
    try:
        file.check(services.source.describe(file.url, file.tree))
        yield
    except MlaasError as error:
        raise error.located(file=file.name) from error


def _opened_key(event: Event) -> str:
    return keys.run(event.owner, event.run, f"opened-{event.attempt}.json")


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
