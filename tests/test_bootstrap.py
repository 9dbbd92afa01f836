import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from mlaas4hep import bootstrap
from mlaas4hep.adapters.memory import MemoryBus, MemoryStore
from mlaas4hep.adapters.stores.directory import DirectoryStore
from mlaas4hep.adapters.stores.s3 import S3Store
from mlaas4hep.errors import ForbiddenError, ServiceUnavailableError
from mlaas4hep.settings import Settings, SettingsError


def test_everything_is_in_memory_unless_the_settings_say_otherwise() -> None:
    services = bootstrap.services(Settings())

    assert isinstance(services.models, MemoryStore)
    assert isinstance(services.bus, MemoryBus)


def test_a_folder_can_be_the_store(tmp_path: Path) -> None:
    folder = tmp_path / "with space"
    services = bootstrap.services(Settings(store=folder.as_uri(), store_bucket_prefix="site-"))

    assert isinstance(services.models, DirectoryStore)
    services.models.put("a/b", b"x")
    assert (folder / "site-models" / "a" / "b").read_bytes() == b"x"


def test_an_s3_can_be_the_store(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("access:secret\n")
    settings = Settings(store="http://127.0.0.1:9", store_key_file=str(key))

    assert isinstance(bootstrap.services(settings).models, S3Store)


@pytest.mark.parametrize(
    ("name", "value"),
    [("store", "ftp://x"), ("store", "/folder"), ("store", "http://"), ("nats", "http://x")],
)
def test_a_place_of_no_known_kind_is_quoted(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"MLAAS_{name.upper()}='{value}'"):
        bootstrap.services(Settings(**{name: value}))  # type: ignore[arg-type]


def test_a_secret_file_that_is_missing_is_named(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")

    with pytest.raises(SettingsError, match=missing):
        bootstrap.services(Settings(nats="nats://127.0.0.1:4222", nats_user_file=missing))


def test_a_function_pays_for_no_library_before_it_uses_it() -> None:
    program = """
        import sys
        from mlaas4hep import bootstrap
        from mlaas4hep.settings import Settings
        bootstrap.services(Settings(store="http://127.0.0.1:9", nats="nats://127.0.0.1:9"))
        print([name for name in ("nats", "uproot", "tensorflow", "flask") if name in sys.modules])
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)], capture_output=True, check=True
    )

    assert done.stdout == b"[]\n"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/a.root", "https://localhost:9/a.root"])
def test_a_deployment_reads_no_files_from_internal_servers(url):
    source = bootstrap.services(Settings(plain_http=1)).source

    with pytest.raises(ForbiddenError, match="internal network"):
        source.describe(url, "Events")


def test_an_operator_may_allow_a_network():
    source = bootstrap.services(Settings(plain_http=1, remote_networks="127.0.0.0/8")).source

    with pytest.raises(ServiceUnavailableError, match="no connection"):
        source.describe("http://127.0.0.1:9/a.root", "Events")


def test_a_network_that_is_none_stops_the_process():
    with pytest.raises(SettingsError, match=r"MLAAS_REMOTE_NETWORKS='10\.0\.0\.1/8'"):
        bootstrap.services(Settings(remote_networks="10.0.0.1/8"))


@pytest.mark.parametrize("bucket", ["mine-runs", "other"])
def test_input_files_come_from_no_bucket_of_the_system(bucket):
    settings = Settings(
        store_bucket_prefix="mine-", data_s3="https://127.0.0.1:9", data_s3_buckets="mine-*"
    )

    with pytest.raises(ForbiddenError, match=f"may not come from bucket '{bucket}'"):
        bootstrap.services(settings).source.describe(f"s3://{bucket}/a.root", "Events")


def test_an_s3_that_is_no_url_stops_the_process():
    with pytest.raises(SettingsError, match="MLAAS_DATA_S3='minio:9000'"):
        bootstrap.services(Settings(data_s3="minio:9000"))
