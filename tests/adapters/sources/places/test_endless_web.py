"""Answers of web servers without an end, without sense, and from too many addresses."""

import socket
import socketserver
import threading
from contextlib import ExitStack, contextmanager, suppress

import pytest

from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.web.client import PAUSES_S, WebClient
from mlaas4hep.errors import InvalidRequestError, ServiceUnavailableError
from mlaas4hep.laptop.ports import free_ports
from tests.adapters.sources.places.webserver import _PATHS, SECRET, _send


@pytest.mark.parametrize(
    "words",
    [b"HTTP/1.1 200 OK\r\nX-Long: ", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;"],
)
def test_an_answer_that_comes_letter_by_letter_is_not_waited_for(words):
    client = WebClient(ServerPolicy(), silence_s=0.2)
    with (
        _for_ever(words, b"x", every_s=0.05) as url,
        pytest.raises(ServiceUnavailableError, match="it is silent"),
    ):
        client.get(url, (0, 10))


def test_a_head_that_never_ends_is_no_http(places):
    with (
        _for_ever(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 1000, every_s=0) as url,
        pytest.raises(InvalidRequestError, match="does not speak HTTP"),
    ):
        places.locate(url)


@pytest.mark.parametrize(
    "words",
    [
        b"HTTP/1.1 206 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        b"HTTP/1.1 404 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        b"HTTP/1.1 206 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n",
    ],
)
def test_trailers_that_never_end_are_no_http(places, words):
    with (
        _for_ever(words, b"X-More: of them\r\n" * 1000, every_s=0) as url,
        pytest.raises(InvalidRequestError, match="does not speak HTTP"),
    ):
        places.locate(url)


_DIGITS = "9" * 5000  #: Python refuses to read them as a number
_LATE = "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"


@pytest.mark.parametrize(
    ("status", "headers", "words"),
    [
        (206, {"Content-Range": f"bytes 0-32767/{_DIGITS}"}, "or of how many, wrongly"),
        (206, {"Content-Range": f"bytes 0-{_DIGITS}/{_DIGITS}"}, "or of how many, wrongly"),
        (416, {"Content-Range": f"bytes */{_DIGITS}"}, "answers 416"),
        (503, {"Retry-After": _LATE}, "answers 503"),
        (503, {"Retry-After": "Mon, 01 Jan 2030 00:00:00 +99999999999999"}, "answers 503"),
        (503, {"Retry-After": _DIGITS}, "wants to be left alone"),
    ],
)
def test_numbers_that_are_no_files_are_refused_with_the_reason(
    server, places, status, headers, words
):
    _PATHS["numbers"] = lambda _s, handler: _send(handler, status, headers, SECRET.encode())
    try:
        with pytest.raises((InvalidRequestError, ServiceUnavailableError), match=words) as caught:
            places.locate(f"{server.prefix}/numbers")
    finally:
        del _PATHS["numbers"]

    assert SECRET not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_of_a_name_with_many_addresses_few_are_tried():
    looked = []

    def resolve(_host, port):
        looked.append(port)
        return ["127.0.0.1"] * 100_000

    client = WebClient(ServerPolicy(resolve=resolve))
    with pytest.raises(ServiceUnavailableError, match="no connection"):
        client.get(f"http://many.test:{free_ports(1)[0]}/a.root", (0, 10))

    assert len(looked) == len(PAUSES_S) + 1


def test_a_name_whose_addresses_are_all_silent_is_given_up_after_the_second():
    silence_s = 0.05
    client = WebClient(ServerPolicy(resolve=lambda *_: ["127.0.0.1"] * 100_000), silence_s)
    with _full() as port, pytest.raises(ServiceUnavailableError, match="it is silent"):
        client.get(f"http://many.test:{port}/a.root", (0, 10))


@contextmanager
def _full():
    """Give a port that answers nobody: as many wait for it as may."""
    with ExitStack() as stack:
        door = stack.enter_context(socket.socket())
        door.bind(("127.0.0.1", 0))
        door.listen(0)
        for _ in range(4):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(door.getsockname())
        yield door.getsockname()[1]


@contextmanager
def _for_ever(first, again, every_s):
    """Serve answers that begin in one way and then never end."""
    stopped = threading.Event()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self):
            with suppress(OSError):
                self.wfile.write(first)
                while not stopped.wait(every_s):
                    self.wfile.write(again)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{made.server_address[1]}/a.root"
        finally:
            stopped.set()
            made.shutdown()
