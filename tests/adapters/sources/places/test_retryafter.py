"""When a web server wants to be asked again, in the forms of RFC 9110, and what follows from it."""

import http.server
from typing import ClassVar

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


class Busy(http.server.BaseHTTPRequestHandler):
    """Says how long it wants to be left alone, and counts how often it was asked."""

    asked: ClassVar[list[str]] = []
    status, wants = 429, "120"

    def do_GET(self):
        self.asked.append(self.path)
        self.send_response(self.status)
        self.send_header("Retry-After", self.wants)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


def busy(status, wants="120"):
    return type("Busy", (Busy,), {"status": status, "wants": wants, "asked": []})


def test_a_server_that_has_too_many_questions_is_left_alone_by_other_files_too():
    now = [0.0]
    client = WebClient(ServerPolicy(), clock=lambda: now[0], pause=lambda _seconds: None)
    handler = busy(429)

    with web_server(handler) as prefix, web_server(busy(503)) as other:
        with pytest.raises(ServiceUnavailableError, match="answers 429"):
            client.get(f"{prefix}/a.root", (0, 10))
        now[0] = 30.0
        with pytest.raises(ServiceUnavailableError, match=r"left alone for 90 s") as resting:
            client.get(f"{prefix}/b.root", (0, 10))
        with pytest.raises(ServiceUnavailableError, match="answers 503"):
            client.get(f"{other}/c.root", (0, 10))
        assert (handler.asked, resting.value.retry_after_s) == (["/a.root"], 90.0)
        now[0] = 120.0
        with pytest.raises(ServiceUnavailableError, match="answers 429"):
            client.get(f"{prefix}/b.root", (0, 10))

    assert handler.asked == ["/a.root", "/b.root"]


def test_a_short_rest_is_waited_for():
    now, pauses = [0.0], []

    def pause(seconds):
        pauses.append(seconds)
        now[0] += seconds

    client = WebClient(ServerPolicy(), clock=lambda: now[0], pause=pause)
    handler = busy(429, wants="25")

    with web_server(handler) as prefix:
        for file in ("a.root", "b.root"):
            with pytest.raises(ServiceUnavailableError):
                client.get(f"{prefix}/{file}", (0, 10))

    assert pauses[:2] == [25.0, 25.0]
    assert handler.asked == ["/a.root"] * 3 + ["/b.root"] * 2


def test_one_file_that_is_fetched_from_tape_keeps_no_other_waiting():
    client = WebClient(ServerPolicy(), pause=lambda _seconds: None)
    handler = busy(503)

    with web_server(handler) as prefix:
        for file in ("a.root", "b.root"):
            with pytest.raises(ServiceUnavailableError, match="answers 503"):
                client.get(f"{prefix}/{file}", (0, 10))

    assert handler.asked == ["/a.root", "/b.root"]


def test_no_answer_keeps_a_server_from_being_asked_for_more_than_an_hour():
    now = [0.0]
    client = WebClient(ServerPolicy(), clock=lambda: now[0], pause=lambda _seconds: None)
    handler = busy(429, wants="9" * 9)

    with web_server(handler) as prefix:
        for now[0] in (0.0, 3500.0, 3600.0):  # it is never waited so long
            with pytest.raises(ServiceUnavailableError):
                client.get(f"{prefix}/a.root", (0, 10))

    assert handler.asked == ["/a.root"] * 2
