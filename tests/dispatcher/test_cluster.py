"""Runs on three nats-servers, of which each is lost in turn, the leader first, and then two."""

from dataclasses import asdict, replace
from typing import Any

import numpy as np
import pytest

from mlaas4hep.adapters.backedruns import BackedRunBook
from mlaas4hep.adapters.nats.connection import Connection, JetStreamBus
from mlaas4hep.adapters.nats.leases import JetStreamLeases
from mlaas4hep.adapters.nats.runs import JetStreamRunBook
from mlaas4hep.adapters.trainers.memory import MemoryTrainer
from mlaas4hep.core import keys
from mlaas4hep.core.runs import cloudevents, files
from mlaas4hep.core.runs.events import ChunkReady, ModelReady, RunSubmitted
from mlaas4hep.core.runs.run import Status
from mlaas4hep.errors import ConflictError, ServiceUnavailableError
from mlaas4hep.pipeline.reactions import react
from mlaas4hep.pipeline.training.train import train
from mlaas4hep.testing import pipeline
from tests import oracle
from tests.natscluster import again, started

STEPS = {**pipeline.REACTIONS, ChunkReady: train, ModelReady: lambda _event, _services: []}


@pytest.fixture
def cluster(tmp_path):
    with started(tmp_path) as cluster:
        yield cluster


@pytest.fixture
def settings(settings: Any, cluster: Any) -> Any:
    return replace(settings, nats=cluster.url)


@pytest.fixture
def services(cluster: Any):
    connection = Connection(cluster.url)
    made = pipeline.make_services()
    made.runs_files.put(keys.run("o", "r", files.MODEL), b"")
    yield replace(
        made,
        bus=JetStreamBus(connection),
        runs=BackedRunBook(JetStreamRunBook(connection, lambda: 0.0), made.runs_files),
        leases=JetStreamLeases(connection),
        trainer=MemoryTrainer(),
    )
    connection.close()


@pytest.fixture
def working(functions: Any, services: Any) -> None:
    """Let the functions do what ours do, with NATS and without a process each."""

    def answer(_function: str, event_id: str) -> tuple[int, dict[str, Any]]:
        event = cloudevents.load_event(functions.bodies[event_id])
        try:
            react(event, STEPS[type(event)], services)
        except ServiceUnavailableError as error:
            return 503, {"error": asdict(error.problem)}
        return 200, {}

    functions.answer = answer


@pytest.mark.usefixtures("working")
def test_runs_go_on_while_servers_are_lost_and_come_back(
    cluster: Any, services: Any, functions: Any, dispatching: Any, tmp_path: Any
) -> None:
    random = np.random.default_rng(0)
    data = [
        oracle.write_tree(tmp_path / f"{name}.root", "t", {"x": random.normal(size=60)})
        for name in ("background", "signal")
    ]
    leader = cluster.info().cluster.leader
    others = [name for name in cluster.servers if name != leader]
    losses = [[leader], others[:1], others[1:], others]

    with dispatching():
        for number, lost in enumerate(losses, start=1):
            key = keys.run("o", f"r_{number}", files.MODEL)
            services.runs_files.put(key, b"def model(idim): ...")
            seen = len(functions.calls)
            again(lambda n=number: submit(services, data, n))
            functions.wait_for(lambda seen=seen: len(functions.calls) > seen)  # it is under way
            for name in lost:
                cluster.servers[name].kill()
            if len(lost) == 1:  # the other two go on without it
                assert ended(services, number) is Status.DONE
            for name in lost:
                cluster.servers[name].start()
            assert ended(services, number) is Status.DONE

    names = [f"r_{number}" for number in range(1, len(losses) + 1)]
    metrics = [again(lambda name=name: services.runs.get("o", name)).metrics for name in names]
    assert metrics == metrics[:1] * len(losses)


def submit(services: Any, data: Any, number: int) -> None:
    """Submit a run; if it is there, because NATS took it and did not say so, tell of it."""
    try:
        pipeline.submit(services, data, number=number, chunk_size=20, epochs=2, identifier=())
    except ConflictError:
        services.bus.publish([RunSubmitted(owner="o", run=f"r_{number}")])


def ended(services: Any, number: int) -> Status:
    return again(
        lambda: services.runs.wait("o", f"r_{number}", lambda run: run.is_final, 90)
    ).status
