"""The figures of each round, stored while the training goes on."""

import json
from dataclasses import replace

import pytest

from mlaas4hep.core.models.training import RoundEnded
from mlaas4hep.core.runs import files
from mlaas4hep.pipeline.training.roundhistory import RoundHistory
from mlaas4hep.testing import pipeline


@pytest.fixture
def services():
    return pipeline.make_services()


def stored(services):
    return json.loads(services.runs_files.get(files.key("o", "r_1", files.HISTORY)))


def ended(number, loss):
    return RoundEnded(round=number, metrics=(("loss", loss),))


def test_each_round_is_one_object_and_what_is_no_number_is_null(services):
    history = RoundHistory("o", "r_1", services)
    history.resume(0)
    history.add(ended(0, 0.5))
    history.add(ended(1, float("nan")))
    history.store()

    assert stored(services) == [{"loss": 0.5}, {"loss": None}]


def test_a_resumed_training_goes_on_after_the_rounds_of_its_checkpoint(services):
    first = RoundHistory("o", "r_1", services)
    for number in range(3):
        first.add(ended(number, float(number)))
    first.store()
    again = RoundHistory("o", "r_1", services)
    again.resume(2)
    again.add(ended(2, 7.0))
    again.store()

    assert stored(services) == [{"loss": 0.0}, {"loss": 1.0}, {"loss": 7.0}]


def test_a_training_that_begins_anew_forgets_what_was(services):
    first = RoundHistory("o", "r_1", services)
    first.add(ended(0, 1.0))
    first.store()
    again = RoundHistory("o", "r_1", services)
    again.resume(0)
    again.store()

    assert stored(services) == []


def test_rounds_that_end_fast_can_be_seen_within_a_second(services):
    now = [100.0]
    history = RoundHistory("o", "r_1", replace(services, clock=lambda: now[0]))
    seen = []
    for number in range(4):
        history.add(ended(number, float(number)))
        seen.append(len(stored(services)))
        now[0] += 0.5

    assert seen == [1, 1, 3, 3]
