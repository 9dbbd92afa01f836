import pytest

from mlaas4hep.adapters.runtimes.confined.slots import Slots
from mlaas4hep.errors import ServiceUnavailableError


class Tenant:
    def __init__(self, owner, *, busy=False):
        self.owner = owner
        self.busy = busy
        self.rested = False

    def rest(self):
        self.rested = not self.busy
        return self.rested


@pytest.fixture
def places():
    return Slots(3, 2, patience_s=0.01)


def test_the_one_that_was_idle_for_longest_makes_room(places):
    tenants = [Tenant("a"), Tenant("b"), Tenant("c")]
    for each in tenants:
        places.take(each)
    places.idle(tenants[0])

    places.take(Tenant("d"))

    assert [each.rested for each in tenants] == [False, True, False]


def test_who_has_enough_makes_room_among_their_own(places):
    mine, other = [Tenant("a"), Tenant("a")], Tenant("b")
    for each in (other, *mine):
        places.take(each)

    places.take(Tenant("a"))

    assert (other.rested, mine[0].rested) == (False, True)


def test_nobody_gets_more_than_their_share(places):
    mine = [Tenant("a", busy=True), Tenant("a", busy=True)]
    for each in mine:
        places.take(each)

    with pytest.raises(ServiceUnavailableError, match="are predicting"):
        places.take(Tenant("a"))
    places.take(Tenant("b"))


def test_a_place_that_is_freed_is_given_to_the_next(places):
    mine = [Tenant("a", busy=True), Tenant("a", busy=True)]
    for each in mine:
        places.take(each)
    places.free(mine[0])

    places.take(Tenant("a"))
