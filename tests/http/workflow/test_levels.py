"""What workflow tells Prometheus of what people keep."""

import threading
from dataclasses import replace

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.http.workflow.levels import OwnerLevels
from mlaas4hep.http.workflow.storedbytes import StoredBytes


def told(levels, metric):
    return {label: value for name, _, label, value in levels() if name == metric}


def told_after_a_list(levels, metric):
    """Return what is told when the list that the first question began has ended."""
    told(levels, metric)
    for thread in threading.enumerate():
        if thread.name == "bytes":
            thread.join(60)
    return told(levels, metric)


def test_bytes_are_told_by_owner_and_looked_up_once_in_ten_minutes(world, alice):
    alice.upload()
    bob = world.person("bob")
    levels = OwnerLevels(world.services)
    first = told(levels, "mlaas_owner_bytes")
    bob.upload()

    assert first.keys() == {alice.owner, "others"}
    assert first[alice.owner] == sum(
        info.size_bytes for info in world.services.tarballs.list(f"{alice.owner}/")
    )
    assert told(levels, "mlaas_owner_bytes") == first

    world.now += 601
    again = told_after_a_list(levels, "mlaas_owner_bytes")
    assert again.keys() == {alice.owner, bob.owner, "others"}


def test_bytes_are_looked_up_again_where_the_clock_was_put_back(world, alice):
    levels = OwnerLevels(world.services)
    assert told(levels, "mlaas_owner_bytes").keys() == {"others"}
    alice.upload()

    world.now -= 601
    assert told_after_a_list(levels, "mlaas_owner_bytes").keys() == {alice.owner, "others"}


def test_many_owners_that_keep_little_are_told_together(world):
    for number in range(103):
        world.services.chunks.put(f"owner{number:03d}/a", b"x" * (200 - number))
    levels = OwnerLevels(world.services)

    found = told(levels, "mlaas_owner_bytes")

    assert len(found) == 101
    assert found["others"] == 98 + 99 + 100


class SlowStore(MemoryStore):
    """A store whose lists wait until somebody lets them, or are refused."""

    def __init__(self, clock):
        super().__init__(clock)
        self.let, self.is_away = threading.Event(), False

    def list(self, prefix):
        self.let.wait()
        if self.is_away:
            raise ServiceUnavailableError("the store is away")
        return super().list(prefix)


def test_a_list_that_takes_long_or_fails_holds_up_nothing(world):
    chunks = SlowStore(world.services.clock)
    chunks.put("alice/a", b"xyz")
    services = replace(world.services, chunks=chunks)

    assert StoredBytes(services, patience_s=0).by_owner() is None

    chunks.let.set()
    stored = StoredBytes(services, patience_s=60)
    assert stored.by_owner() == {"alice": 3}

    chunks.let.clear()
    world.now += 601
    assert stored.by_owner() == {"alice": 3}  # at once, however long the next list takes

    chunks.is_away = True
    chunks.let.set()
    assert stored.by_owner() == {"alice": 3}
