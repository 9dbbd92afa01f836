"""The buckets: in memory, in a folder, or in an S3; and how people reach that S3 themselves."""

import os
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from urllib.parse import unquote, urlsplit

from mlaas4hep.ports import (
    DirectDownloads,
    DirectUploads,
    NoDirectDownloads,
    NoDirectUploads,
    ObjectStore,
)
from mlaas4hep.settings import Settings, SettingsError, credentials


def stores_of(settings: Settings) -> Callable[[str], ObjectStore]:
    """Return what makes the store of a bucket."""
    parts = urlsplit(settings.store)
    if parts.scheme == "memory":
        return _memory_store
    if parts.scheme == "file":
        return partial(_directory_store, Path(unquote(parts.path)))
    if parts.scheme in {"http", "https"} and parts.netloc:
        return _s3_stores(settings)
    raise SettingsError(
        f"MLAAS_STORE={settings.store!r} is none of memory:, file:///folder, http(s)://host"
    )


def _memory_store(_bucket: str) -> ObjectStore:
    from mlaas4hep.adapters.memory import MemoryStore  # noqa: PLC0415 - of tests and notebooks

    return MemoryStore(time.time)


def _directory_store(root: Path, bucket: str) -> ObjectStore:
    from mlaas4hep.adapters.stores.directory import DirectoryStore  # noqa: PLC0415

    return DirectoryStore(root, bucket)


def _s3_stores(settings: Settings) -> Callable[[str], ObjectStore]:
    from mlaas4hep.adapters.stores.filecache import FileCache  # noqa: PLC0415
    from mlaas4hep.adapters.stores.s3 import S3Store, client  # noqa: PLC0415

    access, secret_key = credentials(settings.store_key_file)
    folder = settings.cache_dir or str(Path(tempfile.gettempdir()) / f"mlaas-cache-{os.getuid()}")
    cache = FileCache(Path(folder), settings.cache_bytes)
    minio = client(settings.store, access, secret_key)
    return lambda bucket: S3Store(minio, bucket, cache)


def direct_uploads(settings: Settings) -> DirectUploads:
    """Return what lets people send tarballs straight to the S3, if they reach it."""
    if not _is_public(settings):
        return NoDirectUploads()
    from mlaas4hep.adapters.stores.s3 import client  # noqa: PLC0415
    from mlaas4hep.adapters.stores.s3forms import S3Forms  # noqa: PLC0415

    minio = client(settings.store, *credentials(settings.store_key_file))
    return S3Forms(minio, settings.store_public_url, f"{settings.store_bucket_prefix}tarballs")


def direct_downloads(settings: Settings) -> DirectDownloads:
    """Return what lets people fetch large files straight from the S3, if they reach it."""
    if not _is_public(settings):
        return NoDirectDownloads()
    from mlaas4hep.adapters.stores.s3 import client  # noqa: PLC0415
    from mlaas4hep.adapters.stores.s3addresses import S3Addresses  # noqa: PLC0415

    keys = credentials(settings.store_key_file)
    url, prefix = settings.store_public_url, settings.store_bucket_prefix
    return S3Addresses(client(settings.store, *keys), partial(client, url, *keys), url, prefix)


def _is_public(settings: Settings) -> bool:
    """Tell whether people reach the S3 that holds the buckets."""
    return bool(settings.store_public_url) and urlsplit(settings.store).scheme in {"http", "https"}
