"""Who lists runs or waits for one hears what others wrote since NATS was started anew."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Semaphore

import pytest

from mlaas4hep.adapters.nats.connection import Connection
from mlaas4hep.adapters.nats.provision import provision
from mlaas4hep.adapters.nats.runs import JetStreamRunBook
from mlaas4hep.core.runs.events import RunCancelled
from mlaas4hep.core.runs.run import Run, Status
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
