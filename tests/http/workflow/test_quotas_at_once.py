"""Many calls of one person at the same time, each of which alone would fit."""

from concurrent.futures import ThreadPoolExecutor

from tests.http.workflow.promoted import trained
from tests.people import FOLDER

_CALLS = 24


def at_once(world, work):
    """Call `work(person, number)` so many times side by side; return the statuses."""
    people = [world.person("alice") for _ in range(_CALLS)]
    with ThreadPoolExecutor(_CALLS) as pool:
        return [each.status_code for each in pool.map(work, people, range(_CALLS))]


def stored_bytes(world, owner):
    buckets = world.services.buckets.values()
    return sum(info.size_bytes for bucket in buckets for info in bucket.list(f"{owner}/"))


def promote_to(person, name, source="luca_1"):
    return person.post(f"/models/{name}/versions", json={"from": source})


def test_uploads_at_once_do_not_pass_the_bytes(make_world):
    world = make_world(max_bytes=30_000)
    large = {**FOLDER, "notes.txt": "".join(map(chr, range(33, 120))) * 60}

    statuses = at_once(world, lambda one, number: one.upload(large, name=f"luca{number}"))

    assert set(statuses) <= {200, 429}
    assert 429 in statuses
    assert stored_bytes(world, world.person("alice").owner) <= 30_000


def test_promotions_at_once_do_not_pass_the_number_of_models(make_world):
    world = make_world(max_models=5)
    alice = world.person("alice")
    trained(world, alice, "luca_1", "v1")

    statuses = at_once(world, lambda one, number: promote_to(one, f"higgs{number}"))

    assert set(statuses) <= {201, 429}
    assert 429 in statuses
    keys = [info.key for info in world.services.models.list(f"{alice.owner}/")]
    assert len({key.split("/")[1] for key in keys}) <= 5


def test_promotions_do_not_pass_the_bytes(make_world):
    """Each copies the files of a model."""
    world = make_world(max_bytes=20_000)
    alice = world.person("alice")
    trained(world, alice, "luca_1", "v1", bytes(8000))

    statuses = [promote_to(alice, f"higgs{number}").status_code for number in range(3)]

    assert statuses == [201, 429, 429]
    assert promote_to(alice, "higgs0").status_code == 201  # its files are there
    assert stored_bytes(world, alice.owner) <= 20_000


def test_promotions_at_once_do_not_pass_the_bytes(make_world):
    world = make_world(max_bytes=40_000)
    alice = world.person("alice")
    trained(world, alice, "luca_1", "v1", bytes(8000))

    statuses = at_once(world, lambda one, number: promote_to(one, f"higgs{number}"))

    assert set(statuses) <= {201, 429}
    assert 429 in statuses
    assert stored_bytes(world, alice.owner) <= 40_000
