"""The end of a file that is opened is asked for along with its first bytes, of any web server."""

from contextlib import ExitStack

import pytest

from mlaas4hep.adapters.sources.places.place import LAST_BYTES
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.web.place import WebPlaces
from mlaas4hep.errors import InvalidRequestError
from tests.adapters.sources.places.webserver import DATA

HEAD, END, REST = "bytes=0-32767", f"bytes=-{LAST_BYTES}", "bytes=32768-102399"


def _ends(place):
    """Return the bytes at both ends, which are all of this file."""
    with ExitStack() as stack:
        content = place.open(stack)
        place.look(content)
        return place.read(content, 0, place.size_bytes)


def _asked(server):
    return sorted(asked for _, asked in server.asked)


def test_both_ends_come_before_anybody_knows_the_size(server, places):
    assert _ends(places.locate(f"{server.prefix}/good", opens=True)) == DATA
    assert _asked(server) == sorted([HEAD, END])


def test_the_end_comes_through_a_redirect(server, places):
    assert _ends(places.locate(f"{server.prefix}/moved", opens=True)) == DATA
    assert _asked(server) == sorted([HEAD, END] * 2)


def test_a_file_that_is_not_opened_is_not_asked_for_its_end(server, places):
    places.locate(f"{server.prefix}/good")

    assert _asked(server) == [HEAD]


@pytest.mark.parametrize(
    "path", ["whole", "refused", "other", "first", "short", "broken", "elsewhere"]
)
def test_a_server_that_does_not_give_the_end_is_asked_by_place_and_not_so_again(server, path):
    places = WebPlaces(ServerPolicy.of("*", "127.0.0.1/32", plain_http=True))
    url = f"{server.prefix}/end-{path}"

    assert [_ends(places.locate(url, opens=True)) for _ in range(2)] == [DATA, DATA]
    assert _asked(server) == sorted([END, *[HEAD, REST] * 2])


def test_a_file_whose_server_knows_no_ranges_is_copied_whole_when_it_is_opened(server, places):
    assert _ends(places.locate(f"{server.prefix}/whole", opens=True)) == DATA


def test_a_file_that_is_not_there_is_refused_when_it_is_opened(server, places):
    with pytest.raises(InvalidRequestError, match="no such file"):
        places.locate(f"{server.prefix}/gone", opens=True)
