"""Bodies that are packed: nothing inflates here what a stranger packed."""

import gzip

import pytest


@pytest.mark.parametrize("packing", ["gzip", "GZIP", "x-gzip", "br", "zstd", "identity, gzip"])
def test_a_packed_body_is_refused_for_what_it_is(alice, packing):
    bomb = gzip.compress(bytes(50_000_000))

    refused = alice.post("/submit", data=bomb, headers={"Content-Encoding": packing})

    assert refused.status_code == 400
    assert "is packed" in refused.json["error"]["message"]


def test_a_body_that_says_it_is_not_packed_is_read(alice):
    answer = alice.post("/submit", data=b"{}", headers={"Content-Encoding": "identity"})

    assert "packed" not in answer.json["error"]["message"]
