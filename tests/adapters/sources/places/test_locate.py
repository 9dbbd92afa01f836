"""Files that lie in several places, and folders of servers that are listed."""

import socket
import socketserver
from contextlib import contextmanager

import pytest

from mlaas4hep.adapters.memory import MemoryStore
from mlaas4hep.adapters.sources.places.locate import Locator
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.errors import InvalidRequestError
from mlaas4hep.laptop.ports import free_ports
from tests.dataservers import web_server, xrootd_server


@pytest.fixture
def locator():
    return Locator(MemoryStore(lambda: 0.0), ServerPolicy())


def test_the_first_place_that_has_the_file_is_read(locator, tmp_path):
    (tmp_path / "b.root").write_bytes(b"12345")
    url = f"{tmp_path}/a.root | http://127.0.0.1:{free_ports(1)[0]}/a.root | {tmp_path}/b.root"

    place = locator.locate(url)

    assert (place.url, place.size_bytes, place.version[0]) == (url, 5, f"{tmp_path}/b.root")


def test_a_file_that_is_in_none_of_its_places_is_named(locator, tmp_path):
    with pytest.raises(InvalidRequestError, match=r"b\.root.*no such file"):
        locator.locate(f"{tmp_path}/a.root | {tmp_path}/b.root")


def test_a_place_that_failed_is_tried_last(locator, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(name.encode())
    url = f"{tmp_path}/a | {tmp_path}/b"

    locator.failed(locator.locate(url), is_bad=True)

    assert locator.locate(url).version[0] == f"{tmp_path}/b"


def test_a_server_that_is_away_is_asked_last_and_still_counts_as_another(locator, tmp_path):
    (tmp_path / "b").write_bytes(b"b")
    with _hanging_up() as (prefix, calls):
        url = f"{prefix}/a | {tmp_path}/b"
        locator.locate(url)
        asked = len(calls)

        place = locator.locate(url)

    assert len(calls) == asked > 0
    locator.failed(place, is_bad=True)
    assert locator.has_another(place)


@contextmanager
def _hanging_up():
    """Serve nothing; give the prefix of URLs there, and a list that grows with each call."""
    calls = []

    class Handler(socketserver.BaseRequestHandler):
        def handle(self):
            calls.append(self.client_address)

    with web_server(Handler) as prefix:
        yield prefix, calls


def test_a_folder_of_an_xrootd_server_is_listed(locator, tmp_path):
    for name in ("b.root", "a.root", "c.txt", ".part.root"):
        (tmp_path / name).write_bytes(b"1")
    with xrootd_server(tmp_path) as prefix:
        assert locator.find(f"{prefix}/*.root") == [f"{prefix}/a.root", f"{prefix}/b.root"]
        assert locator.locate(locator.find(f"{prefix}/a*")[0]).size_bytes == 1
        with pytest.raises(InvalidRequestError, match="only the last part"):
            locator.find(f"{prefix}/x*/a.root")


@pytest.mark.parametrize("sign", ["?", "#"])
def test_xrootd_is_not_led_to_another_server_than_the_one_that_was_checked(locator, sign):
    with socket.create_server(("127.0.0.1", 0)) as other:
        url = f"root://localhost{sign}@127.0.0.1:{other.getsockname()[1]}//a.root"
        for asked in (locator.locate, locator.find):
            with pytest.raises(InvalidRequestError, match="one server and one path"):
                asked(url)
        other.setblocking(False)
        with pytest.raises(BlockingIOError):
            other.accept()


def test_web_servers_are_not_listed(locator):
    with pytest.raises(InvalidRequestError, match="does not list"):
        locator.find("https://host/*.root")
