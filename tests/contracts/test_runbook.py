import queue
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

from mlaas4hep.adapters.memory import MemoryRunBook
from mlaas4hep.adapters.nats.connection import Connection
from mlaas4hep.adapters.nats.runs import JetStreamRunBook
from mlaas4hep.core.runs.events import ChunkReady, EpochEnded, RunCancelled, SpecsReady
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.errors import ConflictError, NotFoundError
from mlaas4hep.ports import RunBook
from mlaas4hep.testing.nats import NatsServer


@pytest.fixture(params=["memory", "jetstream"])
def runs(request: pytest.FixtureRequest) -> RunBook:
    if request.param == "memory":
        return MemoryRunBook(time.time)
    connection: Connection = request.getfixturevalue("connection")
    return JetStreamRunBook(connection, time.time)


@pytest.fixture
def owner() -> str:
    return uuid.uuid4().hex[:16]


def a_run(owner: str, name: str = "luca_1", created_at: float = 1.0) -> Run:
    return Run(
        owner=owner, name=name, folder="luca", number=1, created_at=created_at, updated_at=1.0
    )


def chunk(owner: str, index: int) -> ChunkReady:
    return ChunkReady(owner=owner, run="luca_1", index=index, key="k", entries=1)


def test_a_run_is_found_as_it_was_written(runs: RunBook, owner: str) -> None:
    run = a_run(owner)

    runs.create(run)

    assert runs.get(owner, "luca_1") == run


def test_a_run_is_written_once_only(runs: RunBook, owner: str) -> None:
    runs.create(a_run(owner))

    with pytest.raises(ConflictError):
        runs.create(a_run(owner))


def test_who_creates_last_lists_what_others_created_before(
    runs: RunBook, owner: str, request: pytest.FixtureRequest
) -> None:
    """Quotas rest on it: of several processes at once, the last one sees them all."""
    other = runs
    if isinstance(runs, JetStreamRunBook):
        connection: Connection = request.getfixturevalue("connection")
        other = JetStreamRunBook(connection, time.time)
    assert runs.list(owner) == other.list(owner) == []
    names = [f"luca_{number}" for number in range(24)]

    def create(name: str) -> int:
        book = runs if int(name[5:]) % 2 else other
        book.create(a_run(owner, name))
        return len(book.list(owner))

    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(create, names))

    assert max(seen) == 24
    assert len([number for number in seen if number > 10]) >= 14


def test_a_run_that_is_not_there_cannot_be_found(runs: RunBook, owner: str) -> None:
    with pytest.raises(NotFoundError, match="luca_1"):
        runs.get(owner, "luca_1")


def test_names_with_dots_are_names_like_others(runs: RunBook, owner: str) -> None:
    names = ["a.b_1", "a_b_1", "a.b.c_1"]
    for at, name in enumerate(names):
        runs.create(a_run(owner, name, created_at=float(at)))

    assert [run.name for run in runs.list(owner)] == names


def test_the_list_has_the_owners_runs_only_and_the_oldest_first(runs: RunBook, owner: str) -> None:
    for name, created_at in (("b_1", 2.0), ("a_1", 3.0), ("c_1", 1.0)):
        runs.create(a_run(owner, name, created_at))
    runs.create(a_run(f"{owner}x", "other_1"))
    runs.delete(owner, "a_1")

    assert [run.name for run in runs.list(owner)] == ["c_1", "b_1"]
    assert {"c_1", "b_1", "other_1"} <= {run.name for run in runs.list()}


def test_nobody_has_runs_at_first(runs: RunBook, owner: str) -> None:
    assert runs.list(owner) == []


def test_events_add_up_to_the_run(runs: RunBook, owner: str) -> None:
    runs.create(a_run(owner))

    after = runs.apply(
        [
            SpecsReady(owner=owner, run="luca_1", key="s", entries=9, columns=3, chunks=3),
            chunk(owner, 0),
            chunk(owner, 0),
            chunk(owner, 2),
        ]
    )

    assert after == runs.get(owner, "luca_1")
    assert (after.status, after.chunks.done, after.chunks.total) == (Status.PREPARING, 2, 3)


def test_figures_that_are_no_numbers_survive(runs: RunBook, owner: str) -> None:
    runs.create(a_run(owner))

    runs.apply([EpochEnded(owner=owner, run="luca_1", round=0, metrics=(("loss", float("inf")),))])

    assert runs.get(owner, "luca_1").metrics == (("loss", float("inf")),)


