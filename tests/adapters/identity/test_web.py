"""Asking an issuer over HTTP where the environment names a proxy."""

import pytest

from mlaas4hep.adapters.identity import web
from tests.client.proxies import listening, proxied


@pytest.fixture
def proxy(monkeypatch):
    """Return what the proxy of this session was asked."""
    with proxied(monkeypatch) as asked:
        yield asked


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_an_issuer_of_this_machine_is_asked_without_the_sessions_proxy(proxy, host):
    with listening() as (port, asked):
        assert web.answered(f"http://{host}:{port}/jwks") == {}

    assert asked == [("/jwks", None)]
    assert proxy == []


def test_an_issuer_elsewhere_is_asked_through_it(proxy):
    assert web.answered("http://issuer.example/jwks") == {}

    assert proxy == [("http://issuer.example/jwks", None)]
