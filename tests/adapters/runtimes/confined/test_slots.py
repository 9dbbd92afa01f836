from concurrent.futures import ThreadPoolExecutor

import pytest

from mlaas4hep.adapters.runtimes.confined.slots import Slots
from mlaas4hep.errors import ServiceUnavailableError


class Tenant:
    def __init__(self, owner, *, busy=False, is_proven=True, places=None):
        self.owner = owner
        self.busy = busy
        self.is_proven = is_proven
        self.asked_at = None
        self.places = places
        self.rested = self.gave_up = False

    def rest(self):
        self.rested = not self.busy
        return self.rested

    def give_up(self):
        self.gave_up = True
        self.places.free(self)


@pytest.fixture
def places():
    return Slots(3, 2, load_s=0.01, patience_s=0.01)


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


def test_who_holds_their_share_waits_while_a_model_may_be_loading():
    places = Slots(3, 2, load_s=60.0, patience_s=0.0)
    mine = [Tenant("a", busy=True), Tenant("a", busy=True)]
    for each in mine:
        places.take(each)

    with ThreadPoolExecutor(1) as other:
        waits = other.submit(places.take, Tenant("a"))
        while not places._waiting:
            assert not waits.done()
        mine[0].busy = False
        places.loaded(mine[0])
        waits.result()

    assert [each.rested for each in mine] == [True, False]


def _loading(places, *owners):
    """Return tenants that hold places, are being loaded, and were never before."""
    found = [Tenant(owner, busy=True, is_proven=False, places=places) for owner in owners]
    for each in found:
        places.take(each)
    return found


def test_loads_of_two_owners_that_take_long_end_where_a_third_one_waits():
    places = Slots(3, 2, load_s=0.0, patience_s=5)
    first, second = _loading(places, "a", "b")

    places.take(Tenant("c", busy=True, is_proven=False))

    assert (first.gave_up, second.gave_up) == (True, False)


def test_a_load_within_its_share_of_time_goes_on_and_who_waits_is_told():
    places = Slots(3, 2, load_s=60.0, patience_s=-60.0)
    loading = _loading(places, "a", "b")

    with pytest.raises(ServiceUnavailableError, match="are predicting"):
        places.take(Tenant("c", is_proven=False))

    assert not any(each.gave_up for each in loading)


def test_who_has_a_place_ends_nobodys_load():
    places = Slots(3, 3, load_s=0.0, patience_s=0.01)
    loading = _loading(places, "a", "b")

    with pytest.raises(ServiceUnavailableError):
        places.take(Tenant("a", is_proven=False))

    assert not any(each.gave_up for each in loading)


def test_a_model_that_was_loaded_in_time_before_does_not_wait_for_loads():
    places = Slots(3, 2, load_s=60.0, patience_s=-60.0)
    kept = _loading(places, "a", "b")

    with pytest.raises(ServiceUnavailableError):
        places.take(Tenant("c", is_proven=False))
    places.take(Tenant("c"))

    assert not any(each.gave_up for each in kept)


def test_a_model_that_is_loaded_keeps_its_place_whoever_waits():
    places = Slots(2, 2, load_s=0.0, patience_s=0.01)
    loaded = [Tenant(owner, busy=True, places=places) for owner in ("a", "b")]
    for each in loaded:
        places.take(each)
        places.loaded(each)

    with pytest.raises(ServiceUnavailableError):
        places.take(Tenant("c", is_proven=False))

    assert not any(each.gave_up for each in loaded)


def test_who_predicts_on_two_places_leaves_one_after_a_batch_to_who_has_none():
    places = Slots(3, 2, load_s=0.0, patience_s=60)
    busy = [Tenant(owner, busy=True) for owner in ("a", "a", "b")]
    for each in busy:
        places.take(each)
        places.loaded(each)
    assert not places.is_wanted(busy[0])  # nobody waits

    with ThreadPoolExecutor(1) as other:
        waits = other.submit(places.take, Tenant("c"))
        while not places.is_wanted(busy[0]):
            assert not waits.done()
        kept = places.is_wanted(busy[2])  # its owner has one place, and not for long
        places.free(busy[0])
        waits.result()

    assert not kept
    assert not places.is_wanted(busy[1])


def test_of_those_who_wait_the_one_with_fewest_places_is_first():
    places = Slots(3, 3, load_s=0.0, patience_s=60)
    busy = [Tenant(owner, busy=True) for owner in ("a", "a", "b")]
    for each in busy:
        places.take(each)
        places.loaded(each)
    more, none = Tenant("b", busy=True), Tenant("c", busy=True)

    with ThreadPoolExecutor(2) as others:
        second = others.submit(places.take, more)
        while not places._waiting:
            assert not second.done()
        first = others.submit(places.take, none)
        while len(places._waiting) < 2:
            assert not first.done()
        places.free(busy[0])
        first.result()
        assert not second.done()
        places.free(busy[1])
        second.result()


def _predicting(places, *owners, asked_at=0.0, is_proven=False):
    """Return tenants that are loaded, and have begun with a batch."""
    found = []
    for owner in owners:
        each = Tenant(owner, busy=True, is_proven=is_proven, places=places)
        places.take(each)
        places.loaded(each)
        each.asked_at = asked_at
        found.append(each)
    return found


def test_one_place_is_kept_for_models_that_answered_in_time_before():
    places = Slots(3, 2, load_s=60.0, patience_s=-60.0)
    busy = _predicting(places, "a", "b")

    with pytest.raises(ServiceUnavailableError):
        places.take(Tenant("c", is_proven=False))
    places.take(Tenant("c"))

    assert not any(each.rested or each.gave_up for each in busy)


def test_a_first_batch_that_takes_long_ends_where_an_owner_without_a_place_waits():
    places = Slots(3, 2, load_s=60.0, run_s=3.0, patience_s=5, clock=lambda: 10.0)
    late = _predicting(places, "a", asked_at=6.0)
    in_time = _predicting(places, "b", asked_at=8.0)

    places.take(Tenant("c", is_proven=False))

    assert (late[0].gave_up, in_time[0].gave_up) == (True, False)


def test_a_batch_of_a_model_that_answered_before_ends_for_nobody():
    places = Slots(2, 1, load_s=0.0, run_s=3.0, patience_s=0.01)
    busy = _predicting(places, "a", "b", asked_at=-100.0, is_proven=True)

    with pytest.raises(ServiceUnavailableError):
        places.take(Tenant("c"))

    assert not any(each.gave_up for each in busy)


def test_one_that_is_not_proven_makes_room_for_another_such_one_when_it_is_idle():
    places = Slots(3, 2, load_s=60.0, patience_s=-60.0)
    busy, idle = _predicting(places, "a", "b")
    idle.busy = False

    places.take(Tenant("c", is_proven=False))

    assert (busy.rested, idle.rested) == (False, True)


def test_who_holds_a_place_with_a_known_model_waits_like_others_with_a_new_one():
    places = Slots(4, 3, load_s=60.0, run_s=3.0, patience_s=5, clock=lambda: 10.0)
    known = Tenant("d", places=places)
    places.take(known)
    places.loaded(known)
    late = _predicting(places, "a", "b", "c", asked_at=6.0)

    places.take(Tenant("d", is_proven=False))

    assert [each.gave_up for each in late] == [True, False, False]
    assert not known.rested
