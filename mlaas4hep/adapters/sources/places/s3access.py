"""Which S3 the input files `s3://bucket/key` are in, and who asks for them."""

from collections.abc import Mapping
from dataclasses import dataclass, field

AWS = "https://s3.amazonaws.com"
REGION = "us-east-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Access:
    """The address of an S3, and credentials that read data there; empty ones: as anybody may."""

    url: str
    key: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    session: str = field(default="", repr=False)
    region: str = REGION
    buckets: tuple[str, ...] = ("*",)  #: globs
    never: tuple[str, ...] = ()  #: buckets of this system: people reach them by other doors only

    @classmethod
    def of_environment(cls, env: Mapping[str, str]) -> "S3Access":
        """Return a person's own access, as the tools of AWS read it."""
        return cls(
            url=env.get("AWS_ENDPOINT_URL_S3") or env.get("AWS_ENDPOINT_URL") or AWS,
            key=env.get("AWS_ACCESS_KEY_ID", ""),
            secret=env.get("AWS_SECRET_ACCESS_KEY", ""),
            session=env.get("AWS_SESSION_TOKEN", ""),
            region=env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION") or REGION,
        )
