import asyncio
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from mlaas4hep import bootstrap
from mlaas4hep.adapters.identity.signing import SigningKey
from mlaas4hep.adapters.nats.provision import provision
from mlaas4hep.dispatcher.__main__ import dispatch
from mlaas4hep.ports import Bus, RunBook
from mlaas4hep.settings import Settings
from mlaas4hep.testing.nats import NatsServer

CallOutcome = tuple[Any, ...]  #: status, body, and headers if there are any


def handler_of(functions: "Functions") -> type[BaseHTTPRequestHandler]:
    """Return what answers calls in their name."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._say(functions.readiness, {})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            function = self.path.rpartition("/")[2]
            event = json.loads(body)["id"]
            with functions.changed:
                functions.headers.append({k.lower(): v for k, v in self.headers.items()})
                functions.bodies[event] = body
                functions.calls.append((function, event))
                functions.changed.notify_all()
            self._say(*functions.answer(function, event))

        def _say(
            self,
            status: int,
            body: dict[str, Any],
            headers: Mapping[str, str] = MappingProxyType({}),
        ) -> None:
            data = json.dumps(body).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: Any) -> None:
            pass

    return Handler


class Functions:
    """A gateway whose functions answer what the test wants."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []  #: (function, event id)
        self.headers: list[dict[str, str]] = []
        self.bodies: dict[str, bytes] = {}  #: by event id
        self.answer: Callable[[str, str], CallOutcome] = lambda _function, _event: (200, {})
        self.readiness = 200  #: the status that is answered to the question whether they are ready
        self.changed = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def wait_for(self, so: Callable[[], bool], timeout_s: float = 120) -> None:
        with self.changed:
            assert self.changed.wait_for(so, timeout_s), self.calls

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def functions() -> Iterator[Functions]:
    functions = Functions()
    yield functions
    functions.close()


@pytest.fixture
def nats_server(tmp_path: Path) -> Iterator[NatsServer]:
    server = NatsServer(tmp_path / "nats")
    server.start()
    provision(server.url)
    yield server
    server.stop()


@pytest.fixture
def signing_key() -> SigningKey:
    return SigningKey.new()


@pytest.fixture
def settings(
    nats_server: NatsServer, functions: Functions, signing_key: SigningKey, tmp_path: Path
) -> Settings:
    key = tmp_path / "key.pem"
    key.write_text(signing_key.private_pem)
    return Settings(
        nats=nats_server.url,
        gateway_url=functions.url,
        dispatcher_private_key_file=str(key),
        dispatcher_limits="specs=2,chunk-preprocess=4,train=2,predict=1",
    )


@pytest.fixture
def messaging(settings: Settings) -> Iterator[bootstrap.Messaging]:
    messaging = bootstrap.messaging(settings)
    yield messaging
    messaging.close()


@pytest.fixture
def bus(messaging: bootstrap.Messaging) -> Bus:
    return messaging.bus


@pytest.fixture
def runs(messaging: bootstrap.Messaging) -> RunBook:
    return messaging.runs


Dispatching = Callable[[], Any]


@pytest.fixture
def dispatching(settings: Settings) -> Dispatching:
    """Runs the dispatcher in a thread while the context lasts."""

    @contextmanager
    def running() -> Iterator[None]:
        loop = asyncio.new_event_loop()
        stop = asyncio.Event()
        thread = threading.Thread(
            target=loop.run_until_complete, args=(dispatch(settings, stop, grace_s=1),)
        )
        thread.start()
        try:
            yield
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()
            loop.close()

    return running
