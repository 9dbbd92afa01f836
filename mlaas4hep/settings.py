"""The environment, read once: `Settings.from_env(os.environ)`; secrets are named by their file."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

PREFIX = "MLAAS_"


class SettingsError(Exception):
    """A setting is unknown or unreadable; the message quotes its name and value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every setting, with the variable `MLAAS_` + upper-case name; a secret is a file's path."""

    store: str = "memory:"  #: `memory:`, `file:///directory`, `http://host:port`, `https://host`
    store_key_file: str = ""  #: file with `access:secret` for S3
    store_public_url: str = ""  #: of the S3, for large uploads and downloads; empty: through us
    store_bucket_prefix: str = ""  #: put before the five bucket names
    nats: str = "memory:"  #: `memory:` or `nats://host:port`, several with commas
    nats_replicas: int = 1  #: copies of what the dispatcher makes again; 3 for three servers
    nats_user_file: str = ""  #: file with `user:password`
    issuer: str = ""  #: of people's tokens; empty: nobody is let in
    audience: str = ""
    jwks_url: str = ""  #: empty: found through the issuer's discovery document
    login_client: str = ""  #: public client that `mlaas4hep login` is; empty: no sign-in there
    login_scopes: str = "openid profile email offline_access"  #: that it asks for
    login_resource: str = ""  #: what its token is for, if the issuer wants to hear that (RFC 8707)
    admin_group: str = "mlaas-admins"
    groups_claim: str = "groups"
    dispatcher_public_key_file: str = ""  #: PEM; checks the tokens of the dispatcher
    dispatcher_private_key_file: str = ""  #: PEM; only the dispatcher has it
    gateway_url: str = "http://127.0.0.1:8080"  #: where the dispatcher calls functions
    function_url: str = ""  #: of a function without a gateway: `http://{name}.openfaas-fn:8080`
    dispatcher_limits: str = "specs=2,chunk-preprocess=4,train=4,predict=2"  #: events at once
    file_patience_seconds: int = 600  #: that the server of an input file may be away
    metrics_port: int = 0  #: where the dispatcher tells Prometheus about itself; 0: nowhere
    xrootd_proxy: str = ""  #: `root://host:port`, prefix for bare /store/... names
    remote_hosts: str = "*"  #: globs, comma separated: servers that input files may come from
    remote_networks: str = ""  #: besides public ones: `10.1.0.0/16, fd00::/8`; `*`: all
    data_s3: str = ""  #: `https://host` of input files s3://bucket/key; `env:`: as AWS_… say
    data_s3_key_file: str = ""  #: file with `access:secret` that may read them
    data_s3_buckets: str = "*"  #: globs, comma separated: buckets that they may come from
    datasets: str = ""  #: URL or command that tells the files of a data set, `{}` is its name
    plain_http: int = 0  #: 1: input files are read, and webhooks told, by http://, too
    webhook_hosts: str = ""  #: globs, comma separated: who may be told of a run's end
    webhook_networks: str = ""  #: besides public ones, those where they may be; `*`: all
    webhook_key_file: str = ""  #: file with a long secret, from which people's secrets follow
    metrics_token_file: str = ""  #: file with the token of who is told owners in metrics
    cache_dir: str = ""  #: where copies of remote objects are kept; empty: the temporary folder
    cache_bytes: int = 10 * 1024**3  #: how much they may take
    port: int = 8082  #: where this function listens; of-watchdog's upstream
    workers: int = 0  #: events at once in a function's process (0: 2); processes of predict (0: 1)
    max_upload_bytes: int = 20 * 1024**3
    max_unpacked_bytes: int = 50 * 1024**3
    max_models: int = 200  #: per owner
    max_versions: int = 10  #: of a promoted model that are kept, besides those with an alias
    max_runs: int = 10  #: unfinished ones, per owner
    max_bytes: int = 100 * 1024**3  #: in all buckets, per owner
    max_memory: int = 16 * 1024**3  #: bytes that a submission may ask for its training
    max_cpus: int = 16  #: that it may ask for
    gpu: int = 0  #: 1: a train function with a GPU is deployed
    frameworks: str = ""  #: of the train function, comma separated; empty: those installed here
    range_entries: int = 100_000  #: entries that one event measures
    build_seconds: int = 60  #: for model.py to build its model
    step_seconds: int = 14 * 60  #: longest step but a training; below its `exec_timeout`
    train_seconds: int = 24 * 3600  #: longest training
    sandbox: str = "any"  #: confinement demanded for foreign programs: `any`, `required`, `full`
    prepared_seconds: int = 300  #: that a process with a framework waits for work; 0: there is none
    log_level: str = "INFO"
    log_format: str = "text"  #: or `json`: a line with run, event, request and trace a record
    traces: str = ""  #: of an OpenTelemetry collector: `http://host:4318`; empty: none

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Settings":
        """Return the settings in `env`.

        Raises:
            SettingsError: a variable `MLAAS_…` is not a setting, or is not a number where one
                is due.
        """
        known = {f"{PREFIX}{field.name.upper()}": field for field in fields(cls)}
        given = {name: value for name, value in env.items() if name.startswith(PREFIX)}
        unknown = sorted(given.keys() - known.keys())
        if unknown:
            name = unknown[0]
            raise SettingsError(f"{name}={given[name]!r} is not a setting of MLaaS4HEP")
        values: dict[str, str | int] = {}
        for name, text in given.items():
            field = known[name]
            values[field.name] = _whole_number(name, text) if field.type is int else text
        return cls(**values)  # type: ignore[arg-type]


def _whole_number(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise SettingsError(f"{name}={text!r} is not a whole number") from None


def secret(path: str) -> str:
    """Return the content of a secret file without the newline at its end.

    Raises:
        SettingsError: the file cannot be read; the message names the file, never the content.
    """
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(f"secret file {path!r}: {error.strerror}") from error


def credentials(path: str) -> tuple[str, str]:
    """Return name and password of a secret file that holds `name:password`; empty without one."""
    name, _, password = secret(path).partition(":") if path else ("", "", "")
    return name, password
