"""Web servers as they are: good, slow, broken and hostile; all of them real, on loopback."""

import socket
import ssl
import subprocess
import threading
from contextlib import ExitStack

import pytest

from mlaas4hep.adapters.sources.places.place import Ends
from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.web import client as webclient
from mlaas4hep.adapters.sources.places.web import place as webplace
from mlaas4hep.adapters.sources.places.web.client import MAX_REDIRECTS, WebClient
from mlaas4hep.errors import (
    ForbiddenError,
    InvalidRequestError,
    PermanentError,
    ServiceUnavailableError,
    TooLargeError,
)
from mlaas4hep.laptop.ports import free_ports
from tests.adapters.sources.places.webserver import _PATHS, DATA, SECRET, _good, _send
from tests.dataservers import web_server


def _read(place, start, stop):
    with ExitStack() as stack:
        (answer,) = place.open(stack).ask([(start, stop)])
        return bytes(answer())


def test_ranges_are_asked_for_and_no_more(server, places):
    place = places.locate(f"{server.prefix}/good")

    assert (place.size_bytes, _read(place, 1000, 1400)) == (len(DATA), DATA[1000:1400])
    assert [asked for _, asked in server.asked] == ["bytes=0-32767", "bytes=1000-1399"]


def test_no_more_is_read_than_was_asked_for(server, places):
    place = places.locate(f"{server.prefix}/huge")
    data = _read(place, 0, 403)

    assert len(data) == 403
    assert server.sent_bytes < 30_000_000  # what lies in buffers on the way


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("gone", "no such file"),
        ("closed", "refuses to give the file to this deployment: it answers 403"),
        ("login", "web page instead of a file"),
        ("loop", f"elsewhere more than {MAX_REDIRECTS} times"),
        ("file", "leads to, something else"),
        ("nowhere", "elsewhere, but not where"),
        ("wrong-range", "wrongly"),
        ("packed", "packs its answer"),
    ],
)
def test_what_cannot_heal_is_refused_at_once_with_the_reason(server, places, path, words):
    with pytest.raises(InvalidRequestError, match=words) as caught:
        places.locate(f"{server.prefix}/{path}?authz={SECRET}")

    assert SECRET not in str(caught.value)
    assert len(server.asked) <= MAX_REDIRECTS + 1


def test_each_redirect_is_checked_like_the_first(server):
    policy = ServerPolicy.of("*", "127.0.0.1/32", plain_http=True)

    with pytest.raises(ForbiddenError, match=r"127\.0\.0\.2.*internal network"):
        webplace.WebPlaces(policy).locate(f"{server.prefix}/elsewhere")


def test_of_a_redirect_that_is_refused_no_more_is_told_than_its_host(server):
    policy = ServerPolicy.of("127.0.0.1", "127.0.0.1/32", plain_http=True)

    with pytest.raises(ForbiddenError, match=r"other\.example") as caught:
        webplace.WebPlaces(policy).locate(f"{server.prefix}/leaking")

    assert SECRET not in caught.value.problem.message + caught.value.problem.hint


def test_all_hops_to_a_file_share_one_deadline(server):
    client = WebClient(ServerPolicy(), silence_s=0.5)

    with pytest.raises(ServiceUnavailableError, match="silent"):
        client.get(f"{server.prefix}/slowly", (0, 10))

    assert len(server.asked) <= MAX_REDIRECTS


def test_a_redirect_is_followed_and_its_token_shown_to_nobody(server, places):
    place = places.locate(f"{server.prefix}/moved")

    assert _read(place, 5, 9) == DATA[5:9]
    assert SECRET not in place.url


def test_addresses_that_are_not_allowed_are_not_connected_to(server):
    policy = ServerPolicy.of("*", "", plain_http=True)

    with pytest.raises(ForbiddenError, match="internal network"):
        webplace.WebPlaces(policy).locate(f"{server.prefix}/good")

    assert server.asked == []


def test_a_server_that_says_when_to_come_again_is_asked_again_then(server, places):
    assert places.locate(f"{server.prefix}/shy").size_bytes == len(DATA)
    assert len(server.asked) == 2


def test_a_server_that_wants_an_hour_is_left_to_the_next_delivery(server, places):
    with pytest.raises(ServiceUnavailableError, match="left alone for 3600 s") as caught:
        places.locate(f"{server.prefix}/very-shy")

    assert caught.value.retry_after_s == 3600
    assert len(server.asked) == 1


@pytest.mark.parametrize("path", ["dropping", "hiccup"])
def test_a_hiccup_is_tried_again(server, places, path):
    assert places.locate(f"{server.prefix}/{path}").size_bytes == len(DATA)


@pytest.mark.parametrize(
    ("path", "words"), [("broken", "answers 500"), ("always-dropping", "in the middle")]
)
def test_what_may_heal_is_said_to_be_away(server, places, path, words):
    with pytest.raises(ServiceUnavailableError, match=words) as caught:
        places.locate(f"{server.prefix}/{path}")

    assert SECRET not in str(caught.value)
    assert len(server.asked) == 3


