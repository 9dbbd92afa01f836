"""Chunks that are damaged or gone: made again while the training waits, with the same bits."""

from dataclasses import replace

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.memory import MemoryTrainer
from mlaas4hep.core import keys
from mlaas4hep.core.runs.events import ChunkLost, ChunkPlanned, ChunkReady, EpochEnded
from mlaas4hep.core.runs.run import Status
from mlaas4hep.errors import PermanentError
from mlaas4hep.oneprocess.delivery import drain
from mlaas4hep.pipeline.training.train import train
from mlaas4hep.testing import pipeline
from tests import oracle

FIRST = ChunkReady(owner="o", run="r_1", index=0, key="", entries=20)
WHOLE = {**pipeline.REACTIONS, ChunkReady: train}


@pytest.fixture
def files(tmp_path):
    random = np.random.default_rng(0)
    return [
        oracle.write_tree(tmp_path / f"{name}.root", "t", {"x": random.normal(size=40)})
        for name in ("background", "signal")
    ]


@pytest.fixture
def services(files):
    """Everything up to four chunks of run r_1 is done."""
    services = replace(pipeline.make_services(), trainer=MemoryTrainer())
    prepare(services, files, 1)
    return services


def prepare(services, files, number, **request):
    services.runs_files.put(keys.run("o", f"r_{number}", "model.py"), b"def model(idim): ...")
    request = {"chunk_size": 20, "epochs": 2, "identifier": (), **request}
    return pipeline.run(services, files, number=number, **request)


def chunks(services):
    return {info.key: services.chunks.get(info.key) for info in services.chunks.list("o/")}


def flipped(data):
    return data[:-70] + bytes([data[-70] ^ 16]) + data[-69:]


DAMAGE = {
    "flipped": lambda store, key, _: store.put(key, flipped(store.get(key))),
    "truncated": lambda store, key, _: store.put(key, store.get(key)[:-100]),
    "empty": lambda store, key, _: store.put(key, b""),
    "longer": lambda store, key, _: store.put(key, store.get(key) + b"\0"),
    "of an earlier release": lambda store, key, _: store.put(key, b"MLCHUNK2" + bytes(500)),
    "another one": lambda store, key, other: store.put(key, store.get(other)),
    "gone": lambda store, key, _: store.delete(key),
}


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize(("training", "which"), [("chunked", 0), ("standard", 2)])
def test_a_lost_chunk_is_made_again_and_the_run_goes_on(files, kind, training, which):
    services = replace(pipeline.make_services(), trainer=MemoryTrainer())
    prepare(services, files, 1, training=training)
    before = chunks(services)
    inputs = pipeline.load_inputs(FIRST, services)
    plan = inputs.opened.plan(inputs.request, pipeline.specs_of(services, run_of(services)))
    key = keys.chunk("o", inputs.chunk_content(plan.recipe(which)))
    DAMAGE[kind](services.chunks, key, next(other for other in before if other != key))

    services.bus.publish([FIRST], again="x")
    drain(services, WHOLE)

    run = run_of(services)
    assert (run.status, run.problem, run.lost) == (Status.DONE, None, 1)
    assert chunks(services) == before


def run_of(services, number=1):
    return services.runs.get("o", f"r_{number}")


def test_a_chunk_that_expires_while_the_run_trains_is_made_again(services):
    before = chunks(services)
    news = train(FIRST, services)
    told = []
    for event in news:
        told.append(event)
        services.runs.apply([event])
        if isinstance(event, EpochEnded) and event.round == 0:
            for key in before:
                services.chunks.delete(key)
        if isinstance(event, ChunkPlanned):
            services.bus.publish([event])
            drain(services, pipeline.REACTIONS)

    assert [event.lost for event in told if isinstance(event, ChunkLost)] == [1, 2, 3, 4]
    assert [event.round for event in told if isinstance(event, EpochEnded)] == list(range(8))
    assert run_of(services).status is Status.DONE


def test_a_chunk_that_never_comes_is_asked_for_again_also_when_the_clock_was_put_back(services):
    now = [5000.0]
    services = replace(services, clock=lambda: now[0])
    for key in chunks(services):
        services.chunks.delete(key)
    asked = []

    for event in train(FIRST, services):
        services.runs.apply([event])
        if isinstance(event, ChunkPlanned):
            asked.append(event.index)
            now[0] = 1000.0  # and the first event that makes it again is lost
            if asked.count(event.index) == 2:
                services.bus.publish([event])
                drain(services, pipeline.REACTIONS)
                now[0] = 5000.0

    assert run_of(services).status is Status.DONE
    assert asked[:2] == [0, 0]


def test_two_runs_that_share_a_chunk_both_get_it(services, files):
    prepare(services, files, 2)
    before = chunks(services)
    for key, data in before.items():
        services.chunks.put(key, flipped(data))

    services.bus.publish([FIRST, replace(FIRST, run="r_2")], again="x")
    drain(services, WHOLE, deliveries=2)

    assert {run_of(services, number).status for number in (1, 2)} == {Status.DONE}
    assert chunks(services) == before


def test_a_store_that_breaks_every_chunk_ends_the_run_with_the_reason(services):
    for key, data in chunks(services).items():
        services.chunks.put(key, flipped(data))
    told = []

    def follow():
        for event in train(FIRST, services):
            told.append(event)
            for key, data in chunks(services).items():
                services.chunks.put(key, data)

    with pytest.raises(PermanentError, match="made 10 times"):
        follow()

    assert sum(isinstance(event, ChunkPlanned) for event in told) == 10


@pytest.mark.parametrize("harm", ["flipped", "gone"])
def test_specs_that_are_lost_in_mid_run_are_merged_again(services, harm):
    before = chunks(services)
    key = run_of(services).specs
    DAMAGE[harm](services.specs, key, None)
    for each in before:
        services.chunks.delete(each)

    services.bus.publish([FIRST], again="x")
    drain(services, WHOLE)

    assert run_of(services).status is Status.DONE
    assert chunks(services) == before
