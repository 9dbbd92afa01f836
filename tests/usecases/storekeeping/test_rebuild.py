"""A book of runs that is lost is written again from the store."""

from dataclasses import replace
from pathlib import Path

import pytest

from mlaas4hep import bootstrap
from mlaas4hep.adapters.memory import MemoryRunBook
from mlaas4hep.core import keys, wire
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.runs.events import (
    Event,
    RunCancelled,
)
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.pipeline.records import store_record, store_run
from mlaas4hep.pipeline.tidying import tidy
from mlaas4hep.ports import RunBook, Services
from mlaas4hep.settings import Settings
from mlaas4hep.usecases.runs import announce, cancel, restart
from mlaas4hep.usecases.storekeeping.rebuild import rebuild

RUN = Run(owner="a", name="luca_1", id="1", folder="luca", number=1, created_at=1.0, updated_at=1.0)

WHO = {"owner": "a", "run": "luca_1"}


@pytest.fixture
def services(tmp_path: Path) -> Services:
    return bootstrap.services(Settings(store=tmp_path.as_uri()))


def lost(services: Services) -> Services:
    return replace(services, runs=MemoryRunBook(lambda: 2.0))


def test_runs_are_rebuilt_from_the_store_when_their_book_is_lost(services: Services) -> None:
    store_run(RUN, {}, services)
    for strange in "c", "a/run.json", "a/luca_1/plots/run.json":  # of nobody
        services.runs_files.put(strange, b"")
    after = lost(services)

    assert rebuild(after) == ["a/luca_1"]
    assert after.runs.list() == [RUN]
    assert rebuild(after) == []


def test_a_run_that_was_over_is_over_again(services: Services) -> None:
    store_run(RUN, {}, services)
    cancelled = RUN.apply(RunCancelled(**WHO), 2.0)
    store_record(cancelled, services)
    after = lost(services)

    rebuild(after)

    assert after.runs.list() == [cancelled]


@pytest.mark.parametrize(("made_by", "status"), [("1", Status.DONE), ("2", Status.SUBMITTED)])
def test_a_run_is_done_if_its_own_model_is_there(
    services: Services, made_by: str, status: Status
) -> None:
    store_run(RUN, {}, services)
    record = ModelRecord(owner="a", name="luca_1", version="v", files=(), run_id=made_by)
    services.models.put(keys.model("a", "luca_1"), wire.dump(record))
    after = lost(services)

    rebuild(after)

    assert after.runs.get("a", "luca_1").status is status


class Killed(BaseException):
    """This process is killed here."""


class KilledBook:
    """A run book whose process is killed before or after it writes."""

    def __init__(self, book: RunBook, *, has_written: bool) -> None:
        self.get = book.get
        self._book = book
        self._has_written = has_written

    def apply(self, events: list[Event]) -> Run | None:
        if self._has_written:
            self._book.apply(events)
        raise Killed


@pytest.mark.parametrize("has_written", [False, True])
def test_a_restart_that_was_killed_anywhere_comes_back_as_one_when_the_book_is_lost(
    services: Services, has_written: bool
) -> None:
    store_run(RUN, {}, services)
    announce(cancel(RUN), services)
    killed = replace(services, runs=KilledBook(services.runs, has_written=has_written))
    with pytest.raises(Killed):
        announce(restart(services.runs.get("a", "luca_1")), killed)
    after = lost(services)

    rebuild(after)

    (run,) = after.runs.list()
    assert (run.status, run.attempt) == (Status.SUBMITTED, 2)


def test_who_tidies_up_late_does_not_take_a_restart_back(services: Services) -> None:
    store_run(RUN, {}, services)
    cancelled = announce(cancel(RUN), services)
    assert cancelled is not None
    announce(restart(cancelled), services)

    tidy(cancelled, services)

    after = lost(services)
    rebuild(after)
    assert [run.attempt for run in after.runs.list()] == [2]
