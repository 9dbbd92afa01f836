"""A head that comes again is known by its bytes; what comes behind it is never another request."""

from itertools import pairwise

import pytest

from mlaas4hep.faas.server.connection import Connection
from mlaas4hep.faas.server.keptback import WAITED_BYTES
from mlaas4hep.faas.server.samehead import SameHead
from mlaas4hep.faas.server.turn import Head
from tests.faas.server.doors import answer, connected, post, serving

HEADERS = [(b"host", b"x"), (b"content-length", b"3")]


def same(read=None, body=b"abc", headers=HEADERS):
    return SameHead.of(Head(b"/p", list(headers)), post(body) if read is None else read, body)


@pytest.mark.parametrize("body", [b"", b"a", b"abc", b"x" * 5000, post(b"abc")])
def test_a_request_with_the_same_head_has_another_body(body):
    read = post(body)
    begin, end, whole = same().place(read)

    assert read[begin:end] == body
    assert end == whole == len(read)
    assert same().place(read[:begin]) == (begin, end, end)  # it is still to come


@pytest.mark.parametrize(
    "read",
    [
        b"",
        post(b"abc")[:20],
        post(b"abc")[:-4],
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
    assert same().place(read) is None


PROXIED = ("X-Call-Id: {}", "X-Forwarded-For: 10.0.0.7:{}, 10.0.0.1", "X-Start-Time: 17{}")


def proxied(body, call, *others, version="1.1"):
    return post(body, *(each.format(call) for each in PROXIED), *others, version=version)


@pytest.mark.parametrize("call", ["7", "e8b1c2a0-2c5e-4a9b", "x" * 150])
def test_what_proxies_say_of_a_call_may_be_new(call):
    read = proxied(b"abcd", call)
    begin, end, whole = same(proxied(b"abc", "1")).place(read)

    assert (read[begin:end], end, whole) == (b"abcd", len(read), len(read))


@pytest.mark.parametrize(
    "read",
    [
        proxied(b"abc", ""),
        proxied(b"abc", "1\r\nTransfer-Encoding: chunked"),
        proxied(b"abc", "1\r\n\r\nPOST /q HTTP/1.1"),
        proxied(b"abc", "1\nX: y"),
        proxied(b"abc", "1\rX: y"),
        proxied(b"abc", "1\0"),
        proxied(b"abc", "1\u00e9"),
        proxied(b"abc", "x" * 201),
        proxied(b"abc", "1", "X: y"),
        proxied(b"abc", "1").replace(b"X-Call-Id", b"x-call-id"),
        post(b"abc"),
    ],
)
def test_what_proxies_say_is_one_plain_line(read):
    assert same(proxied(b"abc", "1")).place(read) is None


def test_a_length_whose_place_is_not_certain_is_not_remembered():
    read = post(b"abc").replace(b": 3", b":\t3\t")

    assert same(read) is None


IN_CHUNKS = [(b"host", b"x"), (b"transfer-encoding", b"chunked")]
LAST = b"0\r\n\r\n"


def chunked(*chunks, last=LAST, call="1"):
    head = [
        "POST /p HTTP/1.1",
        "Host: x",
        "Transfer-Encoding: chunked",
        f"X-Call-Id: {call}",
        "",
        "",
    ]
    return (
        "\r\n".join(head).encode() + b"".join(b"%x\r\n%b\r\n" % (len(e), e) for e in chunks) + last
    )


@pytest.mark.parametrize("body", [b"a", b"abc", b"x" * 5000, post(b"abc"), b"\r\n" + LAST])
def test_a_body_may_come_as_one_chunk(body):
    read = chunked(body, call="another")
    remembered = same(chunked(b"abc"), b"abc", IN_CHUNKS)
    begin, end, whole = remembered.place(read)

    assert (read[begin:end], whole) == (body, len(read))
    assert remembered.place(read[:-3]) == (begin, end, whole)  # it is still to come


@pytest.mark.parametrize(
    "read",
    [
        chunked(b"abc", b"abc"),
        chunked(),
        chunked(b"abc", last=b"0\r\nX: y\r\n\r\n"),
        chunked(b"abc", last=b"0;x\r\n\r\n"),
        chunked(b"abc", last=b"00\r\n\r\n"),
        chunked(b"abc", last=b"0\r\n\n\n"),
        chunked(b"abc").replace(b"\r\n3\r\n", b"\r\n3;x\r\n"),
        chunked(b"abc").replace(b"\r\n3\r\n", b"\r\n+3\r\n"),
        chunked(b"abc").replace(b"\r\n3\r\n", b"\r\n0x3\r\n"),
        chunked(b"abc").replace(b"\r\n3\r\n", b"\r\n3 \r\n"),
        chunked(b"abc").replace(b"\r\n3\r\n", b"\r\n3\n"),
        chunked(b"abc").replace(b"\r\n3\r\n", b"\r\n2\r\n"),
        chunked(b"abc").replace(b"\r\n3\r\n", b"\r\n0000003\r\n"),
        chunked(b"abc")[: -len(LAST) - 8],
    ],
)
def test_any_other_chunks_are_for_the_parser(read):
    assert same(chunked(b"abc"), b"abc", IN_CHUNKS).place(read) is None


@pytest.mark.parametrize(
    ("read", "headers"),
    [
        (chunked(b"a", b"bc"), IN_CHUNKS),
        (chunked(b"abc") + chunked(b"abc"), IN_CHUNKS),
        (chunked(b"abc"), [*IN_CHUNKS, *IN_CHUNKS]),
        (chunked(b"abc"), [(b"host", b"x"), (b"transfer-encoding", b"gzip, chunked")]),
    ],
)
def test_what_is_not_just_one_chunk_is_not_remembered(read, headers):
    assert same(read, b"abc", headers) is None


def test_a_watchdogs_requests_are_parsed_once_a_connection_whatever_follows():
    Parsing.heads = 0
    with serving(Parsing) as door, connected(door) as (line, file):
        for body in (b"a", b"bb", b"ccc"):
            line.sendall(chunked(body, call=len(body)))
            assert answer(file) == ("short", b"/p %b 3" % body)
        assert Parsing.heads == 1
        for sent, way in (((b"no",), "general"), ((b"a", b"b"), "short"), ((b"d",), "short")):
            line.sendall(chunked(*sent))
            assert answer(file) == (way, b"/p %b 3" % b"".join(sent))
        line.sendall(chunked(b"e") + chunked(b"f") + post(b"g"))

        assert [answer(file)[1] for _ in range(3)] == [b"/p e 3", b"/p f 3", b"/p g 2"]


class Parsing(Connection):
    heads = 0

    def on_headers_complete(self):
        Parsing.heads += 1
        super().on_headers_complete()


def test_calls_that_a_gateway_numbers_are_parsed_once_a_connection():
    Parsing.heads = 0
    with serving(Parsing) as door, connected(door) as (line, file):
        for call in range(5):
            line.sendall(proxied(b"a", call))
            assert answer(file) == ("short", b"/p a 5")
        assert Parsing.heads == 1
        line.sendall(proxied(b"no", "last"))

        assert answer(file) == ("general", b"/p no 5")
        assert Parsing.heads == 2  # what is declined is parsed, so that ASGI has its own number


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


def pieces(sent, *cuts):
    return [sent[begin:end] for begin, end in pairwise((0, *cuts, len(sent)))]


@pytest.mark.parametrize("cuts", [(-3,), (-2,), (-1,), (-3, -2, -1), (10,), (10, -2), (-4,)])
@pytest.mark.parametrize("body", [b"abc", b"noc"])
def test_a_body_that_comes_behind_the_same_head_is_waited_for(door, cuts, body):
    way = "short" if body == b"abc" else "general"
    with connected(door) as (line, file), connected(door) as (other, of_other):
        for _ in range(4):
            for piece in pieces(post(body), *cuts):
                line.sendall(piece)
                other.sendall(post(b"a"))
                assert answer(of_other) == ("short", b"/p a 2")

            assert answer(file) == (way, b"/p %b 2" % body)


def test_a_body_that_does_not_come_soon_behind_the_same_head_goes_the_general_way(impatient_door):
    with connected(impatient_door) as (line, file), connected(impatient_door) as (other, of_other):
        for body, expected in ((b"ab", "short"), (b"abc", "general"), (b"d", "short")):
            sent = post(body)
            for piece in [sent] if expected == "short" else pieces(sent, -2):
                line.sendall(piece)
                for _ in range(3):
                    other.sendall(post(b"a"))
                    assert answer(of_other)[0] == "short"

            assert answer(file) == (expected, b"/p %b 2" % body)


def test_a_long_body_behind_the_same_head_is_not_kept_back(door):
    body = b"x" * (WAITED_BYTES + 10)
    with connected(door) as (line, file), connected(door) as (other, of_other):
        line.sendall(post(b"a"))
        assert answer(file) == ("short", b"/p a 2")
        line.sendall(post(body)[:-5])
        other.sendall(post(b"a"))
        assert answer(of_other)[0] == "short"
        line.sendall(body[-5:])

        assert answer(file) == ("general", b"/p %b 2" % body)
