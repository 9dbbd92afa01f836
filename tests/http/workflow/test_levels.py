"""What workflow tells Prometheus of what people keep."""

from mlaas4hep.http.workflow.levels import Levels


def told(levels, metric):
    return {label: value for name, _, label, value in levels() if name == metric}


def test_bytes_are_told_by_owner_and_looked_up_once_in_ten_minutes(world, alice):
    alice.upload()
    bob = world.person("bob")
    levels = Levels(world.app.extensions["context"])
    first = told(levels, "mlaas_owner_bytes")
    bob.upload()

    assert first.keys() == {alice.owner, "others"}
    assert first[alice.owner] == sum(
        info.size_bytes for info in world.services.tarballs.list(f"{alice.owner}/")
    )
    assert told(levels, "mlaas_owner_bytes") == first

    world.now += 601
    assert told(levels, "mlaas_owner_bytes").keys() == {alice.owner, bob.owner, "others"}


def test_many_owners_that_keep_little_are_told_together(world):
    for number in range(103):
        world.services.chunks.put(f"owner{number:03d}/a", b"x" * (200 - number))
    levels = Levels(world.app.extensions["context"])

    found = told(levels, "mlaas_owner_bytes")

    assert len(found) == 101
    assert found["others"] == 98 + 99 + 100
