"""The fuzzer hears what doors do with the bytes that it sends."""

import logging

import pytest

from fuzz.doors import TARGETS, FellOverError, is_whole, knocking
from tests.asgi import serving

POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab"


@pytest.fixture(autouse=True)
def _logging():
    handlers = list(logging.getLogger().handlers)
    yield
    logging.disable(logging.NOTSET)
    logging.getLogger().handlers[:] = handlers


async def answer(send, status):
    await send({"type": "http.response.start", "status": status, "headers": []})
    await send({"type": "http.response.body", "body": b"x"})


async def falls_over(scope, receive, send):
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await answer(send, 200 if scope["method"] == "GET" else 500)


async def foresees_nothing(scope, receive, send):
    if scope["type"] == "http" and scope["method"] == "POST":
        await receive()
        logging.getLogger("door").error("unexpected", exc_info=ValueError("of a kind"))
    if scope["type"] == "http":
        await answer(send, 400)


def test_a_request_with_a_body_is_answered_and_a_500_of_it_is_heard():
    with serving(falls_over) as url, pytest.raises(FellOverError, match="500"):
        knocking(url, "t")(POST)


def test_what_a_door_did_not_foresee_is_a_finding_whatever_it_answers():
    with serving(foresees_nothing) as url, pytest.raises(FellOverError, match="of a kind"):
        knocking(url, "t")(POST)


def test_most_requests_say_how_long_they_are_as_doors_wait_for_the_rest():
    mended = TARGETS[0].mended

    assert mended is not None
    assert mended(POST + b"cde") == POST.replace(b"Length: 2", b"Length: 5") + b"cde"
    assert mended(b"no request") == b"no request"


@pytest.mark.parametrize(
    ("answer", "whole"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nServer: x\r\n\r\nab", True),
        (b"HTTP/1.1 204 No\r\ncontent-length: 0\r\n\r\n", True),
        (b"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\na", False),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n", False),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n", False),
        (b"HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n", False),
        (b"", False),
    ],
)
def test_no_answer_is_left_before_it_is_whole(answer, whole):
    assert is_whole(answer) == whole
