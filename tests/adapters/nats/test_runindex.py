"""Who lists runs or waits for one hears what others wrote since NATS was started anew."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Semaphore

import pytest

from mlaas4hep.adapters.nats.connection import Connection, bucket, key
from mlaas4hep.adapters.nats.provision import RUNS, provision
from mlaas4hep.adapters.nats.runs import JetStreamRunBook
from mlaas4hep.core.runs.events import RunCancelled
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.errors import DamagedError
from mlaas4hep.testing.nats import NatsServer
from tests.natscluster import again

RUN = Run(owner="o", name="r_1", folder="r", number=1, id="1", created_at=0, updated_at=0)


@pytest.fixture
def server(tmp_path):
    server = NatsServer(tmp_path)
    server.start()
    provision(server.url)
    yield server
    server.stop()


@pytest.fixture
def connections(server):
    made = Connection(server.url), Connection(server.url)
    yield made
    for each in made:
        each.close()


def test_a_list_after_a_restart_of_nats_has_what_others_wrote_since(server, connections):
    ours, theirs = connections
    lists = JetStreamRunBook(ours, time.time, look_s=3600.0)  # no look finds what is missed
    writes = JetStreamRunBook(theirs, time.time)
    writes.create(RUN)
    assert lists.list() == [RUN]
    seen = Semaphore(0)

    def is_over(run):
        seen.release()
        return run.is_final

    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(lists.wait, "o", "r_1", is_over, 50.0)
        assert all(seen.acquire(timeout=20) for _ in range(2))  # once before it watches
        server.kill()
        server.start()
        again(lambda: writes.apply([RunCancelled(owner="o", run="r_1")]))
        (found,) = again(lists.list)

        assert found.status is Status.CANCELLED
        assert waiting.result() == found


def test_a_record_that_cannot_be_read_takes_no_other_run_along(connections):
    lists, writes = (JetStreamRunBook(each, time.time) for each in connections)
    writes.create(RUN)
    assert lists.list() == [RUN]
    damaged = key("o", "r_2")
    connections[1].run(lambda jetstream: bucket(jetstream, RUNS).put(damaged, b"{not json"))
    last = replace(RUN, name="r_3")
    lists.create(last)  # and waits until the watch has brought all before

    assert lists.list() == [RUN, last]
    assert JetStreamRunBook(connections[1], time.time).list() == [RUN, last]
    with pytest.raises(DamagedError, match="mlaas4hep-admin rebuild"):
        lists.get("o", "r_2")
