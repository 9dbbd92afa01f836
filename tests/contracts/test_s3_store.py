"""What only the store in S3 does: it may be away, and keeps copies of what it gives."""

from pathlib import Path
from typing import Any

import pytest

from mlaas4hep.adapters.stores import s3 as s3_adapter
from mlaas4hep.adapters.stores.filecache import FileCache
from mlaas4hep.adapters.stores.s3 import S3Store
from mlaas4hep.errors import ServiceUnavailableError
from tests.contracts.buckets import s3_store


def test_a_store_that_is_away_is_said_to_be_away(tmp_path: Path) -> None:
    client = s3_adapter.client("http://127.0.0.1:9", "access", "secret")
    store = S3Store(client, "bucket", FileCache(tmp_path, 0))

    for use in (store.get, store.info, store.delete, lambda key: list(store.list(key))):
        with pytest.raises(ServiceUnavailableError, match="does not answer") as told:
            use("key")  # type: ignore[operator]
        assert "127.0.0.1" not in str(told.value)


def test_a_bucket_that_is_not_there_is_for_the_operator(s3: Any, tmp_path: Path) -> None:
    client = s3_adapter.client(s3.url, s3.access, s3.secret)
    store = S3Store(client, "not-there", FileCache(tmp_path, 0))

    with pytest.raises(ServiceUnavailableError, match="not-there"):
        store.put("key", b"")
    with pytest.raises(ServiceUnavailableError, match="not-there"):
        store.get("key")
    client._http.clear()


def test_copies_of_objects_are_made_once_and_the_oldest_go(s3: Any, tmp_path: Path) -> None:
    for store in s3_store(s3, tmp_path, cache_bytes=2500):
        for name in ("a", "b", "c"):
            store.put(name, name.encode() * 1000)
        with store.local("a") as first:
            pass
        with store.local("a") as again:
            assert again == first
            with store.local("b") as second, store.local("c"):
                assert first.exists()  # in use, though it is over the limit
        with store.local("c"):
            pass
        store.put("d", b"d" * 1000)
        with store.local("d") as last:
            assert last.read_bytes() == b"d" * 1000
        assert not (first.exists() and second.exists())
