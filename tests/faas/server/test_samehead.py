"""A head that comes again is known by its bytes; what comes behind it is never another request."""

import pytest

from mlaas4hep.faas.server.samehead import SameHead
from mlaas4hep.faas.server.turn import Head
from tests.faas.server.doors import answer, connected, post

HEADERS = [(b"host", b"x"), (b"content-length", b"3")]


def same(read=None, body=b"abc", headers=HEADERS):
    return SameHead.of(Head(b"/p", list(headers)), post(body) if read is None else read, body)


@pytest.mark.parametrize("body", [b"", b"a", b"abc", b"x" * 5000, post(b"abc")])
def test_a_request_with_the_same_head_has_another_body(body):
    assert same().body(post(body)) == body


@pytest.mark.parametrize(
    "read",
    [
        b"",
        post(b"abc")[:-1],
        post(b"abc")[:20],
        post(b"abc") + b"d",
        post(b"abc") + post(b"abc"),
        post(b"abc", "X: y"),
        post(b"abc").replace(b"/p", b"/q"),
        post(b"abc").replace(b": 3", b": -3"),
        post(b"abc").replace(b": 3", b": +3"),
        post(b"abc").replace(b": 3", b": "),
        post(b"abc").replace(b": 3", b": 3 "),
        post(b"abc").replace(b": 3", b": 0x3"),
        post(b"abc").replace(b": 3", b": 0000000003"),
        post(b"abc").replace(b": 3", b": 3\r\nX: y"),
        post(b"abc").replace(b": 3", ": \u0663".encode()),
    ],
)
def test_anything_else_is_for_the_parser(read):
    assert same().body(read) is None


@pytest.mark.parametrize(
    ("read", "body", "headers"),
    [
        (post(b"abc") + post(b"abc"), b"abc", HEADERS),
        (b"3\r\nabc\r\n", b"abc", [(b"host", b"x"), (b"transfer-encoding", b"chunked")]),
        (post(b"abc"), b"abc", [*HEADERS, (b"transfer-encoding", b"chunked")]),
        (post(b"abc"), b"abc", [*HEADERS, (b"content-length", b"3")]),
        (post(b"abc", "X: " + "y" * 9000), b"abc", HEADERS),
        (post(b"abcd"), b"abc", HEADERS),
    ],
)
def test_what_is_not_just_one_request_is_not_remembered(read, body, headers):
    assert same(read, body, headers) is None


def test_a_connection_is_answered_as_before_whatever_follows_the_same_head(door):
    bodies = [b"a", b"bb", b"no", b"", b"no slow", b"ccc", post(b"d")]
    with connected(door) as (line, file):
        for body in (*bodies, *bodies):
            line.sendall(post(body))
            way = "general" if body.startswith(b"no") else "short"

            assert answer(file) == (way, b"/p %b 2" % body)


def test_the_same_head_comes_in_pieces_too_and_with_others(door):
    sent = [
        [post(b"a")],
        [post(b"b") + post(b"c")],
        [post(b"d")[:30], post(b"d")[30:]],
        [post(b"e")],
        [post(b"f", "X: y")],
        [post(b"g") + post(b"no") + post(b"h")],
        [post(b"i")],
    ]
    told = []
    with connected(door) as (line, file):
        for pieces in sent:
            for piece in pieces:
                line.sendall(piece)
            told += [answer(file)[1] for _ in range(b"".join(pieces).count(b"POST"))]

    numbers = [b"3" if each == b"f" else b"2" for each in (b"a", b"b", b"c", b"d", b"e", b"f")]
    expected = [b"/p %b %b" % each for each in zip(b"a b c d e f".split(), numbers, strict=True)]
    assert told == [*expected, b"/p g 2", b"/p no 2", b"/p h 2", b"/p i 2"]


def test_what_is_no_http_is_refused_behind_the_same_head_too(door):
    with connected(door) as (line, file):
        for body in (b"a", b"b"):
            line.sendall(post(body))
            assert answer(file) == ("short", b"/p %b 2" % body)
        line.sendall(post(b"c") + b"\x00\x01 / HTTP/1.1\r\n\r\n")

        assert answer(file)[1] == b"/p c 2"
        assert file.readline().startswith(b"HTTP/1.1 400 ")
