"""Addresses at which anybody may fetch an object of an S3 for a while."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import urllib3
from minio import Minio
from minio.error import MinioException

from mlaas4hep.errors import ServiceUnavailableError

_CREDENTIAL = "X-Amz-Credential"  #: KEY/DATE/REGION/s3/aws4_request


class S3Addresses:
    """`ports.DirectDownloads`; the first signature asks the store for its region."""

    def __init__(self, minio: Minio, public: Callable[..., Minio], url: str, prefix: str) -> None:
        """Sign for the buckets that begin with `prefix`.

        Args:
            minio: reaches the store.
            public: makes a client of the same store, of a `region`, at the address of people.
            url: that address; a path in it is what a proxy takes away.
            prefix: before the names of buckets.
        """
        self._client = minio
        self._public = public
        self._path = urlsplit(url).path.rstrip("/")
        self._prefix = prefix

    def address(self, bucket: str, key: str, filename: str, seconds: int) -> str:
        """Return where an object may be fetched."""
        lasts, name = timedelta(seconds=seconds), self._prefix + bucket
        saved: dict[str, str | list[str] | tuple[str]] = {
            "response-content-disposition": f'attachment; filename="{filename}"'
        }
        try:
            ours = self._client.presigned_get_object(name, key, expires=lasts)
            region = parse_qs(urlsplit(ours).query)[_CREDENTIAL][0].split("/")[2]
            signed = self._public(region=region).presigned_get_object(
                name, key, expires=lasts, response_headers=saved
            )
        except (MinioException, urllib3.exceptions.HTTPError) as error:
            raise ServiceUnavailableError(f"the object store does not answer: {error}") from error
        parts = urlsplit(signed)
        return parts._replace(path=self._path + parts.path).geturl()
