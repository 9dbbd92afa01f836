"""Where input files may come from."""

import os
from dataclasses import replace
from urllib.parse import urlsplit

from mlaas4hep.adapters.deferred import deferred
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.s3access import S3Access
from mlaas4hep.core.keys import BUCKETS
from mlaas4hep.core.requests.inputs.servers import server
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.ports import DataSource, ObjectStore, Stopping
from mlaas4hep.settings import Settings, SettingsError, credentials

OWN_S3 = "env:"  #: the S3 that the environment of a person's shell names


def source(settings: Settings, tarballs: ObjectStore, stopping: Stopping) -> DataSource:
    """Return what reads input files until this process is told to end.

    Raises:
        SettingsError: a network or the S3 of input files is not what it should be.
    """
    policy = _server_policy(settings)
    return deferred(lambda: _source(settings, tarballs, policy, stopping))


def _source(
    settings: Settings, tarballs: ObjectStore, policy: ServerPolicy, stopping: Stopping
) -> DataSource:
    from mlaas4hep.adapters.sources.files import DataFiles  # noqa: PLC0415

    return DataFiles(
        tarballs=tarballs, policy=policy, cache_dir=settings.cache_dir, stopping=stopping
    )


def _server_policy(settings: Settings) -> ServerPolicy:
    """Return which servers input files may come from; the operator's own proxy always may."""
    proxy = settings.xrootd_proxy
    try:
        own = (server(proxy),) if proxy else ()
    except InvalidRequestError as error:
        raise SettingsError(f"MLAAS_XROOTD_PROXY={proxy!r}: {error}") from error
    try:
        policy = ServerPolicy.of(
            settings.remote_hosts,
            settings.remote_networks,
            plain_http=bool(settings.plain_http),
            own=own,
        )
    except ValueError as error:
        raise SettingsError(
            f"MLAAS_REMOTE_NETWORKS={settings.remote_networks!r}: {error}"
        ) from error
    return replace(policy, s3=_data_s3(settings), datasets=settings.datasets)


def _data_s3(settings: Settings) -> S3Access | None:
    """Return where input files s3:// are; never in the buckets of this system."""
    if settings.data_s3 == OWN_S3:
        return S3Access.of_environment(os.environ)
    if not settings.data_s3:
        return None
    if urlsplit(settings.data_s3).scheme not in {"http", "https"}:
        raise SettingsError(
            f"MLAAS_DATA_S3={settings.data_s3!r} is neither http(s)://host nor env:"
        )
    key, key_secret = credentials(settings.data_s3_key_file)
    return S3Access(
        url=settings.data_s3,
        key=key,
        secret=key_secret,
        buckets=tuple(glob.strip() for glob in settings.data_s3_buckets.split(",") if glob.strip()),
        never=tuple(settings.store_bucket_prefix + bucket for bucket in BUCKETS),
    )
