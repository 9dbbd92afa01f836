"""Streams and buckets on a disk without much room."""

import pytest

from mlaas4hep.adapters.nats.provision import provision
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
