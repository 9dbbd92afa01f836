"""Input files s3://bucket/key, from a real S3."""

import secrets
import tempfile
import uuid
from collections.abc import Iterator

import numpy as np
import pytest
import uproot

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.files import DataFiles
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.s3access import S3Access
from mlaas4hep.adapters.stores.s3 import client
from mlaas4hep.errors import (
    ForbiddenError,
    InvalidRequestError,
    PermanentError,
    ServiceUnavailableError,
)
from tests.contracts.conftest import S3


@pytest.fixture
def bucket(s3: S3) -> Iterator[str]:
    minio = client(s3.url, s3.access, s3.secret)
    name = f"data-{uuid.uuid4().hex}"
    minio.make_bucket(name)
    yield name
    for found in minio.list_objects(name, recursive=True):
        minio.remove_object(name, found.object_name or "")
    minio.remove_bucket(name)
    minio._http.clear()


def source(s3: S3, **access) -> DataFiles:
    given = {"url": s3.url, "key": s3.access, "secret": s3.secret} | access
    return DataFiles(MemoryStore(lambda: 0.0), ServerPolicy(hosts=(), s3=S3Access(**given)))


def stored(s3: S3, bucket: str, key: str, values) -> None:
    minio = client(s3.url, s3.access, s3.secret)
    with tempfile.TemporaryDirectory() as folder:
        with uproot.recreate(f"{folder}/a.root") as file:
            file["t"] = {"x": values}
        minio.fput_object(bucket, key, f"{folder}/a.root")
    minio._http.clear()


def test_entries_of_an_object_are_read(s3, bucket):
    values = np.random.default_rng(1).normal(size=200_000)
    stored(s3, bucket, "luca/a b+c.root", values)
    url = f"s3://{bucket}/luca/a b+c.root"
    data = source(s3)

    tree = data.describe(url, "t")
    blocks = list(data.read(data.survey(url, "t", ["x"]), ["x"], 10, 150_000))

    assert tree.entries == len(values)
    found = np.concatenate([block.flat["x"] for block in blocks])
    np.testing.assert_array_equal(found, values[10:150_000])


def test_patterns_are_listed(s3, bucket):
    for key in ("d/1.root", "d/2.root", "d/deep/3.root", "e.root"):
        stored(s3, bucket, key, np.arange(2.0))

    assert source(s3).find(f"s3://{bucket}/d/*.root") == [
        f"s3://{bucket}/d/1.root",
        f"s3://{bucket}/d/2.root",
    ]
    assert source(s3).find(f"s3://{bucket}/*/deep/*") == [f"s3://{bucket}/d/deep/3.root"]


def test_an_object_that_changes_is_noticed(s3, bucket):
    stored(s3, bucket, "a.root", np.arange(100.0))
    url = f"s3://{bucket}/a.root"
    survey = source(s3).survey(url, "t", ["x"])
    stored(s3, bucket, "a.root", np.arange(200.0))

    with pytest.raises(PermanentError, match="changed"):
        list(source(s3).read(survey, ["x"], 0, 100))


def test_what_is_not_there_or_not_allowed_is_named_without_the_signature(s3, bucket):
    cases = [
        (f"s3://{bucket}/none.root", {}, InvalidRequestError, "no such file"),
        ("s3://nothing-of-this-name/a.root", {}, InvalidRequestError, "no such file"),
        (f"s3://{bucket}", {}, InvalidRequestError, "names no file"),
        (f"s3://{bucket}/a.root", {"secret": secrets.token_hex(8)}, InvalidRequestError, "40"),
        (f"s3://{bucket}/a.root", {"buckets": ("cms-*",)}, ForbiddenError, "may not come from"),
        (f"s3://{bucket}/a.root", {"never": (bucket,)}, ForbiddenError, "may not come from"),
    ]
    for url, access, error, says in cases:
        with pytest.raises(error, match=says) as caught:
            source(s3, **access).describe(url, "t")
        assert url in str(caught.value)
        assert "Signature" not in str(caught.value)


def test_listing_what_is_not_there_is_refused(s3):
    with pytest.raises(InvalidRequestError, match="no such bucket"):
        source(s3).find("s3://nothing-of-this-name/*.root")


@pytest.mark.parametrize(
    "ask",
    [lambda data, url: data.find(f"{url}/*.root"), lambda data, url: data.describe(f"{url}/a", "")],
    ids=["find", "describe"],
)
def test_credentials_that_are_not_taken_are_named_and_not_waited_for(s3, bucket, ask):
    for wrong in ({"secret": secrets.token_hex(8)}, {"key": "nobody"}, {"key": "", "secret": ""}):
        with pytest.raises(PermanentError) as caught:
            ask(source(s3, **wrong), f"s3://{bucket}")
        assert "MLAAS_DATA_S3_KEY_FILE" in caught.value.problem.hint


def test_an_s3_that_is_away_is_waited_for(s3):
    with pytest.raises(ServiceUnavailableError):
        source(s3, url="http://127.0.0.1:9").find("s3://bucket/*")
