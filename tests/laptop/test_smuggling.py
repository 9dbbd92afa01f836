"""No caller can reach into another's call: at the laptop's gateway."""

import pytest

from tests.laptop.oddrequests import ODD
from tests.smuggling import ATTACKS, MARK, Door, attack, most_answers, sent


@pytest.mark.parametrize("name", ATTACKS)
def test_nobody_elses_call_is_touched(running, name):
    running.echo.paths.clear()

    outcome = attack(Door(port=running.ports[0], path="/function/echo"), name)

    assert set(outcome.victims) == {200}
    assert len(outcome.statuses) <= most_answers(name)
    assert not [path for path in running.echo.paths if MARK in path]


@pytest.mark.parametrize("name", ODD)
def test_what_lies_behind_an_odd_request_is_no_request(running, name):
    running.echo.paths.clear()

    outcome = sent(Door(port=running.ports[0], path="/function/echo"), ODD[name], knocks=2)

    assert set(outcome.victims) == {200}
    assert len(outcome.statuses) <= 1
    assert not [path for path in running.echo.paths if MARK in path]
