"""Streams and buckets on a disk without much room, and in a cluster without a leader."""

import asyncio

import pytest
from nats.errors import TimeoutError as NoAnswerError
from nats.js.errors import APIError, NotFoundError

from mlaas4hep.adapters.nats.provision import CONSUMERS, provision, put_in_place_once_led
from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.testing.nats import NatsServer
from tests.laptop.smalldisk import small_disk


def test_what_is_in_place_needs_no_room_a_second_time(tmp_path):
    with small_disk(tmp_path / "disk", 1600) as disk:  # three quarters of it are NATS's
        server = NatsServer(disk)
        server.start()
        try:
            provision(server.url)
            provision(server.url)
        finally:
            server.stop()


def test_a_disk_without_room_is_refused_with_how_much_is_needed(tmp_path):
    with small_disk(tmp_path / "disk", 64) as disk:
        server = NatsServer(disk)
        server.start()
        try:
            with pytest.raises(ServiceUnavailableError) as told:
                provision(server.url)
        finally:
            server.stop()

    assert "1 GB" in told.value.problem.hint


class Electing:
    """A cluster that has no leader for its first requests."""

    def __init__(self, *failures):
        self._failures = list(failures)
        self.streams, self.consumers = [], []

    async def stream_info(self, _name):
        raise self._failures.pop(0) if self._failures else NotFoundError()

    async def add_stream(self, config):
        self.streams.append(config.name)

    async def add_consumer(self, _stream, config):
        self.consumers.append(config.durable_name)


NO_LEADER = APIError(code=503, err_code=10008, description="temporarily unavailable")


def test_a_cluster_is_asked_until_it_has_a_leader():
    cluster = Electing(NoAnswerError(), NO_LEADER)

    asyncio.run(put_in_place_once_led(cluster))

    assert len(cluster.streams) == len(set(cluster.streams)) > 0
    assert sorted(cluster.consumers) == sorted(CONSUMERS)


def test_a_cluster_that_elects_nobody_is_given_up():
    cluster = Electing(*[NoAnswerError()] * 9)

    with pytest.raises(NoAnswerError):
        asyncio.run(put_in_place_once_led(cluster, election_s=0.0))


def test_what_a_cluster_refuses_is_not_asked_again():
    cluster = Electing(APIError(code=400, err_code=10047, description="no room"), NO_LEADER)

    with pytest.raises(APIError, match="no room"):
        asyncio.run(put_in_place_once_led(cluster))
