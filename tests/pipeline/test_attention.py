"""Long work ends soon when its run is over, or when the process is told to end."""

import time
from dataclasses import replace

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.memory import MemoryTrainer
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.events import ChunkPlanned, ChunkReady, RunCancelled
from mlaas4hep.dispatcher.verdict import Action, CallOutcome, History, judge
from mlaas4hep.errors import OverdueError, ServiceUnavailableError
from mlaas4hep.pipeline.attention import AttentiveSource, RunOverError
from mlaas4hep.pipeline.preprocessing.chunks import preprocess_chunks
from mlaas4hep.pipeline.reactions import react
from mlaas4hep.pipeline.training.train import train
from mlaas4hep.testing import pipeline
from tests import oracle

WHO = {"owner": "o", "run": "r_1"}


@pytest.fixture
def world(tmp_path):
    ticks = iter(range(10_000))
    services = replace(
        pipeline.make_services(), trainer=MemoryTrainer(), clock=lambda: float(next(ticks))
    )
    file = oracle.write_tree(tmp_path / "a.root", "t", {"x": np.arange(30.0)})
    services.runs_files.put(files.key(**WHO, name=files.MODEL), b"def model(idim): ...")
    return services, pipeline.run(services, [file], chunk_size=10, epochs=2, identifier=())


def blocks(services, run):
    """Read the first file for the run's chunks."""
    event = ChunkPlanned(**WHO, index=0, specs=run.specs)
    file = pipeline.load_inputs(event, services).opened.files[0]
    survey = services.source.survey(file.url, "t", ["x"])
    return AttentiveSource(event, services).read(survey, ["x"], 0, 30)


def test_a_run_that_goes_on_is_read_to_the_end(world):
    services, run = world

    assert sum(block.entries for block in blocks(services, run)) == 30


def test_reading_stops_when_the_run_is_cancelled(world):
    services, run = world
    services.runs.apply([RunCancelled(**WHO)])

    with pytest.raises(RunOverError):
        list(blocks(services, run))


def test_reading_stops_although_the_clock_was_put_back(world):
    services, run = world
    clock = iter((5000.0, 1000.0, 1000.1, 1000.2))
    reading = blocks(replace(services, clock=lambda: next(clock)), run)
    services.runs.apply([RunCancelled(**WHO)])

    with pytest.raises(RunOverError):
        list(reading)


def test_reading_stops_when_the_run_is_deleted(world):
    services, run = world
    services.runs.delete("o", "r_1")

    with pytest.raises(RunOverError):
        list(blocks(services, run))


def test_reading_stops_when_the_time_of_the_step_is_over(world):
    services, run = world

    with pytest.raises(OverdueError, match="within 0 s"):
        list(blocks(replace(services, stopping=services.stopping.within(0, time.monotonic)), run))


def test_a_run_that_is_over_is_no_failure(world):
    services, run = world
    event = ChunkPlanned(**WHO, index=0, specs=run.specs)

    def step(event, services):
        services.runs.apply([RunCancelled(**WHO)])
        list(blocks(services, run))
        raise AssertionError("it must not go on")

    react(event, step, services)


@pytest.mark.parametrize(
    ("step", "event"),
    [
        (train, ChunkReady(**WHO, index=0, key="", entries=10)),
        (preprocess_chunks, None),
    ],
)
def test_a_process_that_is_told_to_end_gives_the_event_back(world, step, event):
    services, run = world
    for info in list(services.chunks.list("")):
        if event is None:
            services.chunks.delete(info.key)
    services.stopping.ask()

    with pytest.raises(ServiceUnavailableError, match="elsewhere") as caught:
        list(step(event or ChunkPlanned(**WHO, index=0, specs=run.specs), services))

    answer, history = CallOutcome(status=503, problem=caught.value.problem), History()
    for at in range(10):  # ten drains
        verdict = judge(answer, history, float(at), "train")
        history = verdict.history
    assert verdict.action is Action.LATER
