"""One laptop platform for every row of the tables, and people who call it over HTTP."""

import httpx
import pytest

from mlaas4hep.client import Client
from tests.laptops import Laptop


@pytest.fixture(scope="package")
def laptop(tmp_path_factory):
    with Laptop(tmp_path_factory.mktemp("right") / "state", MLAAS_MAX_RUNS="50") as running:
        yield running


@pytest.fixture(scope="package")
def alice(laptop):
    with Client(f"{laptop.urls[0]}/function/workflow", laptop.token("alice")) as made:
        yield made


@pytest.fixture(scope="package")
def ask(laptop):
    """Return a function that calls predict, or workflow."""

    def ask(method, path, *, function="predict", user="alice", **given):
        sent = {"Authorization": f"Bearer {laptop.token(user)}"}
        url = f"{laptop.urls[0]}/function/{function}{path}"
        return httpx.request(method, url, headers=sent, timeout=60, **given)

    return ask
