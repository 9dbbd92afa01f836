"""No caller can reach into another's call: at the real gateway and both doors."""

import pytest

from tests.platform.outside import PLACE, unverified
from tests.smuggling import ATTACKS, MARK, Door, attack, knock, most_answers


@pytest.fixture(params=["gateway", "workflow", "predict"])
def door(request, alice) -> Door:
    """Return each door of the platform, with a token where one is asked for."""
    token = f"Authorization: Bearer {alice.token}\r\n"
    if request.param == "gateway":
        return Door(port=PLACE.ports["gateway"], path="/function/workflow/me", headers=token)
    path = {"workflow": "/me", "predict": "/models"}[request.param]
    return Door(port=PLACE.ports[request.param], path=path, headers=token, tls=unverified())


@pytest.mark.parametrize("name", ATTACKS)
def test_nobody_elses_call_is_touched(door, name, platform):
    honest = knock(door)

    outcome = attack(door, name)

    assert honest != 0
    assert set(outcome.victims) == {honest}
    assert len(outcome.statuses) <= most_answers(name) + (MARK in ATTACKS[name][0])
