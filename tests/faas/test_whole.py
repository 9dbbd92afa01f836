"""Eight persons who each take all that they may leave enough of the process for a ninth."""

from contextlib import ExitStack

import pytest

from mlaas4hep.errors import QuotaError
from mlaas4hep.faas.bodies import Admission, Bodies
from mlaas4hep.faas.underway import UnderWay
from mlaas4hep.faas.unread import Unread

MB = 1024**2


def unread():
    places = Unread()
    return lambda owner: places.place(owner, MB)


def under_way():
    return UnderWay().place


def coming():
    bodies = Bodies()
    return lambda owner: bodies.place(Admission(owner=owner, limit_bytes=MB, places=200))


def in_memory():
    bodies = Bodies()
    return lambda owner: bodies.held(owner, MB)


def greedy(place, owners: list[str], kept: ExitStack) -> int:
    """Take places, one of each owner in turn, until nobody gets one; return how many there are."""
    taken = 0
    while owners:
        owners = [owner for owner in owners if got(place, owner, kept)]
        taken += len(owners)
    return taken


def got(place, owner: str, kept: ExitStack) -> bool:
    try:
        kept.enter_context(place(owner))
    except QuotaError:
        return False
    return True


@pytest.mark.parametrize(
    ("make", "whole"), [(unread, 512), (under_way, 2048), (coming, 1024), (in_memory, 512)]
)
def test_eight_persons_do_not_fill_a_process(make, whole):
    place = make()
    with ExitStack() as kept:
        taken = greedy(place, [f"p{number}" for number in range(8)], kept)
        ninth = greedy(place, ["ninth"], kept)

    assert whole * 0.8 < taken < whole * 0.9
    assert ninth >= (whole - taken) // 2
