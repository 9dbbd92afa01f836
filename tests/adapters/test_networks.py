"""Which addresses are connected to where strangers name the host."""

import pytest

from mlaas4hep.adapters.networks import Networks


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1"),
        *("169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1"),
        *("::1", "::", "fe80::1", "fd00::1", "ff02::1", "::127.0.0.1", "2001::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1"),
        *("64:ff9b:1::1", "64:ff9b::a9fe:a9fe", "fe80::1%eth0"),
        *("192.0.0.192", "168.63.129.16", "::ffff:192.0.0.192", "fec0::1", "::8.8.8.8"),
    ],
)
def test_addresses_that_are_not_public_are_refused(address):
    assert not Networks.of("").allow(address)


@pytest.mark.parametrize(
    "address", ["137.138.1.1", "8.8.8.8", "2001:1458:201::1", "64:ff9b::808:808"]
)
def test_public_addresses_are_allowed(address):
    assert Networks.of("").allow(address)


def test_an_operator_lists_networks():
    listed = Networks.of("10.1.0.0/16, fd00::/8")

    allowed = [listed.allow(address) for address in ("10.1.2.3", "fd00::1", "10.2.0.1")]

    assert allowed == [True, True, False]
