"""Proxies and passwords that the environment gives to all programs: what the clients do with them."""

import asyncio
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mlaas4hep.client.connections.asyncconnection import AsyncConnection
from mlaas4hep.client.connections.connection import Connection
from mlaas4hep.client.connections.moves import Exchange

VARIABLES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy")


@contextmanager
def listening():
    """Give the address of a server, and what it was asked: path and authorization."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append((self.path, self.headers["Authorization"]))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_port, asked
        server.shutdown()


@pytest.fixture
def proxy(monkeypatch):
    """Return what the proxy of this session was asked."""
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with listening() as (port, asked):
        for name in VARIABLES:
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        yield asked


def _ask(url):
    connection = Connection("TOKEN")
    connection.make(Exchange(method="GET", url=url))
    connection.close()


def _await(url):
    async def ask():
        connection = AsyncConnection("TOKEN")
        await connection.make(Exchange(method="GET", url=url))
        await connection.close()

    asyncio.run(ask())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
@pytest.mark.parametrize("ask", [_ask, _await])
def test_a_platform_of_this_machine_is_asked_without_the_sessions_proxy(proxy, host, ask):
    with listening() as (port, asked):
        ask(f"http://{host}:{port}/me")

    assert asked == [("/me", "Bearer TOKEN")]
    assert proxy == []


@pytest.mark.parametrize("ask", [_ask, _await])
def test_a_platform_elsewhere_is_asked_through_it(proxy, ask):
    ask("http://door.example/me")

    assert proxy == [("http://door.example/me", "Bearer TOKEN")]


@pytest.mark.parametrize("ask", [_ask, _await])
def test_a_password_of_netrc_takes_no_tokens_place(monkeypatch, tmp_path, ask):
    netrc = tmp_path / ".netrc"
    netrc.write_text("default login alice password secret\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HOME", str(tmp_path))
    with listening() as (port, asked):
        ask(f"http://127.0.0.1:{port}/me")

    assert asked == [("/me", "Bearer TOKEN")]
