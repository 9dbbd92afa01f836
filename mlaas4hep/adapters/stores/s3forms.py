"""Forms for direct uploads into one bucket of an S3, with a size limit and an end."""

from datetime import UTC, datetime, timedelta

import urllib3
from minio import Minio
from minio.datatypes import PostPolicy
from minio.error import MinioException

from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.ports import UploadForm


class S3Forms:
    """`ports.DirectUploads`; the first signature asks the store for its region."""

    def __init__(self, minio: Minio, url: str, bucket: str) -> None:
        """Sign for `bucket`, which people reach at `url`."""
        self._client = minio
        self._url = url.rstrip("/")
        self._bucket = bucket

    def form(self, key: str, limit_bytes: int, seconds: int) -> UploadForm | None:
        """Return a form for one object."""
        policy = PostPolicy(self._bucket, datetime.now(UTC) + timedelta(seconds=seconds))
        policy.add_equals_condition("key", key)
        policy.add_content_length_range_condition(1, limit_bytes)
        try:
            fields = self._client.presigned_post_policy(policy)
        except (MinioException, urllib3.exceptions.HTTPError) as error:
            raise ServiceUnavailableError(f"the object store does not answer: {error}") from error
        return UploadForm(url=f"{self._url}/{self._bucket}", fields={**fields, "key": key})
