"""A gateway before functions of the tests, and a client that knows its password."""

import httpx2
import pytest

from tests.laptop.gateways import PASSWORD, Running


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    with Running(tmp_path_factory.mktemp("gateway")) as running:
        yield running


@pytest.fixture
def client(running):
    with httpx2.Client(base_url=running.url, auth=("admin", PASSWORD), timeout=60) as client:
        yield client