def test_events_of_a_deleted_run_are_dropped(runs: RunBook, owner: str) -> None:
    runs.create(a_run(owner))
    runs.delete(owner, "luca_1")
    runs.delete(owner, "luca_1")

    assert runs.apply([chunk(owner, 0)]) is None
    with pytest.raises(NotFoundError):
        runs.get(owner, "luca_1")


def test_a_deleted_name_can_be_used_again(runs: RunBook, owner: str) -> None:
    runs.create(a_run(owner))
    runs.delete(owner, "luca_1")

    runs.create(a_run(owner))

    assert runs.get(owner, "luca_1").status is Status.SUBMITTED


def test_writers_at_the_same_time_lose_nothing(runs: RunBook, owner: str) -> None:
    runs.create(a_run(owner))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda index: runs.apply([chunk(owner, index)]), range(100)))

    assert runs.get(owner, "luca_1").chunks.done == 100


def test_numbers_are_given_out_once(runs: RunBook, owner: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda _: runs.next_number(owner, "lu.ca"), range(40)))

    assert sorted(numbers) == list(range(1, 41))
    assert runs.next_number(owner, "other") == 1


def test_numbers_of_deleted_runs_are_not_given_out_again(runs: RunBook, owner: str) -> None:
    runs.next_number(owner, "luca")
    runs.create(a_run(owner))
    runs.delete(owner, "luca_1")

    assert runs.next_number(owner, "luca") == 2


def test_who_waits_sees_the_run_when_it_is_so_far(runs: RunBook, owner: str) -> None:
    runs.create(a_run(owner))
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(runs.wait, owner, "luca_1", lambda run: run.chunks.has(3), 20)
        for index in range(5):
            runs.apply([chunk(owner, index)])

        assert waiting.result().chunks.has(3)


def test_who_waits_for_what_is_so_already_goes_on_at_once(runs: RunBook, owner: str) -> None:
    runs.create(a_run(owner))

    assert runs.wait(owner, "luca_1", lambda _: True, 0).name == "luca_1"


def test_who_waits_in_vain_gets_the_run_as_it_is(runs: RunBook, owner: str) -> None:
    runs.create(a_run(owner))

    assert runs.wait(owner, "luca_1", lambda run: run.is_final, 0.05) == a_run(owner)


def test_who_waits_hears_that_the_run_is_deleted(runs: RunBook, owner: str) -> None:
    runs.create(a_run(owner))
    looked = threading.Event()

    def never(_run: Run) -> bool:
        looked.set()
        return False

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(runs.wait, owner, "luca_1", never, 20)
        assert looked.wait(60)
        runs.delete(owner, "luca_1")

        with pytest.raises(NotFoundError):
            waiting.result()


def test_many_can_wait_at_once(runs: RunBook, owner: str) -> None:
    runs.create(a_run(owner))
    with ThreadPoolExecutor(8) as pool:
        waiting = [
            pool.submit(runs.wait, owner, "luca_1", lambda run: run.is_final, 20) for _ in range(8)
        ]
        runs.apply([RunCancelled(owner=owner, run="luca_1")])

        assert {task.result().status for task in waiting} == {Status.CANCELLED}


def test_whoever_listens_hears_of_each_change_until_they_stop(runs: RunBook, owner: str) -> None:
    heard: queue.Queue[tuple[str, str]] = queue.Queue()
    stop = runs.hear(lambda *run: heard.put(run) if run[0] == owner else None)

    runs.create(a_run(owner))
    created = heard.get(timeout=60)
    runs.apply([chunk(owner, 0)])
    applied = heard.get(timeout=60)
    runs.delete(owner, "luca_1")
    deleted = heard.get(timeout=60)
    stop()
    runs.create(a_run(owner, "luca_2"))

    assert [created, applied, deleted] == [(owner, "luca_1")] * 3
    assert heard.empty()


def test_a_list_has_what_another_process_wrote(
    connection: Connection, nats_server: NatsServer, owner: str
) -> None:
    mine = JetStreamRunBook(connection, time.time)
    elsewhere = Connection(nats_server.url)
    theirs = JetStreamRunBook(elsewhere, time.time)
    heard: queue.Queue[tuple[str, str]] = queue.Queue()
    mine.hear(lambda *run: heard.put(run) if run[0] == owner else None)
    before = mine.list(owner)

    theirs.create(a_run(owner))
    heard.get(timeout=60)
    created = mine.list(owner)
    theirs.delete(owner, "luca_1")
    heard.get(timeout=60)
    deleted = mine.list(owner)
    elsewhere.close()

    assert (before, created, deleted) == ([], [a_run(owner)], [])
