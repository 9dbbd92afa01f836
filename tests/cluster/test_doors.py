"""The doors of the node: TLS by the site's certificate, and nothing for those without a token."""

import ssl

import httpx2
import pytest

from deploy.testbed.cluster import site

DOORS = ("workflow", "predict")
HELLO = {"workflow": "/hello", "predict": "/v2/health/ready"}


@pytest.fixture
def trusting(cluster):
    """Return TLS that trusts the site's certificate, and no other."""
    _, certificate = site.certificate(cluster)
    return ssl.create_default_context(cafile=str(certificate))


@pytest.mark.parametrize("door", DOORS)
def test_a_door_proves_itself_with_the_sites_certificate(cluster, alice, trusting, door):
    bearer = {"Authorization": f"Bearer {alice.token}"}

    answer = httpx2.get(
        site.url(door, cluster) + HELLO[door], headers=bearer, verify=trusting, timeout=60
    )

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("door", DOORS)
def test_a_door_is_shut_to_whoever_has_no_token(cluster, trusting, door):
    path = {"workflow": "/runs", "predict": "/v2/models/any"}[door]

    assert (
        httpx2.get(site.url(door, cluster) + path, verify=trusting, timeout=60).status_code == 401
    )


def status(url):
    """Return the status of an answer; None where the connection is cut without one."""
    try:
        return httpx2.get(url, timeout=60).status_code
    except httpx2.TransportError:
        return None


@pytest.mark.parametrize("door", DOORS)
def test_a_door_speaks_nothing_but_tls(cluster, door):
    plain = site.url(door, cluster).replace("https://", "http://")

    assert status(plain + HELLO[door]) in {400, None}
