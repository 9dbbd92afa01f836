"""Large tarballs past the functions: a real S3 takes what the form allows, and nothing else."""

import time
import uuid
from dataclasses import replace

import httpx
import pytest

from mlaas4hep.adapters.stores.filecache import FileCache
from mlaas4hep.adapters.stores.s3 import S3Store, client
from mlaas4hep.adapters.stores.s3forms import S3Forms
from mlaas4hep.client import Client
from mlaas4hep.client.connection import Connection
from mlaas4hep.errors import MlaasError
from mlaas4hep.http.workflow.app import make_app
from mlaas4hep.settings import Settings
from tests.people import FOLDER, World, behind_gateway, pack


@pytest.fixture
def bucket(s3):
    minio = client(s3.url, s3.access, s3.secret)
    name = f"test-{uuid.uuid4().hex[:12]}"
    minio.make_bucket(name)
    yield minio, name
    for found in minio.list_objects(name, recursive=True):
        minio.remove_object(name, found.object_name or "")
    minio.remove_bucket(name)
    minio._http.clear()


def send(form, content, **changed):
    fields = {**form.fields, **changed}
    return httpx.post(form.url, data=fields, files={"file": content}).status_code


def test_a_form_takes_one_object_of_limited_size(s3, bucket):
    minio, name = bucket
    form = S3Forms(minio, s3.url, name).form("alice/luca/staged/1", 100, 60)

    assert send(form, b"x" * 101) == 400
    assert send(form, b"x" * 100, key="bob/luca/staged/1") == 403
    assert send(form, b"x" * 100) == 204
    found = [each.object_name for each in minio.list_objects(name, recursive=True)]
    assert found == ["alice/luca/staged/1"]


def test_a_form_ends(s3, bucket):
    minio, name = bucket
    form = S3Forms(minio, s3.url, name).form("alice/luca/staged/1", 100, -5)

    assert send(form, b"x") == 403


@pytest.fixture
def world(s3, bucket, tmp_path):
    """Return a world whose tarballs lie in the S3."""
    minio, name = bucket
    made = World(tmp_path)
    made.services = replace(
        made.services,
        clock=time.time,
        tarballs=S3Store(minio, name, FileCache(tmp_path / "cache", 1 << 30)),
        direct_uploads=S3Forms(minio, s3.url, name),
    )
    made.app = make_app(made.services, Settings(), made.verifier)
    return made


def test_the_client_sends_large_tarballs_directly(world, tmp_path):
    path = tmp_path / "luca.tar.gz"
    path.write_bytes(pack(FOLDER))
    told = []
    with Client("http://door", connection=_Line(world), direct_bytes=10) as here:
        sent = here.upload(path, name="luca", on_bytes=told.append)

    assert [file.path for file in sent.files] == sorted(FOLDER)
    assert sum(told) == path.stat().st_size
    keys = [info.key for info in world.services.tarballs.list("")]
    assert not any("/staged/" in key for key in keys)


def test_what_is_no_tarball_is_refused_when_it_is_there(world, tmp_path):
    path = tmp_path / "luca.tar.gz"
    path.write_bytes(b"x" * 5000)

    with (
        Client("http://door", connection=_Line(world), direct_bytes=10) as here,
        pytest.raises(MlaasError, match="not a tarball"),
    ):
        here.upload(path, name="luca")


class _Line(Connection):
    """The door over WSGI, and the S3 over the network."""

    def __init__(self, world):
        super().__init__(world.token(), transport=httpx.WSGITransport(behind_gateway(world.app)))
        self._transport = None
