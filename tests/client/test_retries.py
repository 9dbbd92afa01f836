"""Servers that are busy, away or lost: what is asked again, and what is not."""

import httpx2
import pytest

from mlaas4hep.errors import (
    NotFoundError,
    QuotaError,
    ServiceUnavailableError,
)
from tests.client.doors import Server

USAGE = {
    "owner": "a",
    "name": "a",
    "groups": [],
    "is_admin": False,
    "bytes": {},
    "max_bytes": 1,
    "unfinished_runs": 0,
    "max_runs": 1,
    "max_models": 1,
    "max_upload_bytes": 1,
}


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_server_that_is_busy_is_asked_again(status):
    server = Server(
        httpx2.Response(status, headers={"Retry-After": "7"}),
        httpx2.Response(status),
        httpx2.Response(200, json=USAGE),
    )

    with server.client() as client:
        assert client.usage().name == "a"
    assert server.pauses == [7.0, 1.0]


def test_a_server_that_stays_busy_is_given_up():
    server = Server(*[httpx2.Response(503) for _ in range(3)])

    with server.client(retries=2) as client, pytest.raises(ServiceUnavailableError):
        client.usage()
    assert len(server.asked) == 3


def test_what_may_have_been_done_is_not_done_twice():
    server = Server(httpx2.Response(504))

    with server.client() as client, pytest.raises(ServiceUnavailableError):
        client.submit("luca")
    assert len(server.asked) == 1


def test_a_quota_is_not_asked_again():
    error = {"error": {"code": "quota_exceeded", "message": "full"}}
    server = Server(httpx2.Response(429, json=error))

    with server.client() as client, pytest.raises(QuotaError, match="full"):
        client.submit("luca")


def test_an_upload_is_sent_again_from_its_beginning():
    server = Server(httpx2.Response(503), httpx2.Response(404, text="no such page"))

    with server.client() as client, pytest.raises(NotFoundError) as caught:
        client.upload(b"tarball", name="luca")
    assert [body for _, body in server.asked] == [b"tarball", b"tarball"]
    assert "answered 404: no such page" in str(caught.value)


def test_a_lost_connection_is_tried_again_where_that_does_no_harm():
    server = Server(httpx2.ReadError("gone"), httpx2.Response(200, json=USAGE))
    with server.client() as client:
        client.usage()

    server = Server(httpx2.ReadError("gone"))
    with server.client() as client, pytest.raises(ServiceUnavailableError, match="gone"):
        client.submit("luca")


def test_nobody_there_is_told_with_the_address():
    server = Server(httpx2.ConnectError("refused"), httpx2.ConnectError("refused"))

    with server.client(retries=1) as client, pytest.raises(ServiceUnavailableError) as caught:
        client.submit("luca")
    assert "http://door/function/workflow/runs" in str(caught.value)
