"""The short way and the general way of one connection, held against each other byte by byte."""

import asyncio
import socket
import threading

import pytest
import uvicorn
from uvicorn.server import ServerState

from mlaas4hep.faas.server.connection import MAX_AT_ONCE
from mlaas4hep.faas.server.heads import MAX_HEAD_BYTES
from mlaas4hep.faas.server.keptback import WAITED_BYTES
from tests.faas.server.doors import HOW, App, Patient, answer, connected, post, serving


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


@pytest.mark.parametrize("before", [b"", b"e"])
def test_a_request_that_is_coming_when_the_server_stops_is_answered(before):
    sent = post(b"abcd")
    with serving(Patient) as address:
        line = socket.create_connection(address, timeout=30)
        if before:
            line.sendall(post(before))
            with line.makefile("rb") as file:
                assert answer(file) == ("short", b"/p e 2")
        with connected(address) as (other, file):
            line.sendall(sent[:-1])
            other.sendall(post(b"a"))
            assert answer(file)[0] == "short"
        rest = threading.Thread(target=send_when_refused, args=(address, line, sent[-1:]))
        rest.start()
    rest.join(60)
    with line, line.makefile("rb") as file:
        assert answer(file) == ("general", b"/p abcd 2")


@pytest.mark.parametrize(
    ("header", "version"),
    [("Connection: close", "1.1"), ("X: y", "1.0"), ("Connection: keep-alive", "1.0")],
)
def test_a_connection_that_is_to_end_ends_after_its_answer(door, header, version):
    with connected(door) as (line, file):
        line.sendall(post(b"a", header, version=version))

        assert answer(file) == ("general", b"/p a 3")
        assert file.read() == b""
