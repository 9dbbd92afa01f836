"""Which models are served right now: looked up in bucket models, kept loaded while they are used."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace

from cachetools import LRUCache

from mlaas4hep.core import keys, wire
from mlaas4hep.core.models.contract import Contract
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.models.transform import Transform
from mlaas4hep.core.requests.person import Person
from mlaas4hep.core.runs.events import Event, ModelReady
from mlaas4hep.errors import InvalidRequestError, NotFoundError, PermanentError
from mlaas4hep.ports import ObjectInfo, ObjectStore, Runtime, Services
from mlaas4hep.usecases.models import may_read

Load = Callable[[ObjectStore, ModelRecord], Runtime]

CONTRACT = "contract.json"
_BROKEN = 1000  #: how many failures are remembered


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """A model as it is served now."""

    record: ModelRecord
    etag: str  #: of the record it was loaded for
    runtime: Runtime
    contract: Contract | None = None  #: None: the model was not trained here
    transform: Transform | None = None  #: None exactly when `contract` is
    labels: tuple[str, ...] = ()  #: names of the outputs, if anybody said them

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the names of the network's inputs; () if nobody knows them."""
        return () if self.contract is None else self.contract.columns


class Registry:
    """The models of one bucket; `current` always answers for what the bucket holds at that moment.

    A runtime that is not kept any more ends as soon as the last prediction with it has ended.
    """

    def __init__(self, store: ObjectStore, load: Load, *, keep: int) -> None:
        self._store = store
        self._load = load
        self._served: LRUCache[str, Served] = LRUCache(keep)
        self._broken: LRUCache[str, tuple[str, PermanentError]] = LRUCache(_BROKEN)
        self._guards: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def current(self, owner: str, name: str) -> Served:
        """Return the newest version of a model, loading it if it is not loaded yet.

        Raises:
            NotFoundError: there is no such model (any more).
            InvalidRequestError: its files cannot be loaded; other models are not touched.
        """
        key = keys.model(owner, name)
        with self._guard(key):
            info = self._store.info(key)
            with self._lock:
                served = self._served.get(key)
            if info is None:
                self._forget(key)
                raise NotFoundError(f"there is no model {name!r}", stage="predict")
            if served is None or served.etag != info.etag:
                served = self._load_once(key, info, served)
            self._remember(key, served)
            return served

    def warm(self, event: ModelReady, _services: Services) -> list[Event]:
        """Load a new model, so that its first prediction is as fast as the next ones."""
        self.current(event.owner, event.model)
        return []

    def _load_once(self, key: str, info: ObjectInfo, old: Served | None) -> Served:
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

    def _loaded(self, key: str, info: ObjectInfo, old: Served | None) -> Served:
        record = wire.load(ModelRecord, self._store.get(key))
        if old is not None and old.record.version == record.version:
            return replace(old, record=record, etag=info.etag)
        contract = _contract(self._store, record)
        runtime = self._load(self._store, record)
        return Served(
            record=record,
            etag=info.etag,
            runtime=runtime,
            contract=contract,
            transform=None if contract is None else _transform(contract, runtime),
            labels=_labels(self._store, record) or (contract.classes if contract else ()),
        )

    def _guard(self, key: str) -> threading.Lock:
        with self._lock:
            return self._guards.setdefault(key, threading.Lock())

    def _remember(self, key: str, served: Served) -> None:
        with self._lock:
            if key not in self._served and len(self._served) == self._served.maxsize:
                oldest, _ = self._served.popitem()
                self._guards.pop(oldest, None)
            self._served[key] = served

    def _forget(self, key: str) -> None:
        with self._lock:
            self._served.pop(key, None)
            self._broken.pop(key, None)
            self._guards.pop(key, None)


def _transform(contract: Contract, runtime: Runtime) -> Transform:
    """Return the contract's transform; a bundle may have been packed by hand."""
    transform = Transform.of(contract)
    widths = [each.shape[-1] for each in runtime.inputs if each.shape]
    if widths != [transform.layout.width]:
        raise InvalidRequestError(
            f"contract.json makes {transform.layout.width} columns, the model takes "
            f"{' and '.join(map(str, widths))}"
        )
    return transform


def _labels(store: ObjectStore, record: ModelRecord) -> tuple[str, ...]:
    if record.labels not in record.files:
        return ()
    key = keys.model_file(record.owner, record.name, record.version, record.labels)
    return tuple(store.get(key).decode("utf-8", "replace").splitlines())


def _contract(store: ObjectStore, record: ModelRecord) -> Contract | None:
    if CONTRACT not in record.files:
        return None
    key = keys.model_file(record.owner, record.name, record.version, CONTRACT)
    return wire.load(Contract, store.get(key))


def allowed(served: Served, person: Person) -> Served:
    """Return `served`; NotFoundError if the person must not even know of it."""
    if not may_read(person, served.record):
        raise NotFoundError(f"there is no model {served.record.name!r}", stage="predict")
    return served


def address(person: Person, model: str) -> tuple[str, str]:
    """Return owner and name of `model`: one's own `name`, or `owner/name` of somebody else.

    Raises:
        InvalidRequestError: the name cannot be one.
    """
    owner, slash, name = model.rpartition("/")
    if not slash:
        return person.owner, keys.checked_name(name, "model")
    return keys.checked_name(owner, "owner"), keys.checked_name(name, "model")
