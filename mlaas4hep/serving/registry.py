"""Which models are served right now: looked up in bucket models, kept loaded while they are used."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from cachetools import LRUCache, TTLCache

from mlaas4hep.core import keys
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.requests.person import Person
from mlaas4hep.errors import DamagedError, MlaasError, NotFoundError, PermanentError
from mlaas4hep.pipeline import integrity, modelrecords
from mlaas4hep.ports import ObjectInfo, ObjectStore, Runtime, Services
from mlaas4hep.serving.loadedmodel import LoadedModel, allowed

if TYPE_CHECKING:  # events are loaded with the first one
    from mlaas4hep.core.runs.events import Event, ModelReady

__all__ = ["Load", "LoadedModel", "Registry", "address", "allowed", "at_version"]

log = logging.getLogger(__name__)

Load = Callable[[ObjectStore, ModelRecord], Runtime]
Version = tuple[str, ...]  #: what a runtime depends on
Seen = tuple[LoadedModel, float]  #: and when the store was asked about it

BELIEVED_S = 1.0  #: so long the store is not asked again whether a model is still the same
PROMPT_S = 2.0  #: that a new version may take to be loaded before the old one answers meanwhile
_BROKEN = 1000  #: how many failures are remembered
_REMEMBERED = 4096  #: names of models that were checked, and their keys
_TRIED, _TRIED_S = 16, 60.0  #: loaded models that wait for being announced


class Registry:
    """The models of one bucket; answers for what the bucket held at most a second ago.

    A new version replaces the old one when it is loaded. If that takes long the old one answers
    until then, and if the new one is broken, goes on answering. A runtime that is not kept any more
    ends as soon as the last prediction with it has ended.
    """

    def __init__(
        self,
        store: ObjectStore,
        load: Load,
        *,
        keep: int,
        prompt_s: float = PROMPT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._load = load
        self._prompt_s = prompt_s
        self._clock = clock
        self._served: LRUCache[str, LoadedModel] = LRUCache(keep)
        self._seen: dict[str, Seen] = {}  #: what is in `_served`, without a lock
        self._broken: LRUCache[str, tuple[str, PermanentError]] = LRUCache(_BROKEN)
        self._tried: TTLCache[Version, LoadedModel] = TTLCache(_TRIED, _TRIED_S)
        self._replacing: dict[str, Future[LoadedModel]] = {}
        self._guards: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    @property
    def loaded(self) -> int:
        """Return how many models are in memory."""
        return len(self._served)

    def at_hand(self, owner: str, name: str) -> tuple[LoadedModel, float] | None:
        """Return a model that is believed to be current, and since when; None: ask `current`.

        This never waits for the store, nor for a model that is being loaded. That a model was used
        is noted by `confirmed`, once a second.
        """
        seen = self._seen.get(_record_key(owner, name))
        if seen is None:
            return None
        served, asked_at = seen
        age_s = self._clock() - asked_at
        return None if age_s > BELIEVED_S else (served, age_s)

    def current(self, owner: str, name: str) -> LoadedModel:
        """Return the version of a model that is served, loading it if none is loaded yet.

        Raises:
            NotFoundError: there is no such model (any more).
            InvalidRequestError: its files cannot be loaded; other models are not touched.
        """
        found = self.at_hand(owner, name)
        if found is None:
            return self.confirmed(owner, name)
        with self._lock:
            self._served.get(_record_key(owner, name))  # it was used
        return found[0]

    def confirmed(self, owner: str, name: str) -> LoadedModel:
        """Return the version that the store says is served, whatever was believed before."""
        key = _record_key(owner, name)
        with self._guard(key):
            asked_at = self._clock()
            info = self._store.info(key)
            with self._lock:
                served = self._served.get(key)
            if info is None:
                self._forget(key)
                raise NotFoundError(f"there is no model {name!r}", stage="predict")
            if served is None:
                served = self._load_once(key, info, None)
            elif served.etag != info.etag:
                served = self._followed(key, info, served)
            self._remember(key, served, asked_at)
            return served

    def try_out(self, record: ModelRecord) -> LoadedModel:
        """Load a version whose files are stored but which is not announced yet.

        Raises:
            InvalidRequestError: it cannot be loaded, or lacks what params.json names; nothing is
                replaced.
        """
        served = LoadedModel.of(self._store, record, "", self._checked(record))
        served.check_output()
        with self._lock:
            self._tried[_version_key(record)] = served
        return served

    def doubt(self, owner: str, name: str) -> None:
        """Ask the store before the next answer: this process has changed the model."""
        self._seen.pop(keys.model(owner, name), None)

    def warm(self, event: "ModelReady", _services: Services) -> "list[Event]":
        """Load a new model, so that its first prediction is as fast as the next ones."""
        key = keys.model(event.owner, event.model)
        asked_at = self._clock()
        info = self._store.info(key)
        if info is None:
            self._forget(key)
            raise NotFoundError(f"there is no model {event.model!r}", stage="predict")
        with self._lock:
            old = self._served.get(key)
        if old is None or old.etag != info.etag:  # without the guard: the old one goes on answering
            served = self._load_once(key, info, old)
            with self._guard(key):
                self._remember(key, served, asked_at)
        return []

    def _followed(self, key: str, info: ObjectInfo, old: LoadedModel) -> LoadedModel:
        """Return what answers while the record says something else than what is loaded."""
        record = modelrecords.read(key, self._store)
        if _same_files(record, old.record):
            return LoadedModel.of(self._store, record, info.etag, old.runtime)
        with self._lock:
            if _version_key(record) in self._tried:
                return replace(self._tried.pop(_version_key(record)), record=record, etag=info.etag)
            is_broken = self._broken.get(key, ("", None))[0] == info.etag
            is_new = not is_broken and key not in self._replacing
            coming = self._replacing.setdefault(key, Future()) if is_new else None
        if coming:
            args = key, info, old, coming
            threading.Thread(
                target=self._replace, args=args, name=f"loads {key}", daemon=True
            ).start()
            with suppress(TimeoutError, MlaasError):
                return coming.result(self._prompt_s)
        shared = replace(old.record, public=record.public, groups=record.groups)
        return replace(old, record=shared)

    def _replace(
        self, key: str, info: ObjectInfo, old: LoadedModel, coming: Future[LoadedModel]
    ) -> None:
        """Load the new version, which the old one's next answer waits for a while."""
        try:
            served = self._load_once(key, info, old)
        except MlaasError as error:
            log.warning("%s: the new version is not served: %s", key, error)
            coming.set_exception(error)
        else:
            coming.set_result(served)
            with self._guard(key), self._lock:
                if key in self._served:
                    self._served[key] = served
                    if seen := self._seen.get(key):
                        self._seen[key] = served, seen[1]
        finally:
            with self._lock:
                self._replacing.pop(key, None)

    def _load_once(self, key: str, info: ObjectInfo, old: LoadedModel | None) -> LoadedModel:
        """Load a model; one that is broken is not tried again until it is uploaded again."""
        with self._lock:
            etag, failure = self._broken.get(key, ("", None))
        if failure is not None and etag == info.etag:
            raise type(failure)(failure.problem.message, hint=failure.problem.hint)
        try:
            return self._loaded(key, info, old)
        except PermanentError as error:
            with self._lock:
                self._broken[key] = info.etag, error.located(stage="predict")
            raise

    def _loaded(self, key: str, info: ObjectInfo, old: LoadedModel | None) -> LoadedModel:
        record = modelrecords.read(key, self._store)
        if old is not None and _same_files(record, old.record):
            return LoadedModel.of(self._store, record, info.etag, old.runtime)
        with self._lock:
            tried = self._tried.pop(_version_key(record), None)
        if tried is not None:
            return replace(tried, record=record, etag=info.etag)
        return LoadedModel.of(self._store, record, info.etag, self._checked(record))

    def _checked(self, record: ModelRecord) -> Runtime:
        """Load a model whose files are whole."""
        try:
            integrity.check(self._store, record)
        except DamagedError as error:
            raise error.located(stage="predict") from None
        return self._load(self._store, record)

    def _guard(self, key: str) -> threading.Lock:
        with self._lock:
            return self._guards.setdefault(key, threading.Lock())

    def _remember(self, key: str, served: LoadedModel, asked_at: float) -> None:
        with self._lock:
            self._served[key] = served
            self._seen[key] = served, asked_at
            for gone in self._seen.keys() - self._served.keys():
                del self._seen[gone]
                self._guards.pop(gone, None)

    def _forget(self, key: str) -> None:
        with self._lock:
            self._served.pop(key, None)
            self._seen.pop(key, None)
            self._broken.pop(key, None)
            self._guards.pop(key, None)


def at_version(name: str, version: str) -> str:
    """Return the name under which a version of a model is asked for that is not the served one."""
    return f"{name}@{version}"


@lru_cache(_REMEMBERED)
def _record_key(owner: str, name: str) -> str:
    base, _, version = name.partition("@")
    return keys.model_version(owner, base, version) if version else f"{owner}/{base}/model.json"


def _same_files(one: ModelRecord, other: ModelRecord) -> bool:
    """Tell whether two records are served by the same runtime."""
    return _version_key(one) == _version_key(other)


def _version_key(record: ModelRecord) -> Version:
    nodes = record.file, record.input_node, record.output_node, record.output_name
    return record.owner, record.name, record.version, *nodes


def address(person: Person, model: str) -> tuple[str, str]:
    """Return owner and name of `model`: one's own `name`, or `owner/name` of somebody else.

    Raises:
        InvalidRequestError: the name cannot be one.
    """
    return _address(person.owner, model)


@lru_cache(_REMEMBERED)
def _address(own: str, model: str) -> tuple[str, str]:
    owner, slash, name = model.rpartition("/")
    if not slash:
        return own, keys.checked_name(name, "model")
    return keys.checked_name(owner, "owner"), keys.checked_name(name, "model")
