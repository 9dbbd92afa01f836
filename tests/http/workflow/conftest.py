"""Worlds and people for the tests of the doors."""

from functools import partial

import pytest

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
