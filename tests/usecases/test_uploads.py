"""Tarballs taken into the store, when something goes wrong on the way."""

import io
from dataclasses import replace

import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.core import keys
from mlaas4hep.core.requests.tarballs import tarball
from mlaas4hep.errors import DamagedError, ServiceUnavailableError
from mlaas4hep.http.workflow.context import limits_of
from mlaas4hep.settings import Settings
from mlaas4hep.testing import pipeline
from mlaas4hep.usecases import uploads
from tests.dispatcher.stores import Counted
from tests.people import pack

LIMITS = limits_of(Settings())
FIRST = {"a.txt": "a", "b.txt": "b"}


class Failing(MemoryStore):
    """A store that goes away at one file."""

    at = ""

    def put_stream(self, key, stream, limit_bytes):
        if self.at and key.endswith(self.at):
            raise ServiceUnavailableError("the object store does not answer")
        return super().put_stream(key, stream, limit_bytes)


@pytest.fixture
def services():
    return replace(pipeline.make_services(), tarballs=Failing(lambda: 0.0))


def receive(services, files):
    archive = io.BytesIO(pack(files, mode="w"))  # gzip would write the time into it
    return uploads.receive(
        archive,
        owner="o",
        folder="luca",
        filename="luca.tar.gz",
        services=services,
        limits=LIMITS,
    )


def test_an_upload_that_breaks_off_leaves_what_the_same_one_stored_before(services):
    first = receive(services, FIRST)
    receive(services, {"c.txt": "c"})  # the runs of the first still need its files
    before = {info.key for info in services.tarballs.list("")}
    services.tarballs.at = "b.txt"

    with pytest.raises(ServiceUnavailableError):
        receive(services, FIRST)

    assert {info.key for info in services.tarballs.list("")} == before
    assert {first.key(member) for member in first.members} <= before


def test_an_upload_that_breaks_off_leaves_nothing_of_its_own(services):
    services.tarballs.at = "b.txt"

    with pytest.raises(ServiceUnavailableError):
        receive(services, FIRST)

    assert list(services.tarballs.list("")) == []


@pytest.mark.parametrize("files", [FIRST, {f"folder/{n}/ä.txt": "x" for n in range(200)}])
def test_what_is_claimed_for_a_tarball_is_no_less_than_it_takes(services, files):
    claimed = tarball.stored_bytes(io.BytesIO(pack(files, mode="w")), LIMITS.max_unpacked_bytes)

    receive(services, files)

    assert sum(info.size_bytes for info in services.tarballs.list("")) <= claimed


def harm(services, upload, path, content):
    key = upload.key(upload.find(path))
    if content is None:
        services.tarballs.delete(key)
    else:
        services.tarballs.put(key, content)


@pytest.mark.parametrize("content", [b"A", b"", b"aa", None])
def test_a_text_that_is_not_what_was_uploaded_is_refused_and_healed_by_the_same_tarball(
    services, content
):
    upload = receive(services, FIRST)
    harm(services, upload, "a.txt", content)

    with pytest.raises(DamagedError, match=r"'a\.txt' of upload 'luca' has") as refused:
        uploads.read_text(upload, "a.txt", services, "files")
    again = receive(services, FIRST)

    assert refused.value.problem.hint == "upload the tarball again"
    assert again.members == upload.members
    assert uploads.read_text(again, "a.txt", services, "files") == "a"


def test_the_record_of_another_upload_is_refused(services):
    receive(services, FIRST)
    other = services.tarballs.get(keys.upload("o", "luca"))
    services.tarballs.put(keys.upload("o", "higgs"), other)

    with pytest.raises(DamagedError, match="that of 'luca'"):
        uploads.load("o", "higgs", services)


def test_the_list_of_uploads_goes_through_none_of_their_files():
    services = replace(pipeline.make_services(), tarballs=Counted(lambda: 0.0))
    receive(services, {f"{number}.root": "x" for number in range(20)})
    services.tarballs.put(keys.staged("o", "other", "7"), b"not unpacked yet")
    services.tarballs.asked.clear()

    assert [upload.folder for upload in uploads.all_of("o", services)] == ["luca"]
    assert services.tarballs.asked["listed"] == 0
