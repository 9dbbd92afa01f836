"""The server of a URL is the same for whoever checks it and whoever connects to it."""

import pytest

from mlaas4hep.core.requests.inputs.servers import server
from mlaas4hep.errors import InvalidRequestError

GOOD = {
    "root://h//store/a.root": ("h", 1094),
    "root://Me@H.example:99//a.root?authz=x@y#z": ("h.example", 99),
    "roots://[2001:db8::1]//a.root": ("2001:db8::1", 1094),
    "https://a-b.example/p?q=@c": ("a-b.example", 443),
    "http://h": ("h", 80),
}
BAD = (
    *("root://h?@127.0.0.1//a", "root://h#@127.0.0.1//a", "root://h:1?x:y@127.0.0.1:9//a"),
    *("root://a@h@127.0.0.1//a", "root://x@127.0.0.1:1094@h//a", "root://h\\@127.0.0.1//a"),
    *("root://h\t.example//a", "https://h;.example/a", "https://h%00.example/a", "https://h?x"),
    *("https://[::1%25.example]/a", "https://[::1].example/a", "https://h:1:2/a", "root:////a"),
    *("https://h:99999/a", "https://\\h.example/a", "/a", "", "root:h//a"),
)


@pytest.mark.parametrize("url", GOOD)
def test_host_and_port_are_told(url):
    assert server(url) == GOOD[url]


@pytest.mark.parametrize("url", BAD)
def test_what_could_be_read_in_two_ways_is_refused(url):
    with pytest.raises(InvalidRequestError, match=r"one server and one path|not a URL"):
        server(url)


@pytest.mark.parametrize("url", [each for each in GOOD if each.startswith("root")])
def test_the_client_of_xrootd_reads_the_same(url):
    read = pytest.importorskip("XRootD.client").URL(url)

    assert (read.hostname.strip("[]").lower(), read.port) == GOOD[url]
