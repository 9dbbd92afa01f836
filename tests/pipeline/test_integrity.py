"""Models whose files are damaged: they say so and are not served."""

import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.core import keys, sealed
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import DamagedError
from mlaas4hep.pipeline import integrity
from mlaas4hep.serving.registry import Registry

FILES = {
    "model.keras": b"k" * 50,
    "plots/loss.png": b"p",
    "saved_model.pb": b"s" * 50,
    "variables/variables.index": b"v",
}


def file(name):
    return keys.model_file("o", "m", "1", name)


@pytest.fixture
def store():
    return holding(FILES)


def holding(files, **more):
    """Return a store with a model of these files."""
    store = MemoryStore(lambda: 0.0)
    checksums = []
    for name, content in files.items():
        store.put(file(name), content)
        with store.open(file(name)) as stream:
            checksums.append((name, sealed.checksum(stream)))
    record = ModelRecord(
        owner="o", name="m", version="1", files=tuple(files), checksums=tuple(checksums), **more
    )
    store.put(keys.model("o", "m"), sealed.dump(record))
    return store


def record(store):
    return sealed.load(ModelRecord, store.get(keys.model("o", "m")))


def test_a_whole_model_passes(store):
    integrity.check(store, record(store))


@pytest.mark.parametrize("name", ["saved_model.pb", "variables/variables.index"])
@pytest.mark.parametrize("harm", ["damaged", "gone"])
def test_a_damaged_model_says_which_file_and_is_not_loaded(store, name, harm):
    if harm == "gone":
        store.delete(file(name))
    else:
        store.put(file(name), b"x" + store.get(file(name))[1:])
    loaded = []

    with pytest.raises(DamagedError, match=name):
        Registry(store, lambda *model: loaded.append(model), keep=1).current("o", "m")

    assert loaded == []


def test_a_file_that_no_prediction_needs_may_be_damaged(store):
    store.put(file("plots/loss.png"), b"x")

    integrity.check(store, record(store))


@pytest.mark.parametrize("harmed", ["fold1/variables/variables.index", "fold2/saved_model.pb"])
def test_damage_of_the_model_of_any_fold_is_noticed(harmed):
    names = ("saved_model.pb", "variables/variables.index", "plots/loss.png")
    files = {f"fold{fold}/{name}": name.encode() for fold in range(3) for name in names}
    store = holding(files, folds=3)
    store.put(file("fold1/plots/loss.png"), b"x")
    integrity.check(store, record(store))

    store.put(file(harmed), b"x")

    with pytest.raises(DamagedError, match=harmed):
        integrity.check(store, record(store))
