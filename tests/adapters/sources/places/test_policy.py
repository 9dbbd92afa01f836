"""Which servers may be read from: what a name resolves to is what counts."""

from dataclasses import replace

import pytest

from mlaas4hep.adapters.sources.places.policy import ServerPolicy
from mlaas4hep.errors import ForbiddenError, InvalidRequestError

PUBLIC_ONLY = ServerPolicy.of("*", "", plain_http=False)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "localhost", "::1"]
)
def test_every_way_to_write_this_machine_is_refused(host):
    with pytest.raises(ForbiddenError, match="internal network"):
        next(PUBLIC_ONLY.addresses(host, 80))


def test_the_deployments_own_servers_may_be_anywhere():
    policy = ServerPolicy.of("*.cern.ch", "", plain_http=False, own=(("localhost", 1094),))

    policy.check_url("root://localhost:1094//a.root")

    assert "127.0.0.1" in list(policy.addresses("localhost", 1094))


def test_other_ports_of_the_same_machines_may_not():
    policy = ServerPolicy.of("*.cern.ch", "", plain_http=True, own=(("localhost", 1094),))

    with pytest.raises(ForbiddenError, match="may not come from 'localhost'"):
        policy.check_url("http://localhost:9000/a.root")
    with pytest.raises(ForbiddenError, match="internal network"):
        next(policy.addresses("localhost", 9000))


def test_who_looks_names_up_by_itself_gets_no_host_with_an_internal_address():
    policy = replace(PUBLIC_ONLY, resolve=lambda *_host_and_port: ["137.138.1.1", "127.0.0.1"])

    assert list(policy.addresses("two.example", 1094)) == ["137.138.1.1"]
    with pytest.raises(ForbiddenError, match="internal network"):
        policy.check_server("two.example", 1094)


def test_a_host_that_is_not_there_is_named_at_once():
    with pytest.raises(InvalidRequestError, match=r"no server 'nobody\.invalid'"):
        next(PUBLIC_ONLY.addresses("nobody.invalid", 443))


def test_plain_http_is_refused_unless_it_is_allowed():
    with pytest.raises(ForbiddenError, match="http:// is not read here"):
        PUBLIC_ONLY.check_url("http://cern.ch/a.root")

    ServerPolicy.of("*", "", plain_http=True).check_url("http://cern.ch/a.root")


def test_what_is_no_network_is_an_error():
    with pytest.raises(ValueError, match="10"):
        ServerPolicy.of("*", "10.0.0.0.0/8", plain_http=False)
