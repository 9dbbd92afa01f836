"""Files of an S3: `s3://bucket/key`, read with the credentials of the deployment.

Ranges are asked for as of any web server, with a signature that only the server sees.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from minio.error import MinioException

from mlaas4hep.adapters.sources.places.place import Place, shown
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.web.client import SILENCE_S
from mlaas4hep.adapters.sources.places.web.place import WebPlaces
from mlaas4hep.adapters.sources.places.web.response import CREDENTIALS
from mlaas4hep.core.requests.inputs.globs import matches
from mlaas4hep.core.requests.inputs.servers import server
from mlaas4hep.errors import (
    ForbiddenError,
    InvalidRequestError,
    MlaasError,
    ServiceUnavailableError,
)

SIGNED_FOR = timedelta(hours=1)  #: each question has a signature of its own
_WRONG = frozenset(
    {
        *("InvalidAccessKeyId", "SignatureDoesNotMatch", "RequestTimeTooSkewed"),
        *("ExpiredToken", "InvalidToken", "InvalidTokenId", "AuthorizationHeaderMalformed"),
    }
)
LISTED = 100_000  #: keys that are looked at for a pattern
_AWS = "amazonaws.com"  #: whose buckets are hosts of their own


class S3Places:
    """Places in the buckets of one S3 that the policy allows."""

    def __init__(self, policy: ServerPolicy) -> None:
        access = policy.s3
        if access is None:
            raise InvalidRequestError(
                "s3:// is not read here: no S3 is known",
                hint="an operator can name one in MLAAS_DATA_S3; on your machine, AWS_ENDPOINT_URL",
            )
        parts = urlsplit(access.url)
        host = parts.hostname or ""
        self._policy = policy
        self._client: Any = Minio(
            parts.netloc,
            access_key=access.key or None,
            secret_key=access.secret or None,
            session_token=access.session or None,
            secure=parts.scheme == "https",
            region=access.region,
            http_client=urllib3.PoolManager(
                timeout=urllib3.Timeout(connect=3, read=SILENCE_S),
                retries=urllib3.Retry(total=2, read=1),
            ),
        )
        hosts = (f"*.{_AWS}",) if host.endswith(_AWS) else ()
        its = replace(
            policy, hosts=hosts, own=(server(access.url),), plain_http=parts.scheme == "http"
        )
        self._web = WebPlaces(its, self._signed)

    def locate(self, url: str, *, opens: bool = False) -> Place:
        """Return the place of `s3://bucket/key`; see `WebClient.get` for what is raised."""
        if not _parted(url)[1]:
            raise InvalidRequestError(f"{shown(url)} names no file", hint="s3://bucket/key")
        return self._web.locate(url, opens=opens)

    def find(self, pattern: str) -> list[str]:
        """Return the URLs of the objects whose keys match, part by part, sorted."""
        bucket, key = _parted(pattern)
        prefix = key[: min(key.find(letter) for letter in "*?[" if letter in key)]
        folder = prefix.rpartition("/")[0]
        names = self._names(pattern, bucket, f"{folder}/" if folder else "")
        found = (name for name in names if matches(name, key))
        return sorted(f"s3://{bucket}/{name}" for name in found)

    def _names(self, pattern: str, bucket: str, prefix: str) -> Iterable[str]:
        try:
            listing = self._client.list_objects(bucket, prefix or None, recursive=True)
            for number, each in enumerate(listing):
                if number == LISTED:
                    raise InvalidRequestError(
                        f"{shown(pattern)}: there are more than {LISTED} objects to look at",
                        hint="write more of the path before the first *",
                    )
                yield str(each.object_name)
        except (OSError, ValueError, urllib3.exceptions.HTTPError, MinioException) as error:
            raise _our_error(pattern, error) from error

    def _signed(self, url: str) -> str:
        """Return the URL that the server takes."""
        bucket, key = _parted(url)
        try:
            return str(self._client.presigned_get_object(bucket, key, expires=SIGNED_FOR))
        except ValueError as error:
            raise InvalidRequestError(f"{shown(url)} is no object: {error}") from error


def _parted(url: str) -> tuple[str, str]:
    """Return bucket and key."""
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return bucket, key


def _our_error(url: str, error: Exception) -> MlaasError:
    code = str(getattr(error, "code", ""))
    if code == "AccessDenied":
        return ForbiddenError(
            f"{shown(url)}: the credentials of this deployment may not list it", hint=CREDENTIALS
        )
    if code in _WRONG:
        return ForbiddenError(
            f"{shown(url)}: the S3 does not take the credentials of this deployment: {code}",
            hint=CREDENTIALS,
        )
    if code == "NoSuchBucket" or isinstance(error, ValueError):
        return InvalidRequestError(f"{shown(url)}: there is no such bucket")
    return ServiceUnavailableError(
        f"{shown(url)}: the S3 does not answer: {code or 'no connection'}"
    )
