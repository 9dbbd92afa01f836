"""An S3 that is too busy, as the large ones are from time to time: 503 SlowDown."""

import http.server
from collections.abc import Iterator
from pathlib import Path

import pytest

from mlaas4hep.adapters.stores.filecache import FileCache
from mlaas4hep.adapters.stores.s3 import S3Store, client
from mlaas4hep.errors import MlaasError, ServiceUnavailableError
from tests.dataservers import web_server

SLOW_DOWN = (
    b"<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
)


class Busy(http.server.BaseHTTPRequestHandler):
    """Refuses the first requests and stores the rest."""

    protocol_version = "HTTP/1.1"
    refused = 0
    stored: dict[str, bytes]

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if type(self).refused > 0:
            type(self).refused -= 1
            self._say(503, SLOW_DOWN)
            return
        self.stored[self.path.partition("?")[0]] = body
        self._say(200, b"")

    def do_GET(self) -> None:
        self._say(503, SLOW_DOWN)

    def _say(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("ETag", '"e"')
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def busy() -> type[Busy]:
    return type("Fresh", (Busy,), {"stored": {}})


@pytest.fixture
def store(busy: type[Busy], tmp_path: Path) -> Iterator[S3Store]:
    with web_server(busy) as url:
        minio = client(url, "access", "secret", region="here")
        yield S3Store(minio, "chunks", FileCache(tmp_path, 1 << 20))
        minio._http.clear()


def test_a_store_that_is_busy_for_a_moment_is_asked_again_with_the_whole_object(store, busy):
    busy.refused = 2

    store.put("o/a.chunk", b"all of it")

    assert busy.stored == {"/chunks/o/a.chunk": b"all of it"}


def test_a_store_that_stays_busy_is_away_and_its_address_nobodys_business(store, busy):
    busy.refused = 1000

    with pytest.raises(ServiceUnavailableError) as told:
        store.put("o/a.chunk", b"data")
    assert "503" in str(told.value)
    assert "127.0.0.1" not in str(told.value)
    with pytest.raises(ServiceUnavailableError):
        store.get("o/a.chunk")


def test_a_busy_store_is_not_called_too_old_for_conditional_writes(store, busy):
    busy.refused = 1

    with pytest.raises(MlaasError) as told:
        store.put_if("o/model.json", b"data", "e")

    assert isinstance(told.value, ServiceUnavailableError)
    assert told.value.problem.hint == ""
