"""Lists of models: right at once after any change that is marked, and soon after any other."""

from dataclasses import replace

import pytest

from mlaas4hep.core import keys, sealed
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.pipeline import modelrecords
from mlaas4hep.serving.modellists import RENEWED_S, ModelLists
from tests.serving.countingstore import CountingStore


@pytest.fixture
def store():
    return CountingStore()


@pytest.fixture
def clock():
    return [0.0]


@pytest.fixture
def aside():
    """What a list would do while nobody waits for it."""
    return []


@pytest.fixture
def lists(store, clock, aside):
    return ModelLists(store, lambda: clock[0], aside.append)


def record(name, owner="a", **more):
    return ModelRecord(owner=owner, name=name, version="1", files=(), **more)


def names(dated):
    return [f"{each.owner}/{each.name}" for each, _ in dated]


def test_what_has_not_changed_is_neither_listed_nor_read_again(store, lists):
    for owner in "ab":
        modelrecords.write(record("m", owner), store)
    lists.everybody()
    store.reads.clear()
    store.listings.clear()

    assert names(lists.everybody()) == ["a/m", "b/m"]
    assert names(lists.of("b")) == ["b/m"]
    assert (store.reads, store.listings) == ([], [])


def test_a_change_is_in_the_next_answer_and_costs_its_owners_list_only(store, lists):
    for owner in "ab":
        modelrecords.write(record("m", owner), store)
    lists.everybody()
    store.reads.clear()
    store.listings.clear()

    modelrecords.write(record("n", "b"), store)
    assert names(lists.everybody()) == ["a/m", "b/m", "b/n"]
    assert (store.reads, store.listings) == (["b/n/model.json"], ["b/"])
    modelrecords.write(replace(record("n", "b"), public=True), store)
    assert [each.public for each, _ in lists.of("b")] == [False, True]
    modelrecords.delete("b", "m", store)
    assert names(lists.everybody()) == ["a/m", "b/n"]


def test_somebody_new_is_listed(store, lists):
    assert lists.everybody() == []

    modelrecords.write(record("m", "c"), store)

    assert names(lists.everybody()) == names(lists.of("c")) == ["c/m"]


@pytest.mark.parametrize("ask", [ModelLists.everybody, lambda lists: lists.of("a")])
def test_a_change_that_nobody_marked_comes_after_a_while_and_nobody_waits(
    store, lists, clock, aside, ask
):
    modelrecords.write(record("m"), store)
    ask(lists)
    store.put(keys.model("a", "unmarked"), sealed.dump(record("unmarked")))

    assert names(ask(lists)) == ["a/m"]
    clock[0] = RENEWED_S + 1
    assert names(ask(lists)) == ["a/m"]
    assert names(ask(lists)) == ["a/m"]  # the work is asked for once
    (work,) = aside
    work()

    assert names(ask(lists)) == ["a/m", "a/unmarked"]


def test_models_of_an_earlier_release_have_no_mark_and_are_listed(store, lists):
    store.put(keys.model("a", "old"), sealed.dump(record("old")))

    assert names(lists.of("a")) == names(lists.everybody()) == ["a/old"]
