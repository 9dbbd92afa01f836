"""When a web server wants to be asked again, in the forms of RFC 9110, and what follows from it."""

import http.server

import pytest

from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.web.client import WebClient
from mlaas4hep.adapters.sources.places.web.response import Response
from mlaas4hep.errors import ServiceUnavailableError
from tests.dataservers import web_server


class Hurrying(http.server.BaseHTTPRequestHandler):
    """Says that it has too much to do, and may be asked again at once."""

    def do_GET(self):
        self.send_response(429)
        self.send_header("Retry-After", "0")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("120", 120),
        ("Sun, 06 Nov 1994 09:49:37 GMT", 3600),  # the three forms of RFC 9110, 5.6.7
        ("Sunday, 06-Nov-94 09:49:37 GMT", 3600),
        ("Sun Nov  6 09:49:37 1994", 3600),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0),
        ("9" * 400, 366 * 24 * 3600),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 366 * 24 * 3600),
        ("soon", None),
        ("-5", None),
        ("Sun, 99 Nov 1994 09:49:37 GMT", None),
        ("", None),
    ],
)
def test_a_server_says_when_to_come_again_in_seconds_or_by_its_own_clock(asked, seconds):
    headers = {"retry-after": asked, "date": "Sun, 06 Nov 1994 08:49:37 GMT"}
    answer = Response(url="https://x/a", status=503, headers=headers, data=b"", whole=True)

    assert answer.retry_after_s == seconds
    assert answer.error().retry_after_s == (seconds or 0)


def test_a_server_without_a_clock_is_understood_by_ours():
    headers = {"retry-after": "Sun, 06 Nov 1994 08:49:37 GMT"}
    answer = Response(url="https://x/a", status=503, headers=headers, data=b"", whole=True)

    assert answer.retry_after_s == 0


def test_a_server_that_always_says_now_is_asked_less_and_less_often():
    pauses = []
    client = WebClient(ServerPolicy(), clock=lambda: sum(pauses), pause=pauses.append)

    with web_server(Hurrying) as prefix, pytest.raises(ServiceUnavailableError, match="429"):
        client.get(f"{prefix}/a.root", (0, 10))

    assert pauses == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0]
