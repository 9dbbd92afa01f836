"""Buckets of a real S3 for the time of a test."""

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mlaas4hep.adapters.stores import s3 as s3_adapter
from mlaas4hep.adapters.stores.filecache import FileCache
from mlaas4hep.adapters.stores.s3 import S3Store


def s3_store(server: Any, cache: Path, cache_bytes: int = 1 << 30) -> Iterator[S3Store]:
    """Give a store in a new bucket, and remove both then."""
    client = s3_adapter.client(server.url, server.access, server.secret)
    bucket = f"test-{uuid.uuid4().hex[:12]}"
    client.make_bucket(bucket)
    yield S3Store(client, bucket, FileCache(cache, cache_bytes))
    for found in client.list_objects(bucket, recursive=True):
        client.remove_object(bucket, found.object_name or "")
    client.remove_bucket(bucket)
    client._http.clear()
