"""Tarballs taken into the store, when something goes wrong on the way."""

import io
from dataclasses import replace

import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.http.workflow.context import limits_of
from mlaas4hep.settings import Settings
from mlaas4hep.testing import pipeline
from mlaas4hep.usecases import uploads
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
