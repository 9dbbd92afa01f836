"""What an earlier upload of the same name left: it goes when no run needs it."""

import time
from dataclasses import replace

from mlaas4hep.core import keys
from mlaas4hep.core.runs import files
from mlaas4hep.usecases import uploads
from tests.people import FOLDER


def members_of(world, alice):
    prefix = f"{alice.owner}/luca/"
    return [info.key.rpartition("/")[2] for info in world.services.tarballs.list(prefix)]


def of_earlier_release(world, alice):
    """Make the run one whose record does not say which files it needs."""
    run = world.services.runs.get(alice.owner, "luca_1")
    world.services.runs.delete(alice.owner, "luca_1")
    world.services.runs.create(replace(run, upload=None))


def test_what_an_earlier_upload_left_goes_when_no_run_needs_it(alice, world):
    alice.upload({"files.txt": "x", "old.root": b"1"})
    world.now = time.time() + 2 * uploads.KEPT_S

    alice.upload({"files.txt": "y", "new.root": b"2"})

    assert members_of(world, alice) == ["files.txt", "new.root", "upload.json"]


def test_what_a_run_was_submitted_from_stays(alice, world):
    alice.upload({**FOLDER, "old.root": b"1"})
    alice.submit()
    world.now = time.time() + 2 * uploads.KEPT_S

    alice.upload({"files.txt": "y", "new.root": b"2"})

    assert {"old.root", "new.root"} <= set(members_of(world, alice))


def test_which_files_runs_need_is_known_without_reading_their_requests(alice, world):
    alice.upload({**FOLDER, "old.root": b"1"})
    alice.submit()
    world.services.runs_files.delete(keys.run(alice.owner, "luca_1", files.REQUEST))
    world.now = time.time() + 2 * uploads.KEPT_S

    alice.upload({"files.txt": "y", "new.root": b"2"})

    assert {"old.root", "new.root"} <= set(members_of(world, alice))


def test_of_a_run_of_an_earlier_release_the_request_says_which_files_it_needs(alice, world):
    alice.upload({**FOLDER, "old.root": b"1"})
    alice.submit()
    of_earlier_release(world, alice)
    world.now = time.time() + 2 * uploads.KEPT_S

    alice.upload({"files.txt": "y", "new.root": b"2"})

    assert {"old.root", "new.root"} <= set(members_of(world, alice))


def test_while_an_earlier_runs_request_is_damaged_uploads_go_on_and_nothing_is_deleted(
    alice, world
):
    alice.upload({**FOLDER, "old.root": b"1"})
    alice.submit()
    of_earlier_release(world, alice)
    key = keys.run(alice.owner, "luca_1", files.REQUEST)
    world.services.runs_files.put(key, world.services.runs_files.get(key)[:-9])
    world.now = time.time() + 2 * uploads.KEPT_S

    response = alice.upload({"files.txt": "y", "new.root": b"2"})

    assert response.status_code == 200
    assert {"old.root", "new.root"} <= set(members_of(world, alice))


def test_an_upload_whose_record_is_damaged_hides_no_other_and_is_healed_by_another(alice, world):
    alice.upload()
    alice.upload(name="other")
    key = keys.upload(alice.owner, "luca")
    world.services.tarballs.put(key, world.services.tarballs.get(key)[:-9])

    assert [each["name"] for each in alice.get("/tarballs").json] == ["other"]
    assert alice.upload().status_code == 200
    assert [each["name"] for each in alice.get("/tarballs").json] == ["luca", "other"]
