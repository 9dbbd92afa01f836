"""The short way and the general way of one connection, held against each other byte by byte."""

import asyncio
import socket
import threading
from contextlib import contextmanager
from typing import NamedTuple

import pytest
import uvicorn
from uvicorn.server import ServerState

from mlaas4hep.faas.server.connection import MAX_AT_ONCE, WAITED_BYTES, Connection
from mlaas4hep.faas.server.heads import MAX_HEAD_BYTES

HOW = {"log_config": None, "lifespan": "off", "proxy_headers": False}


class Told(NamedTuple):
    status: int
    body: bytes
    content_type: bytes = b"text/plain"
    headers: tuple = ((b"x-way", b"short"),)


class App:
    """Answers with what was sent: at once, unless the body begins with `no`."""

    def prompt(self, requests):
        return [self._prompt(*each) for each in requests]

    def _prompt(self, target, headers, body):
        if body.startswith(b"no"):
            return None
        return Told(200, b"%b %b %d" % (target, body, len(headers)))

    async def __call__(self, scope, receive, send):
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message["body"], message["more_body"]
        if body == b"no slow":
            await asyncio.sleep(0.05)
        told = b"%b %b %d" % (scope["raw_path"], body, len(scope["headers"]))
        headers = [
            (b"content-type", b"text/plain"),
            (b"content-length", b"%d" % len(told)),
            (b"x-way", b"general"),
        ]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": told})


class Patient(Connection):
    waited_s = 60.0


class Impatient(Connection):
    waited_s = 0.0


@contextmanager
def serving(protocol):
    server = uvicorn.Server(uvicorn.Config(App(), http=protocol, **HOW))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield listening.getsockname()
        server.should_exit = True
        thread.join(60)


@pytest.fixture(scope="module")
def door():
    with serving(Patient) as address:
        yield address


@pytest.fixture(scope="module")
def impatient_door():
    with serving(Impatient) as address:
        yield address


@contextmanager
def connected(door):
    with socket.create_connection(door, timeout=30) as line, line.makefile("rb") as file:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield line, file


def post(body, *headers, version="1.1"):
    head = [f"POST /p HTTP/{version}", "Host: x", *headers]
    return "\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode() + body


def answer(file):
    """Return the way, the body, and whether the connection stays, of the next answer."""
    status = file.readline()
    headers = {}
    while (line := file.readline()) != b"\r\n":
        assert line.endswith(b"\r\n")
        name, _, value = line.partition(b":")
        headers[name.lower()] = value.strip()
    assert b"date" in headers
    assert headers[b"content-type"] == b"text/plain"
    told = file.read(int(headers[b"content-length"]))
    if status.split()[1] != b"200":
        return status.split()[1].decode(), told
    return headers[b"x-way"].decode(), told


def test_what_comes_whole_takes_the_short_way_and_what_is_declined_the_general_one(door):
    with connected(door) as (line, file):
        for body, way in ((b"a", "short"), (b"no", "general"), (b"", "short"), (b"b", "short")):
            line.sendall(post(body))

            assert answer(file) == (way, b"/p %b 2" % body)


def test_requests_that_come_together_are_answered_in_their_order(door):
    bodies = [b"a", b"no slow", b"b", b"no", b"c"]
    with connected(door) as (line, file):
        line.sendall(b"".join(map(post, bodies)))
        told = [answer(file) for _ in bodies]

    assert [body for _, body in told] == [b"/p %b 2" % body for body in bodies]
    assert told[0][0] == "short"
    assert told[1][0] == told[2][0] == "general"  # it waits for the one before


def test_many_requests_that_come_together_leave_the_loop_to_others_in_between(door):
    bodies = [b"%d" % number for number in range(MAX_AT_ONCE + 3)]
    with connected(door) as (line, file):
        line.sendall(b"".join(map(post, bodies)))
        told = [answer(file) for _ in bodies]
        line.sendall(post(b"z"))

        assert [body for _, body in told] == [b"/p %b 2" % body for body in bodies]
        assert [way for way, _ in told] == ["short"] * MAX_AT_ONCE + ["general"] * 3
        assert answer(file) == ("short", b"/p z 2")


def in_pieces(door, sent, cut):
    """Return the answer to what is sent in two pieces, the first of which is read before."""
    with connected(door) as (line, file), connected(door) as (other, of_other):
        line.sendall(sent[:cut])
        for _ in range(3):
            other.sendall(post(b"a"))
            assert answer(of_other)[0] == "short"
        line.sendall(sent[cut:])
        found = answer(file)
        line.sendall(post(b"z"))

        assert answer(file) == ("short", b"/p z 2")
        return found


@pytest.mark.parametrize("cut", [5, 30, -4, -1])
def test_a_short_body_is_waited_for(door, cut):
    assert in_pieces(door, post(b"abcd"), cut) == ("short", b"/p abcd 2")


@pytest.mark.parametrize(("cut", "way"), [(30, "short"), (-4, "general"), (-1, "general")])
def test_a_body_that_does_not_come_soon_goes_the_general_way(impatient_door, cut, way):
    assert in_pieces(impatient_door, post(b"abcd"), cut) == (way, b"/p abcd 2")


def test_a_long_body_in_pieces_is_not_kept_back(door):
    body = b"x" * (WAITED_BYTES + 10)

    assert in_pieces(door, post(body), -5) == ("general", b"/p %b 2" % body)


def test_a_body_that_begins_slowly_and_goes_on_with_a_large_piece_is_no_head():
    begin, large = b"x" * 10_000, b"x" * MAX_HEAD_BYTES
    head = post(begin + large + b"x")[: -len(begin + large) - 1]
    config = uvicorn.Config(App(), **HOW)
    config.load()

    async def run():
        made = Patient(config, ServerState(), {})
        server = await asyncio.get_running_loop().create_server(lambda: made, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            while not made.connections:
                await asyncio.sleep(0)
            for each in (head, begin, large, b"x"):  # as they may come from a socket
                made.data_received(each)
            status = await reader.readline()
            writer.close()
            made.transport.close()
            return status

    assert asyncio.run(run()) == b"HTTP/1.1 200 OK\r\n"


def send_when_refused(address, line, rest):
    """Send the rest as soon as the server, which is told to stop, takes no connection any more."""
    while True:
        with socket.socket() as asking:
            if asking.connect_ex(address):
                break
    line.sendall(rest)


def test_a_request_that_is_coming_when_the_server_stops_is_answered():
    sent = post(b"abcd")
    with serving(Patient) as address:
        line = socket.create_connection(address, timeout=30)
        with connected(address) as (other, file):
            line.sendall(sent[:-1])
            other.sendall(post(b"a"))
            assert answer(file)[0] == "short"
        rest = threading.Thread(target=send_when_refused, args=(address, line, sent[-1:]))
        rest.start()
    rest.join(60)
    with line, line.makefile("rb") as file:
        assert answer(file) == ("general", b"/p abcd 2")


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


@pytest.mark.parametrize(
    ("header", "version"),
    [("Connection: close", "1.1"), ("X: y", "1.0"), ("Connection: keep-alive", "1.0")],
)
def test_a_connection_that_is_to_end_ends_after_its_answer(door, header, version):
    with connected(door) as (line, file):
        line.sendall(post(b"a", header, version=version))

        assert answer(file) == ("general", b"/p a 3")
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
