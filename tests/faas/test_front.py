"""Streams between Flask and the server."""

import asyncio

import flask

from mlaas4hep.faas.front import STREAM, Front

SCOPE = {
    "type": "http",
    "http_version": "1.1",
    "method": "GET",
    "scheme": "http",
    "path": "/",
    "raw_path": b"/",
    "root_path": "",
    "query_string": b"",
    "headers": [],
    "client": ("127.0.0.1", 1),
    "server": ("127.0.0.1", 2),
}


def test_a_stream_ends_when_its_reader_leaves_while_it_waits():
    app, ended = flask.Flask("own"), []

    async def stream():
        try:
            yield b"first"
            await asyncio.Event().wait()
        finally:
            ended.append("stream")

    def watch():
        flask.request.environ[STREAM] = stream()
        return flask.Response()

    async def read_and_leave():
        read = asyncio.Event()
        asked = iter([{"type": "http.request", "body": b"", "more_body": False}])

        async def receive():
            if (request := next(asked, None)) is not None:
                return request
            await read.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            if message.get("body") == b"first":
                read.set()

        await Front(app, admit=None)(SCOPE, receive, send)

    app.add_url_rule("/", "watch", watch)
    asyncio.run(asyncio.wait_for(read_and_leave(), 60))

    assert ended == ["stream"]
