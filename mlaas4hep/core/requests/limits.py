"""What one owner may have, and where input files may come from; chosen by the deployment."""

from dataclasses import dataclass

from mlaas4hep.core.requests.frameworks import USUAL


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The part of the settings that steps behind the people's door decide with."""

    max_upload_bytes: int
    max_unpacked_bytes: int
    max_models: int
    max_runs: int  #: unfinished ones
    max_bytes: int  #: in all buckets
    xrootd_proxy: str = ""  #: prefix for bare /store/... names
    remote_hosts: str = "*"  #: globs, comma separated
    s3_buckets: str = ""  #: globs, comma separated; empty: s3:// is not read
    webhook_hosts: str = ""  #: globs, comma separated: who may be told of a run's end
    plain_http: bool = False  #: http:// is read, too
    frameworks: tuple[str, ...] = (USUAL,)  #: that the train function has installed
    formats: tuple[str, ...] = ()  #: of input files that the functions read
    builds_models: bool = False  #: dry runs can build model.py here
    max_memory_bytes: int = 16 * 1024**3  #: of one training
    max_cpus: int = 16  #: of one training
    has_gpu: bool = False  #: a train function with a GPU is deployed
    sandbox: str = "any"  #: confinement that is demanded for trainings
