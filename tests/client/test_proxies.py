"""Proxies and passwords that the environment gives to all programs: what the clients do with them."""

import asyncio

import pytest

from mlaas4hep.client.connections.asyncconnection import AsyncConnection
from mlaas4hep.client.connections.connection import Connection
from mlaas4hep.client.connections.moves import Exchange
from tests.client.proxies import listening, proxied


@pytest.fixture
def proxy(monkeypatch):
    """Return what the proxy of this session was asked."""
    with proxied(monkeypatch) as asked:
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
