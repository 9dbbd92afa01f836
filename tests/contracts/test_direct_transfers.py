"""Large files past the functions: a real S3 takes what a form allows, and gives what is signed."""

import hashlib
import time
import uuid
from dataclasses import replace
from functools import partial

import httpx2
import pytest

from mlaas4hep.adapters.stores.filecache import FileCache
from mlaas4hep.adapters.stores.s3 import S3Store, client
from mlaas4hep.adapters.stores.s3addresses import S3Addresses
from mlaas4hep.adapters.stores.s3forms import S3Forms
from mlaas4hep.client import Client
from mlaas4hep.client.connections.connection import Connection
from mlaas4hep.core import keys, sealed
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.errors import MlaasError
from mlaas4hep.http.workflow.app import make_app
from mlaas4hep.settings import Settings
from mlaas4hep.usecases import downloads
from tests import calls
from tests.people import FOLDER, World, behind_gateway, pack


@pytest.fixture
def bucket(s3):
    minio = client(s3.url, s3.access, s3.secret)
    name = f"test-{uuid.uuid4().hex[:12]}-models"
    minio.make_bucket(name)
    yield minio, name
    for found in minio.list_objects(name, recursive=True):
        minio.remove_object(name, found.object_name or "")
    minio.remove_bucket(name)
    minio._http.clear()


def send(form, content, **changed):
    fields = {**form.fields, **changed}
    return calls.post(form.url, data=fields, files={"file": content}).status_code


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


@pytest.fixture
def with_models(world, s3, bucket):
    """Return the world with its models in the S3, of which people know the address."""
    minio, name = bucket
    here = partial(client, s3.url, s3.access, s3.secret)
    prefix = name.removesuffix("models")
    world.services = replace(
        world.services,
        models=S3Store(minio, name, None),
        direct_downloads=S3Addresses(minio, here, s3.url, prefix),
    )
    world.app = make_app(world.services, Settings(), world.verifier)
    return world


def model_of(world, person, size):
    store, record = (
        world.services.models,
        ModelRecord(owner=person.owner, name="big", version="v1", files=("a.bin",), run_id="r"),
    )
    store.put(keys.model_file(person.owner, "big", "v1", "a.bin"), bytes(size))
    store.put(keys.model(person.owner, "big"), sealed.dump(record))


def test_the_client_fetches_a_large_bundle_from_the_store(with_models, tmp_path):
    alice = with_models.person()
    model_of(with_models, alice, downloads.LARGE_BYTES)
    path = tmp_path / "big.tar.gz"

    first = alice.get("/models/big/bundle")
    again = alice.get("/models/big/bundle")
    through = alice.get("/models/big/bundle?through=1")
    with Client("http://door", connection=_Line(with_models)) as here:
        here.download("big", path)

    assert (first.status_code, again.status_code) == (307, 307)
    assert first.headers["Repr-Digest"] == again.headers["Repr-Digest"]
    assert calls.get(first.location, headers={"Range": "bytes=0-1"}).content == b"\x1f\x8b"
    assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(through.data).digest()
    assert through.content_length == path.stat().st_size
    stored = [key.key for key in with_models.services.models.list("")]
    assert len([key for key in stored if keys.is_packed_model(key)]) == 1


def test_what_the_store_sends_instead_is_not_taken_for_the_bundle(with_models, tmp_path):
    alice = with_models.person()
    model_of(with_models, alice, downloads.LARGE_BYTES)
    alice.get("/models/big/bundle")
    store = with_models.services.models
    (packed,) = [info.key for info in store.list("") if keys.is_packed_model(info.key)]
    store.put(packed, b"somebody else's")

    line = _Line(with_models)
    with (
        Client("http://door", connection=line) as here,
        pytest.raises(MlaasError, match="another sha-256"),
    ):
        here.download("big", tmp_path / "big.tar.gz")

    assert list(tmp_path.glob("*big*")) == []


def test_small_bundles_come_from_the_function(with_models):
    alice = with_models.person()
    model_of(with_models, alice, 10)

    answer = alice.get("/models/big/bundle")

    assert answer.status_code == 200
    assert answer.content_length == len(answer.data)


class _Split(httpx2.BaseTransport):
    """The door over WSGI, everything else over the network."""

    def __init__(self, app):
        self._door, self._net = httpx2.WSGITransport(app), httpx2.HTTPTransport()

    def handle_request(self, request):
        to_us = request.url.host == "door"
        if not to_us:
            assert "Authorization" not in request.headers
        return (self._door if to_us else self._net).handle_request(request)

    def close(self):
        self._net.close()


class _Line(Connection):
    """The door over WSGI, and the S3 over the network."""

    def __init__(self, world):
        app = behind_gateway(world.app)
        super().__init__(world.token(), transport=_Split(app), retries=1, pause=lambda _: None)
        self._transport = None
