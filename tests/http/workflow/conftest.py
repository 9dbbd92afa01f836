"""Worlds and people for the tests of the doors."""

from functools import partial

import pytest

from tests.http.workflow.promoted import trained
from tests.people import World, pack


@pytest.fixture
def make_world(tmp_path):
    """Return worlds with settings of the test's choice."""
    return partial(World, tmp_path)


@pytest.fixture
def world(make_world):
    return make_world()


@pytest.fixture
def alice(world):
    return world.person("alice")


@pytest.fixture
def tarball():
    return partial(pack)


@pytest.fixture
def higgs(world, alice):
    """Return what alice sees of a model that was promoted twice."""
    for number in (1, 2):
        trained(world, alice, f"luca_{number}", f"v{number}")
        answer = alice.post("/models/higgs/versions", json={"from": f"luca_{number}"})
        assert answer.status_code == 201
    return alice
