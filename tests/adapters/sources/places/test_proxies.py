"""A proxy that the environment names stands between us and no data server."""

from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.adapters.sources.places.web.client import WebClient
from tests.client.proxies import listening, proxied


def test_a_data_server_is_asked_without_a_proxy_because_its_address_was_checked(monkeypatch):
    with proxied(monkeypatch) as proxy, listening() as (port, asked):
        WebClient(ServerPolicy()).get(f"http://127.0.0.1:{port}/a.root", (0, 2))

        assert len(asked) == 1
        assert proxy == []
