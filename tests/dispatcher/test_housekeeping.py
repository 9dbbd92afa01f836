"""The store kept in order: what ended runs left, and what nobody finished writing."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mlaas4hep.adapters.memory import MemoryRunBook, MemoryStore
from mlaas4hep.core import keys, sealed
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import ModelReady, RunCancelled
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.dispatcher import patrol
from mlaas4hep.dispatcher.housekeeping import ENDED_S, RESTARTED_S, Housekeeping
from mlaas4hep.errors import ConflictError, ServiceUnavailableError
from mlaas4hep.pipeline.records import store_run
from mlaas4hep.ports import Services
from mlaas4hep.testing import pipeline
from mlaas4hep.usecases.runs import delete
from tests.dispatcher.stores import Away, Counted

RUN = Run(owner="a", name="luca_1", id="1", folder="luca", number=1, created_at=0, updated_at=0)
WHO = {"owner": "a", "run": "luca_1"}
DONE = ModelReady(**WHO, model="luca_1", version="v")
STATE = ("checkpoint.json", "checkpoints/0", "parts-1/000000.npz")
A_DAY_S = 24 * 3600.0


@pytest.fixture
def services() -> Services:
    """Return what holds a run with a checkpoint and parts; all of it is of time 0."""
    made = replace(pipeline.make_services(), runs=MemoryRunBook(lambda: 0.0))
    store_run(RUN, dict.fromkeys(("request.json", "train.log", *STATE), b"x"), made)
    return made


def left(services: Services) -> set[str]:
    stored = {info.key.removeprefix("a/luca_1/") for info in services.runs_files.list("a/luca_1/")}
    return stored.intersection(STATE)


def tidied(services: Services, now: float) -> int:
    return Housekeeping(services).tidy(services.runs.list(), now)


def test_a_run_that_is_done_keeps_nothing_that_only_an_unfinished_one_needs(
    services: Services,
) -> None:
    services.runs.apply([DONE])

    assert tidied(services, ENDED_S) == len(STATE)
    assert left(services) == set()
    assert services.runs_files.get("a/luca_1/train.log") == b"x"


def test_a_run_that_goes_on_and_one_that_just_ended_are_left_alone(services: Services) -> None:
    assert tidied(services, 10 * ENDED_S) == 0
    services.runs.apply([DONE])
    assert tidied(services, ENDED_S / 2) == 0
    assert left(services) == set(STATE)


def test_a_run_that_was_cancelled_can_be_restarted_for_a_week(services: Services) -> None:
    services.runs.apply([RunCancelled(**WHO)])
    keeping = Housekeeping(services)

    assert keeping.tidy(services.runs.list(), RESTARTED_S) == 0
    assert left(services) == set(STATE)
    assert keeping.tidy(services.runs.list(), RESTARTED_S + 1) == len(STATE)


@pytest.mark.parametrize(
    ("event", "status"), [(DONE, Status.DONE), (RunCancelled(**WHO), Status.CANCELLED)]
)
def test_how_a_run_ended_is_in_the_store_although_nobody_came_to_write_it(
    services: Services, event: ModelReady | RunCancelled, status: Status
) -> None:
    services.runs.apply([event])

    tidied(services, ENDED_S)

    record = sealed.load(Run, services.runs_files.get("a/luca_1/run.json"))
    assert (record.status, record) == (status, services.runs.get("a", "luca_1"))


def test_a_run_is_looked_at_once(services: Services) -> None:
    services.runs.apply([DONE])
    keeping = Housekeeping(services)
    keeping.tidy(services.runs.list(), ENDED_S)
    services.runs_files.put("a/luca_1/checkpoint.json", b"x")

    assert keeping.tidy(services.runs.list(), ENDED_S + 1) == 0


def test_records_that_are_lost_one_by_one_are_rebuilt_and_deleted_runs_are_not(
    services: Services,
) -> None:
    other, third = (replace(RUN, name=f"luca_{number}", number=number) for number in (2, 3))
    for run in (other, third):
        store_run(run, {}, services)
    services.runs.delete("a", "luca_3")  # lost while no dispatcher was there
    keeping = Housekeeping(services)
    made = [keeping.rebuild(services.runs.list())]
    delete(replace(RUN, name="luca_2", status=Status.DONE), services)
    made += [keeping.rebuild(services.runs.list())]
    services.runs.delete("a", "luca_1")
    made += [keeping.rebuild(services.runs.list()), keeping.rebuild(services.runs.list())]

    assert made == [{"a/luca_3"}, set(), {"a/luca_1"}, set()]
    assert {run.name for run in services.runs.list()} == {"luca_1", "luca_3"}


@pytest.fixture
def counted() -> Callable[[int], tuple[Services, Counted]]:
    """Return what makes so many runs that are over, in a store that counts what it is asked."""

    def make(count: int) -> tuple[Services, Counted]:
        store, book = Counted(lambda: 0.0), MemoryRunBook(lambda: 0.0)
        made = replace(pipeline.make_services(), runs_files=store, runs=book)
        for number in range(count):
            name = f"luca_{number}"
            store_run(replace(RUN, name=name, number=number, status=Status.DONE), {}, made)
        store.asked.clear()
        return made, store

    return make


def test_every_run_that_is_over_is_looked_at_once_however_many_there_are(counted: Any) -> None:
    services, store = counted(1000)
    keeping = Housekeeping(services)
    asked = []
    for sweep in range(8):
        keeping.tidy(services.runs.list(), ENDED_S + sweep)
        asked.append(store.asked["get"])

    assert asked == [200, 400, 600, 800, 1000, 1000, 1000, 1000]


def test_an_empty_book_costs_the_same_however_much_is_stored(counted: Any) -> None:
    services, store = counted(5 * patrol.AT_ONCE)
    unreadable = replace(services, runs=MemoryRunBook(lambda: 0.0))
    for info in store.list(""):
        store.put(info.key, b"damaged")
    keeping = Housekeeping(unreadable)
    keeping.rebuild([])
    asked = []
    for _ in range(12):  # two rounds, and the second one knows what cannot be read
        store.asked.clear()
        assert keeping.rebuild([]) == set()
        asked.append((store.asked["listed"], store.asked["get"]))

    assert asked == [*[(1000, 1000)] * 5, (0, 0), *[(1000, 0)] * 5, (0, 0)]


def test_a_run_that_came_and_was_lost_between_two_sweeps_is_rebuilt(services: Services) -> None:
    now = [0.0]
    keeping = Housekeeping(services, lambda: now[0])
    keeping.rebuild(services.runs.list())
    keeping.rebuild(services.runs.list())  # the first round
    store_run(replace(RUN, name="luca_2", number=2), {}, services)
    services.runs.delete("a", "luca_2")  # from the book alone
    for strange in "c", "a/run.json", "a/luca_2/plots/run.json":  # of nobody
        services.runs_files.put(strange, b"")

    made = [keeping.rebuild(services.runs.list())]
    now[0] = patrol.PAUSE_S
    made += [keeping.rebuild(services.runs.list()), keeping.rebuild(services.runs.list())]

    assert made == [set(), {"a/luca_2"}, set()]


def test_a_store_that_is_away_at_first_is_looked_through_when_it_is_back(
    services: Services,
) -> None:
    away = Away(lambda: 0.0)
    late = replace(services, runs_files=away, runs=MemoryRunBook(lambda: 0.0))
    store_run(RUN, {}, late)
    store_run(replace(RUN, name="luca_2"), {}, late)
    late.runs.delete("a", "luca_2")
    keeping = Housekeeping(late)

    with pytest.raises(ServiceUnavailableError):
        keeping.rebuild(late.runs.list())
    away.is_away = False

    assert keeping.rebuild(late.runs.list()) == {"a/luca_2"}


def test_a_run_that_is_rebuilt_while_it_is_submitted_is_that_run(services: Services) -> None:
    store_run(RUN, {}, services)

    with pytest.raises(ConflictError):
        store_run(replace(RUN, id="2"), {}, services)


def test_what_nobody_finished_goes_after_a_day(services: Services) -> None:
    services.runs.apply([DONE])
    abandoned = {
        "tarballs": [
            keys.member("a", "half", "0" * 16, "files.txt"),
            keys.staged("a", "luca", "1"),
        ],
        "models": ["a/half_1/v/model.tflite"],
        "runs_files": [files.key("a", "half_1", files.REQUEST)],
    }
    kept = {
        "tarballs": [keys.upload("a", "luca"), keys.member("a", "luca", "0" * 16, "files.txt")],
        "models": [keys.model("a", "luca_1"), "a/luca_1/v/model.tflite", "a/named/model.json"],
        "runs_files": [files.number("a", "half"), "a/requests/0"],
    }
    for bucket, names in (*abandoned.items(), *kept.items()):
        for name in names:
            getattr(services, bucket).put(name, b"x")
    tidied(services, A_DAY_S)  # nothing is older than a day
    Housekeeping(services).tidy(services.runs.list(), A_DAY_S + 1)

    for bucket, names in abandoned.items():
        assert [name for name in names if getattr(services, bucket).info(name)] == []
    for bucket, names in kept.items():
        assert [name for name in names if getattr(services, bucket).info(name)] == names


def test_versions_that_nobody_finished_uploading_go_after_a_day(services: Services) -> None:
    services.runs.apply([DONE])
    served = ModelRecord(owner="a", name="net", version="v2", files=("model.tflite",))
    services.models.put(keys.model("a", "net"), sealed.dump(served))
    kept = ["a/net/v2/model.tflite", "a/net/v1/version.json", "a/net/v1/model.tflite"]
    for name in (*kept, "a/net/half/model.tflite"):
        services.models.put(name, b"x")

    tidied(services, A_DAY_S)
    assert services.models.info("a/net/half/model.tflite") is not None
    Housekeeping(services).tidy(services.runs.list(), A_DAY_S + 1)

    assert services.models.info("a/net/half/model.tflite") is None
    assert [name for name in kept if services.models.info(name)] == kept


def test_a_model_that_is_being_written_is_nobodys_half(services: Services) -> None:
    done = replace(RUN, name="luca_2", status=Status.DONE)
    services.runs.create(done)
    services.models.put("a/luca_1/v/model.tflite", b"x")

    Housekeeping(services).tidy([done], A_DAY_S + 1)

    assert services.models.info("a/luca_1/v/model.tflite") is not None


def test_a_model_of_a_run_whose_record_is_away_is_left_alone(services: Services) -> None:
    done = replace(RUN, name="luca_2", status=Status.DONE)
    services.runs.create(done)
    services.runs.delete("a", "luca_1")  # of the book alone: run.json is there
    services.models.put("a/luca_1/v/model.tflite", b"x")

    Housekeeping(services).tidy([done], A_DAY_S + 1)

    assert services.models.info("a/luca_1/v/model.tflite") is not None


def test_a_folder_with_anything_young_is_left_alone(services: Services) -> None:
    now = [0.0]
    young = replace(services, tarballs=MemoryStore(lambda: now[0]))
    young.runs.apply([DONE])
    young.tarballs.put("a/half/0/files/a", b"x")
    now[0] = 10.0
    young.tarballs.put("a/half/0/files/b", b"x")

    Housekeeping(young).tidy(young.runs.list(), A_DAY_S + 5)

    assert young.tarballs.info("a/half/0/files/a") is not None
