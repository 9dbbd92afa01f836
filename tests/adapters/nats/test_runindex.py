"""Who lists runs or waits for one hears what others wrote since NATS was started anew."""

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Semaphore
from types import SimpleNamespace

import nats.errors
import pytest

from mlaas4hep.adapters.nats.connection import Connection, bucket, key
from mlaas4hep.adapters.nats.provision import RUNS, provision
from mlaas4hep.adapters.nats.runindex import RunIndex
from mlaas4hep.adapters.nats.runs import JetStreamRunBook
from mlaas4hep.core import wire
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
    lists.create(last)  # a list waits until the watch has brought all before

    assert lists.list() == [RUN, last]
    assert JetStreamRunBook(connections[1], time.time).list() == [RUN, last]
    with pytest.raises(DamagedError, match="mlaas4hep-admin rebuild"):
        lists.get("o", "r_2")


class LateWatch:
    """A bucket whose watch brings what the test says, when it does."""

    def __init__(self):
        self.brings = asyncio.Queue()

    async def watch(self, _keys, **_options):
        return self

    async def updates(self, timeout_s):
        try:
            async with asyncio.timeout(timeout_s):
                return await self.brings.get()
        except TimeoutError:
            raise nats.errors.TimeoutError from None

    async def stop(self):
        pass

    def bring(self, revision, run):
        value = wire.dump(run)
        at = key(run.owner, run.name)
        self.brings.put_nowait(
            SimpleNamespace(key=at, revision=revision, operation=None, value=value)
        )


def test_a_list_has_what_others_made_before_our_run_or_is_not_given():
    asyncio.run(_listed_behind_a_late_watch())


async def _listed_behind_a_late_watch():
    records, ours, theirs = LateWatch(), replace(RUN, name="r_2"), RUN
    index = RunIndex(records, lambda: 0, look_s=3600.0)
    records.brings.put_nowait(None)
    assert await index.runs(20) == []
    index.note(key("o", "r_2"), 2, ours)
    index.awaited(2)

    with pytest.raises(TimeoutError):
        await index.runs(0.05)
    records.bring(1, theirs)
    records.bring(2, ours)

    assert sorted(run.name for run in await index.runs(20)) == ["r_1", "r_2"]
