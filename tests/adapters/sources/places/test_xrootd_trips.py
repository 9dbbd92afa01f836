"""How often an XRootD server is asked until the entries of a file come, and what stays open."""

import gc
from contextlib import ExitStack, contextmanager

import pytest

from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.xrootd import place as xrootdplace
from mlaas4hep.adapters.sources.places.xrootd.place import XRootDPlaces
from tests.adapters.sources.places import xrootdserver as server

pytest.importorskip("XRootD", reason="the client is an extra: pip install mlaas4hep[xrootd]")

ABOUT_FILES = {server.STAT, server.OPEN, server.QUERY, server.VECTOR, server.CLOSE}


@contextmanager
def counting():
    """Give places, the prefix of URLs, and the kinds of questions that come."""
    asked = []
    with server.hostile({}, asked.append) as prefix:
        yield XRootDPlaces(ServerPolicy()), f"{prefix}//", asked


def _about_files(asked):
    return sorted(kind for kind in asked if kind in ABOUT_FILES)


def _opened_and_read(places, url):
    """Do what describing a file and then reading it does."""
    place = places.locate(url)
    with ExitStack() as stack:
        place.look(place.open(stack))
    with ExitStack() as stack:
        (answer,) = place.open(stack).ask([(0, 10)])
        return bytes(answer())


def test_a_file_is_opened_once_for_its_ends_and_its_entries():
    with counting() as (places, prefix, asked):
        assert _opened_and_read(places, f"{prefix}a.root") == bytes(10)

        once = [server.STAT, server.OPEN, server.QUERY, server.VECTOR, server.VECTOR]
        assert _about_files(asked) == sorted(once)


def test_a_server_is_asked_once_how_much_it_gives():
    with counting() as (places, prefix, asked):
        for name in "ab":
            _opened_and_read(places, f"{prefix}{name}.root")

        assert asked.count(server.QUERY) == 1
        assert asked.count(server.OPEN) == 2


def test_a_file_that_was_seen_is_not_opened_to_see_whether_it_changed():
    with counting() as (places, prefix, asked):
        for _ in range(3):
            places.locate(f"{prefix}a.root")

        assert (asked.count(server.STAT), asked.count(server.OPEN)) == (3, 1)


def test_files_that_nobody_reads_are_closed_when_others_come(monkeypatch):
    monkeypatch.setattr(xrootdplace, "KEPT", 2)
    with counting() as (places, prefix, asked):
        for name in "abcd":
            _opened_and_read(places, f"{prefix}{name}.root")
        gc.collect()
        places.locate(f"{prefix}a.root")  # closing goes out at the latest with a question

        assert asked.count(server.CLOSE) == 2