def test_silence_is_told_at_once_and_waited_for_only_once(server):
    client = WebClient(ServerPolicy(), silence_s=0.2)

    with pytest.raises(ServiceUnavailableError, match="it is silent"):
        client.get(f"{server.prefix}/silent", (0, 10))

    assert len(server.asked) == 1


@pytest.mark.parametrize("path", ["whole", "unknown"])
def test_a_file_whose_server_knows_no_ranges_is_copied_whole(server, places, path):
    place = places.locate(f"{server.prefix}/{path}")

    assert (place.size_bytes, _read(place, 700, 900)) == (len(DATA), DATA[700:900])


@pytest.mark.parametrize("path", ["good", "whole", "unknown"])
def test_a_body_that_is_longer_than_the_room_for_a_piece_comes_whole(server, monkeypatch, path):
    monkeypatch.setattr(webclient, "ROOM_BYTES", 1000)
    monkeypatch.setattr(webclient, "PIECE_BYTES", 1000)

    answer = WebClient(ServerPolicy()).get(f"{server.prefix}/{path}", (0, len(DATA)))

    assert (answer.data, answer.whole) == (DATA, True)


def test_a_body_that_is_longer_than_asked_for_is_cut_in_a_later_piece(server, monkeypatch):
    monkeypatch.setattr(webclient, "ROOM_BYTES", 1000)

    answer = WebClient(ServerPolicy()).get(f"{server.prefix}/huge", (0, 2500))

    assert (len(answer.data), answer.whole) == (2500, False)


def test_a_large_file_whose_server_knows_no_ranges_is_refused(server, places):
    with pytest.raises(TooLargeError, match="does not give parts of files"):
        places.locate(f"{server.prefix}/large")


def test_a_file_that_changes_is_noticed(server, places):
    place = places.locate(f"{server.prefix}/good")
    _PATHS["good"], before = (
        (lambda _s, h: _send(h, 206, {"Content-Range": "bytes 5-8/9"}, b"1234")),
        _good,
    )

    try:
        with pytest.raises(PermanentError, match="changed since"):
            _read(place, 5, 9)
    finally:
        _PATHS["good"] = before


def test_what_does_not_speak_http_is_named_without_its_words(places):
    with socket.create_server(("127.0.0.1", 0)) as door:
        threading.Thread(
            target=_say, args=(door, f"220 {SECRET} SMTP\r\n\r\n".encode()), daemon=True
        ).start()

        with pytest.raises(InvalidRequestError, match="does not speak HTTP") as caught:
            places.locate(f"http://127.0.0.1:{door.getsockname()[1]}/a.root")

    assert SECRET not in str(caught.value)


def _say(door, words):
    line, _ = door.accept()
    with line:
        line.recv(1000)
        line.sendall(words)


def test_a_server_that_is_away_is_said_to_be(places):
    with pytest.raises(ServiceUnavailableError, match="no connection"):
        places.locate(f"http://127.0.0.1:{free_ports(1)[0]}/a.root")


def test_a_certificate_that_nobody_vouches_for_is_named(server, places, tmp_path):
    made = tmp_path / "server.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"]
    subprocess.run([*command, "-keyout", made, "-out", made], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made)
    with (
        web_server(server.handler(), context) as prefix,
        pytest.raises(InvalidRequestError, match="no certificate that is trusted"),
    ):
        places.locate(f"{prefix}/good")

    assert server.asked == []


def test_both_ends_of_a_file_are_asked_for_once(server, places):
    place = places.locate(f"{server.prefix}/good")
    with ExitStack() as stack:
        content = place.open(stack)
        for start in (0, 32_000, 90_000, len(DATA) - 4):
            assert place.read(content, start, start + 1000) == DATA[start : start + 1000]

    assert [asked for _, asked in server.asked] == ["bytes=0-32767", "bytes=32768-102399"]


class _Noted:
    """Bytes of a large file; notes which are asked for."""

    def __init__(self, data):
        self.data = data
        self.asked = []

    def ask(self, spans):
        self.asked += spans
        return [lambda span=span: memoryview(self.data)[slice(*span)] for span in spans]


def test_what_lies_between_the_ends_is_read_by_itself():
    content = _Noted(DATA * 60)
    ends = Ends(len(content.data))
    middle, over = (100_000, 100_050), (32_000, 33_000)

    assert [ends.read(content, *span) for span in (middle, over)] == [
        content.data[slice(*middle)],
        content.data[slice(*over)],
    ]
    assert content.asked == [middle, over]


@pytest.mark.parametrize(
    "url", ["http://me:pw@127.0.0.1/a", "http:///a", "http://[::1/a", "http://a\nb/c"]
)
def test_what_is_no_url_is_refused(places, url):
    with pytest.raises(InvalidRequestError, match=r"something else than|not a URL"):
        places.locate(url)
