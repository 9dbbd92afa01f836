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


def waits(overruns, clock, model):
    """Return how long the model is shut out from now on."""
    begin = clock.now
    while True:
        try:
            overruns.check(model)
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
