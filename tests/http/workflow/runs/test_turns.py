"""Submissions at the same time, and the same one again."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from mlaas4hep.adapters.memory import MemoryBus, MemoryRunBook
from mlaas4hep.core import keys, wire
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.http.workflow.app import make_app
from mlaas4hep.settings import Settings
from mlaas4hep.usecases.storekeeping.rebuild import rebuild
from tests.people import SUBMISSION, Caller


@pytest.fixture
def uploaded(alice):
    alice.upload()
    return alice


def again(person, key, **changes):
    return person.post("/runs", json={**SUBMISSION, **changes}, headers={"Idempotency-Key": key})


def test_submissions_at_once_do_not_pass_the_quota(world, uploaded):
    people = [world.person("alice") for _ in range(24)]

    with ThreadPoolExecutor(24) as pool:
        statuses = [each.status_code for each in pool.map(lambda one: one.submit(), people)]

    assert sorted(statuses) == [200] * 10 + [429] * 14


def test_submissions_at_once_in_two_processes_do_not_pass_the_quota(world, uploaded):
    """Two apps over the same stores know nothing of each other's turns."""
    other = make_app(world.services, Settings(), world.verifier)
    callers = [
        Caller(app.test_client(), uploaded.header, uploaded.owner)
        for app in (world.app, other) * 12
    ]

    with ThreadPoolExecutor(24) as pool:
        statuses = [each.status_code for each in pool.map(lambda one: one.submit(), callers)]

    assert set(statuses) == {200, 429}
    runs = uploaded.get("/runs").json
    assert runs["total"] == statuses.count(200) <= 10
    files = {info.key.split("/")[1] for info in world.services.runs_files.list(uploaded.owner)}
    assert {name for name in files if name.startswith("luca_")} == {
        each["name"] for each in runs["runs"]
    }


class SilentBus(MemoryBus):
    """A bus that does not answer."""

    def publish(self, *_, **__):
        raise ServiceUnavailableError("NATS: no answer")


class SweptBook(MemoryRunBook):
    """A run book after each of whose deletions the sweeper comes by."""

    services = None

    def delete(self, owner, name):
        super().delete(owner, name)
        rebuild(self.services)


def test_a_run_that_could_not_be_told_leaves_nothing_even_if_it_is_swept_meanwhile(world, uploaded):
    book = SweptBook(time.time)
    services = replace(world.services, bus=SilentBus(), runs=book)
    book.services = services
    app = make_app(services, Settings(), world.verifier)
    caller = Caller(app.test_client(), uploaded.header, uploaded.owner)

    assert caller.submit().status_code == 503

    assert book.list() == []
    left = [info.key for info in services.runs_files.list(f"{uploaded.owner}/luca_")]
    assert left == []


def test_a_call_that_is_repeated_with_its_key_makes_no_second_run(uploaded):
    first, second = again(uploaded, "a"), again(uploaded, "a")

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json["name"] == second.json["name"] == "luca_1"
    assert uploaded.get("/runs").json["total"] == 1


def test_many_repetitions_at_once_make_one_run(world, uploaded):
    people = [world.person("alice") for _ in range(8)]

    with ThreadPoolExecutor(8) as pool:
        names = {each.json["name"] for each in pool.map(lambda one: again(one, "a"), people)}

    assert names == {"luca_1"}


def test_another_key_is_another_run_and_a_key_is_each_persons_own(world, uploaded):
    bob = world.person("bob")
    bob.upload()

    assert again(uploaded, "a").json["name"] == "luca_1"
    assert again(uploaded, "b").json["name"] == "luca_2"
    assert again(bob, "a").json["name"] == "luca_1"


def test_a_key_for_another_request_is_a_conflict(uploaded):
    again(uploaded, "a")

    refused = again(uploaded, "a", title="another")

    assert refused.status_code == 409
    assert "luca_1" in refused.json["error"]["message"]


@pytest.mark.parametrize("key", ["", "x" * 257])
def test_a_key_has_some_letters_and_not_too_many(uploaded, key):
    assert again(uploaded, key).status_code == 400


def test_models_come_in_pages_and_a_record_is_read_once(world, alice):
    for number in range(5):
        record = ModelRecord(owner=alice.owner, name=f"m_{number}", version="v1", files=())
        world.services.models.put(keys.model(alice.owner, record.name), wire.dump(record))
    whole = alice.get("/models")
    page = alice.get("/models?offset=1&limit=2")

    assert len(whole.json) == 5
    assert [model["name"] for model in page.json] == ["m_1", "m_2"]
    assert page.headers["X-Total-Count"] == "5"
