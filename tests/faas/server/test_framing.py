"""How a body is announced: in chunks, with another protocol, after a wait, or not as HTTP says."""

import pytest

from tests.faas.server.doors import answer, connected, post


def test_a_short_body_in_chunks_takes_the_short_way(door):
    head = b"POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with connected(door) as (line, file):
        line.sendall(head + b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n" + post(b"d"))

        assert [answer(file), answer(file)] == [("short", b"/p abc 2"), ("short", b"/p d 2")]


@pytest.mark.parametrize(("body", "way"), [(b"ab", "short"), (b"no", "general")])
def test_a_trailer_is_no_header(door, body, way):
    head = b"POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n"
    with connected(door) as (line, file):
        line.sendall(head + body + b"\r\n0\r\nAuthorization: Bearer x\r\n\r\n")

        assert answer(file) == (way, b"/p %b 2" % body)


@pytest.mark.parametrize(
    "framing", [b"Content-Length: 7\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n7\r\n"]
)
def test_what_asks_for_another_protocol_can_have_no_body(door, framing):
    asking = b"POST /p HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: x\r\n"
    with connected(door) as (line, file):
        line.sendall(asking + framing)
        assert file.readline().startswith(b"HTTP/1.1 400 ")
        assert file.read().endswith(b"received.")  # and the connection is closed


def test_what_asks_for_another_protocol_is_answered_and_is_the_last(door):
    asking = b"GET /p HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    with connected(door) as (line, file):
        line.sendall(asking)
        assert answer(file) == ("general", b"/p  3")
        assert file.read() == b""


def test_who_waits_to_send_a_body_is_told_to(door):
    head, body = post(b"abc", "Expect: 100-continue").split(b"\r\n\r\n")
    with connected(door) as (line, file):
        line.sendall(head + b"\r\n\r\n")
        assert file.readline() == b"HTTP/1.1 100 Continue\r\n"
        assert file.readline() == b"\r\n"
        line.sendall(body)

        assert answer(file) == ("general", b"/p abc 3")


@pytest.mark.parametrize(
    "broken", [b"\x00\x01 / HTTP/1.1\r\n\r\n", post(b"a").replace(b"Length: 1", b"Length: x")]
)
def test_what_is_no_http_is_refused_after_what_came_before(door, broken):
    with connected(door) as (line, file):
        line.sendall(post(b"a") + broken)

        assert answer(file) == ("short", b"/p a 2")
        assert file.readline().startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize(
    "target", [b"http://x", b"http://[/p", b"http://x:80x/p", b"/" + b"a" * 65_535]
)
def test_an_address_that_is_none_is_refused_before_its_body_comes(impatient_door, target):
    head, _ = post(b"abc").replace(b"/p", target, 1).split(b"\r\n\r\n")
    with connected(impatient_door) as (line, file):
        line.sendall(head + b"\r\n\r\n")

        assert file.readline().startswith(b"HTTP/1.1 400 ")


def test_a_kept_back_request_whose_end_is_broken_is_never_answered(door):
    head = b"POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
    with connected(door) as (line, file):
        line.sendall(head + b"2\r\nab\r\nzz\r\n")

        assert file.readline().startswith(b"HTTP/1.1 400 ")
        assert b"short" not in file.read()
