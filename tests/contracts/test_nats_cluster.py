"""Three nats-servers: each is lost in turn, also the leader, and nothing is."""

from dataclasses import replace

import pytest

from mlaas4hep.adapters.nats.connection import Connection, JetStreamBus
from mlaas4hep.adapters.nats.provision import provision
from mlaas4hep.adapters.nats.runs import JetStreamRunBook
from mlaas4hep.core.runs.events import RangeMeasured, RangePlanned
from mlaas4hep.core.runs.run import Run
from mlaas4hep.errors import ServiceUnavailableError
from tests.natscluster import again, started

RUN = Run(owner="o", name="r_1", folder="r", number=1, id="1", created_at=0, updated_at=0)
PLANNED = RangePlanned(owner="o", run="r_1", index=0, file=0, start=0, stop=1)
MEASURED = RangeMeasured(owner="o", run="r_1", index=0, key="k", entries=1, passed=1)


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with started(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


def test_everything_has_three_copies_and_provisioning_never_lowers_that(cluster):
    again(lambda: provision(cluster.url))

    assert cluster.info().config.num_replicas == 3


def test_each_server_is_lost_in_turn_and_nothing_is(cluster):
    connection = Connection(cluster.url)
    bus, runs = JetStreamBus(connection), JetStreamRunBook(connection, lambda: 0.0)
    again(lambda: runs.create(RUN))
    leader = cluster.info().cluster.leader
    order = [leader, *(name for name in cluster.servers if name != leader)]

    for number, name in enumerate(order):
        cluster.servers[name].kill()
        again(lambda n=number: bus.publish([replace(PLANNED, index=n)]))
        again(lambda n=number: runs.apply([replace(MEASURED, index=n)]))
        cluster.servers[name].start()

    assert again(lambda: runs.get("o", "r_1")).ranges.done == len(order)
    assert cluster.info().state.messages == len(order)
    connection.close()


def test_with_two_of_three_lost_it_waits_and_goes_on_when_one_is_back(cluster):
    connection = Connection(cluster.url)
    runs = JetStreamRunBook(connection, lambda: 0.0)
    before = again(lambda: runs.get("o", "r_1")).ranges.done
    first, second, _ = cluster.servers.values()

    first.kill()
    second.kill()
    with pytest.raises(ServiceUnavailableError):
        runs.apply([replace(MEASURED, index=7)])
    first.start()

    assert again(lambda: runs.apply([replace(MEASURED, index=8)])).ranges.done > before
    second.start()
    connection.close()
