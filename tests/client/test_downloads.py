"""A bundle that comes to the client: whole, cut, or again."""

import base64
import gzip
import hashlib

import httpx2
import pytest

from mlaas4hep.errors import (
    NotFoundError,
    ServiceUnavailableError,
)
from tests.client.doors import Server


def test_a_download_that_fails_leaves_no_file(client, tmp_path):
    with pytest.raises(NotFoundError):
        client.download("nix", tmp_path / "m.tar.gz")

    assert list(tmp_path.glob("*m.tar.gz*")) == []


TARBALL = gzip.compress(b"bundle" * 1000, mtime=0)
DIGEST = base64.b64encode(hashlib.sha256(b"whole").digest()).decode()


@pytest.mark.parametrize(
    ("headers", "content", "said"),
    [
        ({"Content-Length": "5"}, b"who", "3 bytes came, 5 were announced"),
        ({"Content-Length": "2"}, b"who", "3 bytes came, 2 were announced"),
        ({"Repr-Digest": f"sha-256=:{DIGEST}:"}, b"whale", "another sha-256"),
        ({}, TARBALL[:10], "breaks off"),
        ({}, TARBALL[:-1], "breaks off"),
        ({}, b"", "nothing came"),
    ],
)
def test_a_download_that_breaks_off_is_tried_again_and_leaves_no_file(
    tmp_path, headers, content, said
):
    def answers():
        return httpx2.Response(200, headers=headers, stream=Stream(content))

    server = Server(answers(), answers())
    with (
        server.client(retries=1) as client,
        pytest.raises(ServiceUnavailableError, match=said) as caught,
    ):
        client.download("m", tmp_path / "m.tar.gz")
    assert "broke off" in str(caught.value)
    assert list(tmp_path.iterdir()) == []
    assert server.pauses == [0.5]


@pytest.mark.parametrize(
    ("headers", "content"),
    [
        ({"Content-Length": "5", "Repr-Digest": f"sha-512=:AA==:, sha-256=:{DIGEST}:"}, b"whole"),
        ({}, TARBALL),
    ],
)
def test_a_download_that_is_whole_replaces_the_file(tmp_path, headers, content):
    (tmp_path / "m").write_bytes(b"old")
    server = Server(
        httpx2.Response(503), httpx2.Response(200, headers=headers, stream=Stream(content))
    )

    with server.client() as client:
        client.download("m", tmp_path / "m")

    assert (tmp_path / "m").read_bytes() == content
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


class Stream(httpx2.SyncByteStream):
    """A body as it comes over a line that says nothing more about it."""

    def __init__(self, content):
        self._content = content

    def __iter__(self):
        yield self._content
