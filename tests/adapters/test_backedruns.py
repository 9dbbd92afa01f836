from dataclasses import replace

import pytest

from mlaas4hep import bootstrap
from mlaas4hep.adapters.backedruns import BackedRunBook
from mlaas4hep.core.runs.events import EpochEnded
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import NotFoundError, ServiceUnavailableError
from mlaas4hep.pipeline.records import store_run
from mlaas4hep.ports import Services
from mlaas4hep.settings import Settings
from mlaas4hep.usecases.runs import forget

RUN = Run(owner="a", name="luca_1", id="1", folder="luca", number=1, created_at=1.0, updated_at=1.0)
NEWS = [EpochEnded(owner="a", run="luca_1", round=0, metrics={})]


@pytest.fixture
def services() -> Services:
    made = bootstrap.services(Settings())
    made = replace(made, runs=BackedRunBook(made.runs, made.runs_files))
    store_run(RUN, {}, made)
    return made


def test_a_record_that_is_lost_is_away_and_not_deleted(services: Services) -> None:
    services.runs.delete("a", "luca_1")  # as when the bucket of NATS is gone; the store has it

    with pytest.raises(ServiceUnavailableError, match="'luca_1' is lost and being rebuilt"):
        services.runs.get("a", "luca_1")
    with pytest.raises(ServiceUnavailableError, match="lost"):
        services.runs.wait("a", "luca_1", lambda _run: True, 0)
    with pytest.raises(ServiceUnavailableError, match="lost"):
        services.runs.apply(NEWS)


def test_a_run_that_somebody_deleted_is_not_there(services: Services) -> None:
    forget(RUN, services)

    with pytest.raises(NotFoundError):
        services.runs.get("a", "luca_1")
    with pytest.raises(NotFoundError):
        services.runs.wait("a", "luca_1", lambda _run: True, 0)
    assert services.runs.apply(NEWS) is None


def test_what_is_there_is_as_the_book_says(services: Services) -> None:
    after = services.runs.apply(NEWS)

    assert services.runs.get("a", "luca_1") == after
    assert services.runs.list("a") == [after]
    assert services.runs.next_number("a", "luca", above=4) == 5
