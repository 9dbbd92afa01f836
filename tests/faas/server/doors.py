"""A server whose application tells which way a request took."""

import asyncio
import socket
import threading
from contextlib import contextmanager
from typing import NamedTuple

import uvicorn

from mlaas4hep.faas.server.connection import Connection

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

    def _prompt(self, head, body):
        if body.startswith(b"no"):
            return None
        return Told(200, b"%b %b %d" % (head.target, body, len(head.headers)))

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
