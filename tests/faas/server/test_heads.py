"""Heads of requests that are too large, or do not come, end their connection."""

import socket
import threading
from contextlib import contextmanager

import pytest
import uvicorn

from mlaas4hep.faas.server.heads import MAX_HEAD_BYTES, LimitedHeads

HEAD = b"GET / HTTP/1.1\r\nHost: x\r\n"


class Impatient(LimitedHeads):
    max_head_s = 0.2


async def app(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"fine"})


@contextmanager
def connected(protocol):
    server = uvicorn.Server(uvicorn.Config(app, log_config=None, http=protocol, lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        with socket.create_connection(listening.getsockname(), timeout=60) as line:
            yield line
        server.should_exit = True
        thread.join(60)


def answer(line):
    """Return what comes until the door closes the connection."""
    parts = []
    try:
        while part := line.recv(65536):
            parts.append(part)
    except ConnectionError:  # it closed while bytes of ours were on their way
        pass
    return b"".join(parts)


CHUNKED = HEAD.replace(b"GET", b"POST") + b"Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"


@pytest.mark.parametrize(
    ("begin", "more"),
    [
        (HEAD, b"X-A: b\r\n"),
        (HEAD + b"X: ", b"x" * 8),
        (CHUNKED + b"0\r\n", b"X-A: b\r\n"),
        (CHUNKED + b"0\r\nX: ", b"x" * 8),
        (CHUNKED + b"5;a=", b"x" * 8),
        (HEAD + b"\r\n", b"\r\n" * 4),
    ],
    ids=["headers", "a header", "trailers", "a trailer", "an extension", "empty lines"],
)
def test_what_goes_on_without_end_around_a_body_is_refused(begin, more):
    sent = 0
    with connected(LimitedHeads) as line:
        line.sendall(begin)
        try:
            while sent < 100 * MAX_HEAD_BYTES:
                line.sendall(more * 4096)
                sent += len(more) * 4096
        except ConnectionError:
            pass

    assert sent < 100 * MAX_HEAD_BYTES


def test_a_long_body_may_come_in_any_pieces():
    body = b"1\r\na\r\n" * 100_000 + b"%x\r\n" % 2**20 + b"a" * 2**20 + b"\r\n0\r\n\r\n"
    with connected(LimitedHeads) as line:
        line.sendall(CHUNKED + body + HEAD + b"Connection: close\r\n\r\n")

        assert answer(line).count(b"fine") == 2


@pytest.mark.parametrize("sent", [b"", b"GET", HEAD])
def test_a_head_that_does_not_come_is_given_up(sent):
    with connected(Impatient) as line:
        line.sendall(sent)

        assert answer(line).startswith(b"HTTP/1.1 408 ")


def test_a_later_head_is_waited_for_as_long():
    with connected(Impatient) as line:
        line.sendall(HEAD + b"\r\n" + HEAD)

        assert answer(line).startswith(b"HTTP/1.1 200 ")


def test_requests_that_follow_each_other_are_answered():
    with connected(Impatient) as line:
        line.sendall((HEAD + b"\r\n") * 3 + HEAD + b"Connection: close\r\n\r\n")

        assert answer(line).count(b"fine") == 4


EARLY = HEAD.replace(b"GET", b"POST") + b"Content-Length: 4\r\n\r\n"


def test_who_was_answered_before_the_body_came_cannot_hold_the_line_for_ever():
    with connected(Impatient) as line:
        line.sendall(EARLY + b"a")
        first = line.recv(65536)
        line.sendall(b"b")

        assert (first + answer(line)).count(b"HTTP/1.1 ") == 1


def test_a_body_whose_rest_comes_after_the_answer_leaves_the_line_to_the_next_request():
    with connected(LimitedHeads) as line:
        line.sendall(EARLY + b"a")
        first = line.recv(65536)
        line.sendall(b"bcd" + HEAD + b"Connection: close\r\n\r\n")

        assert (first + answer(line)).count(b"HTTP/1.1 200 ") == 2
