"""The platform of `make platform-up`, its people, and their jobs."""

import importlib.util
import json
from pathlib import Path
from typing import Any

import httpx2
import pytest
from minio import Minio

from deploy.testbed import credentials, openfaas, process
from tests.platform.jobs import EXAMPLES, jets, put_jets
from tests.platform.outside import PLACE, Person, pack

LOGS = Path(__file__).with_name("test_logs.py")


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.platform)
    items.sort(key=lambda item: item.path == LOGS)  # last: it reads what the others left there


@pytest.fixture(scope="session", autouse=True)
def platform():
    """Return the place of the running platform; skip without one."""
    if not process.running(PLACE, "dispatcher"):
        pytest.skip("the platform is not up: make platform-up")
    return PLACE


@pytest.fixture(scope="session")
def alice(platform) -> Person:
    return Person("alice")


@pytest.fixture(scope="session")
def bob(platform) -> Person:
    return Person("bob")


@pytest.fixture(scope="session")
def remote_files(platform, tmp_path_factory) -> list[str]:
    """Put two ROOT files on the storage element and return their names there."""
    return put_jets(platform, tmp_path_factory.mktemp("origin"))


@pytest.fixture(scope="session")
def remote_job(remote_files):
    """Return a function that packs the jets example with files that are read through XRootD."""

    def packed(names: list[str] = remote_files, /, **params: Any) -> bytes:
        return jets(names, **params)

    return packed


@pytest.fixture(scope="session")
def single_top() -> bytes:
    """Return the single-top example with its ROOT file inside."""
    folder = EXAMPLES / "single_top"
    files: dict[str, str | bytes] = {
        path.name: path.read_text()
        for path in folder.iterdir()
        if path.suffix in {".txt", ".py", ".json"}
    }
    spec = importlib.util.find_spec("skhep_testdata")
    data = Path(spec.origin).parent / "data/uproot-issue63.root"
    files[data.name] = data.read_bytes()
    files["params.json"] = json.dumps({**json.loads(files["params.json"]), "epochs": 3})
    return pack(files)


@pytest.fixture(scope="session")
def gateway(platform):
    """Return a client of the gateway itself, with the administrator's password."""
    password = credentials.text(platform, "basic-auth-password")
    url = f"http://127.0.0.1:{platform.ports['gateway']}"
    with httpx2.Client(base_url=url, auth=(openfaas.USER, password), timeout=60) as client:
        yield client


@pytest.fixture(scope="session")
def store(platform) -> Minio:
    """Return MinIO as its administrator sees it."""
    user, _, password = credentials.text(platform, "minio-admin").partition(":")
    return Minio(platform.at("minio"), user, password, secure=False)
