"""Somebody's client before the real door."""

import pytest

from tests.client.doors import connect
from tests.people import World


@pytest.fixture
def world(tmp_path):
    return World(tmp_path)


@pytest.fixture
def client(world):
    with connect(world) as made:
        yield made
