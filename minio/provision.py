"""Make buckets, lifecycle, quotas and a least-privilege key for each who needs one; safe to run again.

    python minio/provision.py http://host:9000 --admin-file root-key --keys secrets/

`--keys` is the folder with one file `NAME-store-key` (`access:secret`) per function, and for the
dispatcher; those that are missing are made. Any S3 will do: what it does not know is skipped, and named.
"""

import argparse
import json
import logging
import os
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3
from minio import Minio, MinioAdmin
from minio.commonconfig import ENABLED, Filter
from minio.credentials.providers import StaticProvider
from minio.error import MinioAdminException, MinioException, S3Error
from minio.lifecycleconfig import (
    AbortIncompleteMultipartUpload,
    Expiration,
    LifecycleConfig,
    NoncurrentVersionExpiration,
    Rule,
)
from minio.versioningconfig import VersioningConfig

from mlaas4hep.settings import SettingsError, credentials

log = logging.getLogger("provision")

HERE = Path(__file__).parent
GIB = 1 << 30
REFUSED = frozenset({"AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch"})
RETRIES = urllib3.Retry(total=3, backoff_factor=0.2)


class Provisioning:
    """One run of the script; counts what the server does not know."""

    def __init__(self, url: str, access: str, secret: str, prefix: str) -> None:
        parts = urlsplit(url)
        pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=5, read=30), retries=RETRIES)
        is_secure = parts.scheme == "https"
        self._client = Minio(parts.netloc, access, secret, secure=is_secure, http_client=pool)
        self._admin = MinioAdmin(
            endpoint=parts.netloc,
            credentials=StaticProvider(access, secret),
            secure=is_secure,
            http_client=pool,
        )
        self._prefix = prefix
        self.skipped: list[str] = []

    def bucket(self, name: str, wanted: dict[str, int]) -> None:
        """Make one bucket and set what buckets.json says about it."""
        bucket = self._prefix + name
        if self._client.bucket_exists(bucket):
            log.info("bucket %s is there", bucket)
        else:
            self._client.make_bucket(bucket)
            log.info("bucket %s is made", bucket)
        if "keep_deleted_days" in wanted:
            versioning = VersioningConfig(ENABLED)
            self._try(
                f"versions of {bucket}",
                lambda: self._client.set_bucket_versioning(bucket, versioning),
            )
        self._lifecycle(bucket, wanted)
        self._try(
            f"quota of {bucket}, {wanted['quota_gib']} GiB",
            lambda: self._admin.bucket_quota_set(bucket, wanted["quota_gib"] * GIB),
        )

    def _lifecycle(self, bucket: str, wanted: dict[str, int]) -> None:
        """Set the rules; MinIO knows none for unfinished uploads, but removes them by itself."""
        rules = _rules(wanted)
        if self._set_rules(f"end of unfinished uploads in {bucket}", bucket, [*rules, UNFINISHED]):
            return
        if rules:
            self._set_rules(f"lifecycle of {bucket}", bucket, rules)

    def _set_rules(self, what: str, bucket: str, rules: list[Rule]) -> bool:
        config = LifecycleConfig(rules)
        return self._try(what, lambda: self._client.set_bucket_lifecycle(bucket, config))

    def holder(self, name: str, policy: dict[str, Any], key_file: Path) -> None:
        """Make the key of a function or the dispatcher, which may do what its policy says and nothing else."""
        access, secret = _key(key_file, self._prefix + name)
        text = json.dumps(policy).replace("arn:aws:s3:::", f"arn:aws:s3:::{self._prefix}")
        title = f"{self._prefix}mlaas-{name}"
        self._try(f"policy {title}", lambda: self._admin.policy_add(title, policy=json.loads(text)))
        self._try(f"key {access}", lambda: self._admin.user_add(access, secret))
        self._try(f"policy of key {access}", lambda: self._admin.policy_set(title, user=access))

    def _try(self, what: str, do: Callable[[], object]) -> bool:
        """Do what not every S3 can; wrong credentials are an error all the same."""
        try:
            do()
        except S3Error as error:
            if error.code in REFUSED:
                raise
            self._skip(what, f"{error.code}: {error.message}")
            return False
        except MinioAdminException as error:
            self._skip(what, str(error)[:200])
            return False
        log.info("%s is set", what)
        return True

    def _skip(self, what: str, why: str) -> None:
        log.warning("skipped: %s (%s)", what, why)
        self.skipped.append(what)


def _rules(wanted: dict[str, int]) -> list[Rule]:
    rules = []
    if "expire_days" in wanted:
        expiration = Expiration(days=wanted["expire_days"])
        rules.append(_rule("expire", expiration=expiration))
    if "keep_deleted_days" in wanted:
        forgetting = NoncurrentVersionExpiration(wanted["keep_deleted_days"])
        rules.append(_rule("forget-deleted", noncurrent_version_expiration=forgetting))
    return rules


def _rule(name: str, **what: Any) -> Rule:
    return Rule(ENABLED, rule_filter=Filter(prefix=""), rule_id=name, **what)


UNFINISHED = _rule(
    "unfinished-uploads", abort_incomplete_multipart_upload=AbortIncompleteMultipartUpload(1)
)


def _key(path: Path, access: str) -> tuple[str, str]:
    """Return access and secret key of a file, which is made if it is not there."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"{access}:{secrets.token_hex(20)}")
        log.info("%s is made", path)
    return credentials(str(path))


def provision(url: str, admin_file: str, keys: Path, prefix: str = "") -> list[str]:
    """Bring the server to what the files beside this one say; return what was skipped."""
    access, secret = credentials(admin_file)
    work = Provisioning(url, access, secret, prefix)
    buckets = json.loads((HERE / "buckets.json").read_text(encoding="utf-8"))
    for name, wanted in buckets.items():
        work.bucket(name, wanted)
    for path in sorted((HERE / "policies").glob("*.json")):
        policy = json.loads(path.read_text(encoding="utf-8"))
        work.holder(path.stem, policy, keys / f"{path.stem}-store-key")
    return work.skipped


def main(arguments: list[str] | None = None) -> int:
    """Provision the server named on the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("url", help="http(s)://host:port of the S3")
    parser.add_argument("--admin-file", required=True, help="file with access:secret")
    parser.add_argument("--keys", required=True, type=Path, help="folder of the keys")
    parser.add_argument("--prefix", default="", help="put before the names of buckets and keys")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        skipped = provision(options.url, options.admin_file, options.keys, options.prefix)
    except (MinioException, urllib3.exceptions.HTTPError, SettingsError) as error:
        log.error("%s: %s", options.url, error)  # noqa: TRY400 - the message says it all
        return 1
    if skipped:
        log.warning(
            "%d settings are not known to this server; make keys by hand with the policies in %s",
            len(skipped),
            HERE / "policies",
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
