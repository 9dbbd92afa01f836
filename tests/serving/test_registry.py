"""The registry of models, with a loader that only counts."""

import gc
import threading
import weakref
from typing import ClassVar

import numpy as np
import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.core import keys, wire
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.requests.person import Person
from mlaas4hep.core.runs.events import ModelReady
from mlaas4hep.errors import InvalidRequestError, NotFoundError, ServiceUnavailableError
from mlaas4hep.serving.registry import Registry, address
from tests.clock import Clock


class Constant:
    """A model that always says 1."""

    platform = "none"
    inputs = ()
    outputs = ()
    prompt_rows = 0
    signatures: ClassVar[dict] = {}

    def run(self, feeds):
        return {"y": np.ones(len(feeds["x"]))}


class Loader:
    """Loads constants; fails as often as it is told."""

    def __init__(self):
        self.loaded = []
        self.errors = []
        self.gate = threading.Event()
        self.gate.set()

    def __call__(self, _store, record):
        self.loaded.append(f"{record.name} {record.version}")
        assert self.gate.wait(60)
        if self.errors:
            raise self.errors.pop()
        return Constant()


@pytest.fixture
def store():
    return MemoryStore(lambda: 0.0)


@pytest.fixture
def loader():
    return Loader()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def registry(store, loader, clock):
    return Registry(store, loader, keep=2, clock=clock)


@pytest.fixture
def put(store):
    def put(name="net", version="v1", **record):
        record = ModelRecord(owner="o", name=name, version=version, files=(), **record)
        store.put(keys.model("o", name), wire.dump(record))

    return put


def test_a_model_is_loaded_once(registry, loader, put):
    put()

    assert registry.current("o", "net") is registry.current("o", "net")
    assert loader.loaded == ["net v1"]


def test_the_store_is_believed_for_a_second(registry, store, put, clock):
    put()
    registry.current("o", "net")
    store.delete(keys.model("o", "net"))

    clock.now = 0.9
    assert registry.current("o", "net").record.version == "v1"
    clock.now = 1.1
    with pytest.raises(NotFoundError):
        registry.current("o", "net")


def test_doubt_asks_the_store_at_once(registry, store, put):
    put()
    registry.current("o", "net")
    store.delete(keys.model("o", "net"))

    registry.doubt("o", "net")

    with pytest.raises(NotFoundError):
        registry.current("o", "net")


def test_a_new_version_is_served_when_it_is_announced(registry, loader, put):
    put()
    registry.current("o", "net")
    put(version="v2")

    registry.warm(ModelReady(owner="o", run="net", model="net", version="v2"), None)

    assert registry.current("o", "net").record.version == "v2"
    assert loader.loaded == ["net v1", "net v2"]


def test_the_next_answer_is_of_the_new_version_when_that_is_soon_loaded(registry, put, clock):
    put()
    registry.current("o", "net")
    put(version="v2")
    clock.now = 2.0

    assert registry.current("o", "net").record.version == "v2"


def test_the_old_version_answers_until_the_new_one_is_loaded(store, loader, put, clock):
    registry = Registry(store, loader, keep=2, prompt_s=0.0, clock=clock)
    put()
    registry.current("o", "net")
    put(version="v2", public=True)
    clock.now = 2.0
    loader.gate.clear()

    meanwhile = registry.current("o", "net")
    loading = [each for each in threading.enumerate() if each.name == "loads o/net/model.json"]
    loader.gate.set()
    for each in loading:  # that of the test before may still be ending
        each.join()

    assert (meanwhile.record.version, meanwhile.record.public) == ("v1", True)
    assert registry.current("o", "net").record.version == "v2"


def test_a_broken_new_version_never_replaces_the_old_one(registry, loader, put):
    put()
    registry.current("o", "net")
    put(version="v2")
    loader.errors = [InvalidRequestError("broken")]

    with pytest.raises(InvalidRequestError, match="broken"):
        registry.warm(ModelReady(owner="o", run="net", model="net", version="v2"), None)

    assert registry.confirmed("o", "net").record.version == "v1"
    assert loader.loaded == ["net v1", "net v2"]


def test_a_version_that_was_tried_out_is_not_loaded_again(registry, loader, put):
    record = ModelRecord(owner="o", name="net", version="v1", files=())
    registry.try_out(record)
    put()

    assert registry.current("o", "net").record == record
    assert loader.loaded == ["net v1"]


def test_a_changed_description_loads_nothing(registry, loader, put):
    put()
    registry.current("o", "net")
    put(description="better")

    assert registry.confirmed("o", "net").record.description == "better"
    assert loader.loaded == ["net v1"]


def test_a_deleted_model_is_gone_and_not_kept(registry, store, put):
    put()
    runtime = weakref.ref(registry.current("o", "net").runtime)
    store.delete(keys.model("o", "net"))

    with pytest.raises(NotFoundError, match="no model 'net'"):
        registry.confirmed("o", "net")
    gc.collect()
    assert runtime() is None


def test_the_model_that_was_not_used_for_longest_is_let_go(registry, loader, put):
    for name in ("a", "b", "c"):
        put(name)
    for name in ("a", "b", "a", "c", "a", "b"):
        registry.current("o", name)

    assert loader.loaded == ["a v1", "b v1", "c v1", "b v1"]


def test_a_broken_model_is_tried_once_until_it_is_uploaded_again(registry, loader, put):
    put()
    loader.errors = [InvalidRequestError("broken")]
    for _ in range(2):
        with pytest.raises(InvalidRequestError, match="broken"):
            registry.current("o", "net")
    put(version="v2")

    assert registry.current("o", "net").record.version == "v2"
    assert loader.loaded == ["net v1", "net v2"]


def test_a_store_that_is_away_is_asked_again(registry, loader, put):
    put()
    loader.errors = [ServiceUnavailableError("away")]
    with pytest.raises(ServiceUnavailableError):
        registry.current("o", "net")

    assert registry.current("o", "net").record.version == "v1"


@pytest.mark.parametrize(
    ("model", "expected"), [("net", ("me", "net")), ("you/net", ("you", "net"))]
)
def test_a_model_is_named_alone_or_with_its_owner(model, expected):
    assert address(Person(owner="me", subject="me"), model) == expected


@pytest.mark.parametrize("model", ["", "a/b/c", "../net", "you/..", "/net"])
def test_other_names_are_refused(model):
    with pytest.raises(InvalidRequestError, match="cannot be used"):
        address(Person(owner="me", subject="me"), model)
