"""Room for bytes: how often everything is listed for it, and that together nobody passes the quota."""

import io
from dataclasses import replace

import pytest

from mlaas4hep.core import keys
from mlaas4hep.errors import QuotaError
from mlaas4hep.http.workflow.context import limits_of
from mlaas4hep.settings import Settings
from mlaas4hep.testing import pipeline
from mlaas4hep.usecases import quotas, room, uploads
from tests.dispatcher.stores import Counted
from tests.people import pack

LIMITS = limits_of(Settings())
SMALL = replace(LIMITS, max_bytes=1000)


@pytest.fixture
def services():
    return replace(pipeline.make_services(), tarballs=Counted(lambda: 0.0))


def upload(services, number):
    archive = io.BytesIO(pack({"a.txt": f"{number:6}", "b.txt": "b"}))
    uploads.receive(
        archive,
        owner="o",
        folder=f"luca{number}",
        filename="luca.tar.gz",
        services=services,
        limits=LIMITS,
    )


def store(services, key, size, owner="o"):
    services.tarballs.put(f"{owner}/luca/{key}", bytes(size))


def claim(services, size):
    return quotas.claim_bytes("o", size, services, SMALL)


@pytest.mark.parametrize("uploads_before", [10, 30, 100])
def test_an_upload_lists_no_more_however_many_there_were_before(services, uploads_before):
    for number in range(uploads_before):
        upload(services, number)
    before = services.tarballs.asked["listed"]

    upload(services, uploads_before)

    assert services.tarballs.asked["listed"] - before <= 3  # those of its own


def test_of_two_who_store_at_once_the_first_to_end_sees_the_other_and_gives_way(services):
    first, second = claim(services, 600), claim(services, 600)
    store(services, "first", 600)
    store(services, "second", 600)

    with pytest.raises(QuotaError, match="1200 bytes are stored for you"):
        quotas.check_claimed("o", first, services, SMALL)
    services.tarballs.delete("o/luca/first")
    quotas.check_claimed("o", second, services, SMALL)


def test_room_that_is_made_is_seen_at_once(services):
    store(services, "old", 900)
    claim(services, 50)
    services.tarballs.delete("o/luca/old")

    claim(services, 800)


def test_what_runs_made_is_seen_when_the_count_is_old(services):
    now = [0.0]
    services = replace(services, clock=lambda: now[0])
    claim(services, 100)
    services.chunks.put("o/chunk", bytes(950))

    claim(services, 100)
    now[0] += room.COUNTED_S
    with pytest.raises(QuotaError):
        claim(services, 100)


def test_a_clock_that_was_put_back_makes_no_count_last_longer(services):
    now = [1e6]
    services = replace(services, clock=lambda: now[0])
    claim(services, 100)
    now[0] = 0.0
    store(services, "more", 950)

    with pytest.raises(QuotaError):
        claim(services, 100)


def test_who_claimed_before_a_count_counts_again_when_all_is_stored(services):
    early = claim(services, 600)
    late = claim(services, 600)  # counts anew, and nothing of the early one is stored yet
    store(services, "late", 600)
    quotas.check_claimed("o", late, services, SMALL)
    store(services, "early", 600)

    with pytest.raises(QuotaError, match="1200 bytes are stored for you"):
        quotas.check_claimed("o", early, services, SMALL)


class Amid(Counted):
    """A store in which somebody else does something as soon as it is listed."""

    act = None

    def list(self, prefix):
        act, self.act = self.act, None
        found = list(super().list(prefix))
        if act is not None:
            act()
        return iter(found)


def test_who_ends_while_somebody_counts_is_not_forgotten(services):
    """They are done before the count is written, and nothing of theirs is in it."""
    services = replace(services, tarballs=Amid(lambda: 0.0))
    first = claim(services, 600)

    def end():
        store(services, "first", 600)
        quotas.check_claimed("o", first, services, SMALL)

    services.tarballs.act = end
    second = claim(services, 500)  # listed before the end
    store(services, "second", 500)

    with pytest.raises(QuotaError, match="1100 bytes are stored for you"):
        quotas.check_claimed("o", second, services, SMALL)


def test_a_damaged_count_is_made_again(services):
    store(services, "there", 900)
    claim(services, 50)
    services.models.put(keys.stored_bytes("o"), b"{")

    with pytest.raises(QuotaError, match="900 bytes are stored"):
        claim(services, 200)


def test_a_count_is_no_ones_bytes_and_nothing_strange_in_the_store(services):
    claim(services, 10)

    assert sum(room.used_bytes("o", services).values()) == 0
    assert not quotas.bytes_by_owner(services)
    assert keys.is_about_owner(keys.stored_bytes("o"))
