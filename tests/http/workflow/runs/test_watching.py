"""Runs that are watched, over a real server: streams and waiting hold no thread."""

import asyncio
import json
import threading
from contextlib import ExitStack

import httpx2
import pytest

from mlaas4hep.core.runs.events import RangeMeasured, RunFailed
from mlaas4hep.errors import Problem
from mlaas4hep.faas.underway import UnderWay
from mlaas4hep.http.workflow.front import front
from tests.asgi import serving
from tests.calls import PATIENCE_S

FAILED = Problem(code="invalid_request", message="no tree", stage="specs")


@pytest.fixture
def submitted(alice):
    alice.upload()
    alice.submit(title="first")
    return alice


@pytest.fixture
def url(world, submitted):
    with serving(front(world.app)) as address:
        yield address


@pytest.fixture
def http(url, submitted):
    with httpx2.Client(
        base_url=url, headers={"Authorization": submitted.header}, timeout=30
    ) as client:
        yield client


def fail(world, person):
    world.services.runs.apply([RunFailed(owner=person.owner, run="luca_1", problem=FAILED)])


def measure(world, person, index):
    world.services.runs.apply(
        [RangeMeasured(owner=person.owner, run="luca_1", index=index, key="k", entries=1, passed=1)]
    )


def events_of(lines):
    """Yield (kind, data) of each server-sent event."""
    kind, data = "", []
    for line in lines:
        if line.startswith("event: "):
            kind = line.removeprefix("event: ")
        elif line.startswith("data: "):
            data.append(line.removeprefix("data: "))
        elif not line and kind:
            yield kind, json.loads("".join(data))
            kind, data = "", []


def test_changes_come_as_server_sent_events_until_the_end(world, submitted, http):
    with http.stream("GET", "/runs/luca_1/events") as response:
        events = events_of(response.iter_lines())
        first = next(events)
        fail(world, submitted)
        rest = list(events)

    assert response.headers["content-type"] == "text/event-stream"
    assert (first[0], first[1]["status"]) == ("run", "submitted")
    assert [(kind, shown["status"]) for kind, shown in rest] == [("run", "failed")]


def test_a_run_that_is_over_is_told_once(world, submitted, http):
    fail(world, submitted)

    events = list(events_of(http.get("/runs/luca_1/events").text.split("\n")))

    assert [shown["status"] for _, shown in events] == ["failed"]


def test_a_deleted_run_ends_its_stream(world, submitted, http):
    with http.stream("GET", "/runs/luca_1/events") as response:
        events = events_of(response.iter_lines())
        next(events)
        world.services.runs.delete(submitted.owner, "luca_1")
        rest = list(events)

    assert rest == [("deleted", {})]


def test_many_changes_at_once_are_told_as_few_and_do_not_end_the_stream(world, submitted, http):
    with http.stream("GET", "/runs/luca_1/events") as response:
        events = events_of(response.iter_lines())
        next(events)
        for index in range(1000):
            measure(world, submitted, index)
        fail(world, submitted)
        rest = [shown for _, shown in events]

    assert rest[-1]["status"] == "failed"
    assert rest[-1]["stages"][0]["done"] == 1000
    assert len(rest) < 30


def test_a_stream_is_reached_by_an_action_too(world, submitted, http):
    fail(world, submitted)

    streamed = http.post("/", json={"action": "watch", "name": "luca_1"})

    assert "event: run" in streamed.text


def test_a_run_is_waited_for(world, submitted, http):
    seen = http.get("/runs/luca_1").json()["mark"]
    ready = threading.Timer(0.05, fail, (world, submitted))
    ready.start()

    response = http.get(f"/runs/luca_1?wait=20&seen={seen}")
    ready.join()

    shown = response.json()
    assert shown["status"] == "failed"
    assert shown["mark"] != seen
    assert response.headers["etag"] == f'"{shown["mark"]}"'


def test_a_run_that_changed_already_is_not_waited_for(http):
    assert http.get("/runs/luca_1?wait=20&seen=something").json()["status"] == "submitted"


def test_a_run_that_does_not_change_is_shown_after_the_time(http):
    seen = http.get("/runs/luca_1").json()["mark"]

    assert http.get(f"/runs/luca_1?wait=1&seen={seen}").json()["mark"] == seen


def test_a_hundred_watchers_hold_no_thread_and_all_see_the_end(world, submitted, url):
    headers = {"Authorization": submitted.header}
    before = threading.active_count()

    async def watch(client, ready):
        async with client.stream("GET", "/runs/luca_1/events", headers=headers) as response:
            lines = response.aiter_lines()
            async for line in lines:
                if line.startswith("event: run"):
                    ready.release()
                    break
            return [line async for line in lines]

    async def all_watch():
        limits = httpx2.Limits(max_connections=None)
        async with httpx2.AsyncClient(base_url=url, limits=limits, timeout=30) as client:
            ready = asyncio.Semaphore(0)
            watchers = [asyncio.create_task(watch(client, ready)) for _ in range(100)]
            for _ in watchers:
                await ready.acquire()
            threads = threading.active_count()
            fail(world, submitted)
            return threads, await asyncio.gather(*watchers)

    threads, seen = asyncio.run(all_watch())

    assert threads - before <= 40  # the pool of Flask, and that of the loop
    assert all(any('"status": "failed"' in line for line in lines) for lines in seen)


def test_what_watchers_leave_behind_is_nothing(world, submitted, url):
    context = world.app.extensions["context"]
    with httpx2.Client(
        base_url=url, headers={"Authorization": submitted.header}, timeout=PATIENCE_S
    ) as http:
        for _ in range(3):
            with http.stream("GET", "/runs/luca_1/events") as response:
                next(response.iter_lines())
        fail(world, submitted)
        http.get("/runs/luca_1/events")

    assert context.feeds.watched == 0


def test_streams_of_one_person_leave_room_for_those_of_others(world, submitted):
    bob = world.person("bob")
    bob.upload(name="bobs")
    bob.submit(name="bobs")
    with (
        serving(front(world.app, under_way=UnderWay(3))) as url,
        httpx2.Client(base_url=url, timeout=PATIENCE_S) as http,
        ExitStack() as opened,
    ):

        def watch(person, run):
            headers = {"Authorization": person.header}
            stream = http.stream("GET", f"/runs/{run}/events", headers=headers)
            return opened.enter_context(stream)

        watched = [watch(submitted, "luca_1") for _ in range(4)]
        refused = watched[3].read()
        others = watch(bob, "bobs_1")
        fail(world, submitted)
        ended = [answer.read() for answer in watched[:3]]
        again = watch(submitted, "luca_1")

        assert [answer.status_code for answer in watched] == [200, 200, 200, 429]
        assert b"3 requests and streams of yours are under way already" in refused
        assert others.status_code == 200
        assert all(b'"status": "failed"' in each for each in ended)
        assert again.status_code == 200
