import pytest

from mlaas4hep.adapters.runtimes.confined.overruns import Overruns
from mlaas4hep.errors import ServiceUnavailableError
from tests.clock import Clock


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def overruns(clock):
    return Overruns(clock)


def waits(overruns, clock, model, *, is_proven=False):
    """Return how long the model is shut out from now on."""
    begin = clock.now
    while True:
        try:
            overruns.check(model, is_proven=is_proven)
        except ServiceUnavailableError:
            clock.now += 1
        else:
            return clock.now - begin


def test_a_model_is_shut_out_for_longer_each_time(overruns, clock):
    found = []
    for _ in range(3):
        overruns.add("o/v", "it took too long")
        found.append(waits(overruns, clock, "o/v"))

    assert found == [10, 20, 40]


def test_the_first_accident_is_forgiven(overruns, clock):
    found = []
    for _ in range(3):
        overruns.add("o/v", "it ended", is_forgiven_once=True)
        found.append(waits(overruns, clock, "o/v"))

    assert found == [0, 10, 20]


def test_the_reason_is_told(overruns):
    overruns.add("o/v", "model 'm' took more than 10 s")

    with pytest.raises(ServiceUnavailableError, match="took more than 10 s; it is not asked again"):
        overruns.check("o/v")
    overruns.check("o/another")


def test_models_of_an_owner_that_never_answered_wait_once_others_were_ended_too_often(
    overruns, clock
):
    found = []
    for number in range(5):
        overruns.add(f"o/{number}", "it took too long")
        found.append(waits(overruns, clock, "o/new"))

    assert found == [0, 0, 10, 20, 40]


def test_what_an_owner_is_charged_with_touches_neither_proven_models_nor_others(overruns, clock):
    for number in range(5):
        overruns.add(f"o/{number}", "it took too long")

    assert waits(overruns, clock, "o/good", is_proven=True) == 0
    assert waits(overruns, clock, "p/new") == 0
    assert (overruns.has("o"), overruns.has("p")) == (True, False)


def test_an_accident_that_is_forgiven_is_no_record_of_its_owner(overruns):
    overruns.add("o/v", "it ended", is_forgiven_once=True)

    assert not overruns.has("o")
