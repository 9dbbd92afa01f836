"""Events that no part of this system sends are refused by their step, and the run goes on."""

from dataclasses import replace

import numpy as np
import pytest

from mlaas4hep.adapters.trainers.memory import MemoryTrainer
from mlaas4hep.core.runs import cloudevents
from mlaas4hep.core.runs.events import (
    ChunkPlanned,
    ModelReady,
    RangeMeasured,
    RangePlanned,
    RangeToScore,
    ScanContinued,
    ScoringSubmitted,
)
from mlaas4hep.core.runs.progress import Progress
from mlaas4hep.core.runs.run import Status
from mlaas4hep.errors import StrangeEventError
from mlaas4hep.pipeline import table
from mlaas4hep.pipeline.preprocessing.chunks import preprocess_chunks
from mlaas4hep.pipeline.reactions import react
from mlaas4hep.pipeline.scoring import score_range
from mlaas4hep.pipeline.specs import measure_range
from mlaas4hep.serving.registry import Registry
from mlaas4hep.testing import pipeline
from tests import oracle

WHO = {"owner": "o", "run": "r_1"}


@pytest.fixture
def world(tmp_path):
    services = pipeline.make_services()
    file = oracle.write_tree(tmp_path / "a.root", "t", {"x": np.arange(30.0)})
    return services, pipeline.run(services, [file], chunk_size=10)


@pytest.mark.parametrize(
    "strange",
    [
        {"index": 7, "file": 0, "start": 0, "stop": 30},
        {"index": -1, "file": 0, "start": 0, "stop": 30},
        {"index": 0, "file": 3, "start": 0, "stop": 30},
        {"index": 0, "file": 0, "start": 0, "stop": 10**12},
    ],
)
def test_a_range_that_nobody_planned_is_refused(world, strange):
    services, _ = world

    with pytest.raises(StrangeEventError, match="range"):
        measure_range(RangePlanned(**WHO, **strange), services)


@pytest.mark.parametrize("strange", [{"index": 3}, {"index": -1}, {"index": 0, "count": 4}])
def test_chunks_that_nobody_planned_are_refused(world, strange):
    services, run = world

    with pytest.raises(StrangeEventError, match="chunks"):
        list(preprocess_chunks(ChunkPlanned(**WHO, specs=run.specs, **strange), services))


def test_chunks_of_other_specs_are_refused(world):
    services, _ = world

    with pytest.raises(StrangeEventError, match="specs"):
        list(preprocess_chunks(ChunkPlanned(**WHO, index=0, specs="o/merged/0.json"), services))


def test_the_run_goes_on_in_one_process(tmp_path):
    services = pipeline.make_services()
    file = oracle.write_tree(tmp_path / "a.root", "t", {"x": np.arange(30.0)})
    pipeline.submit(services, [file], chunk_size=10)
    services.bus.publish([RangePlanned(**WHO, index=7, file=0, start=0, stop=30)])

    pipeline.drain(services, pipeline.REACTIONS)

    assert services.runs.get("o", "r_1").chunks.done == 3


@pytest.mark.parametrize("item", [-1, 5, 10**12])
def test_what_is_no_item_marks_nothing(item):
    expected = Progress().expect(5, 0)

    assert expected.mark(item, 1) == expected


def test_a_record_stays_small_before_the_total_is_known():
    assert Progress().mark(10**12, 1) == Progress()


def test_an_event_of_nobodys_run_is_strange():
    body = cloudevents.dump_event(
        RangeMeasured(owner="", run="r 1", index=0, key="k", entries=1, passed=1)
    )

    with pytest.raises(StrangeEventError):
        cloudevents.load_event(body)


def test_a_field_of_another_type_is_strange():
    event = RangePlanned(**WHO, index=3, file=1, start=0, stop=1)
    body = cloudevents.dump_event(event).replace(b'"index":3', b'"index":"3"')

    with pytest.raises(StrangeEventError):
        cloudevents.load_event(body)


@pytest.mark.parametrize(
    "strange",
    [
        ScoringSubmitted(**WHO),
        RangeToScore(**WHO, index=0),
        ScanContinued(**WHO, turn=1),
        ModelReady(**WHO, model="r_1", version="v"),
    ],
)
def test_a_run_goes_on_whatever_it_is_told_of_other_tasks_or_too_early(tmp_path, strange):
    services = replace(pipeline.make_services(), trainer=MemoryTrainer())
    services.runs_files.put("o/r_1/model.py", b"def model(idim): ...")
    file = oracle.write_tree(tmp_path / "a.root", "t", {"x": np.arange(30.0)})
    pipeline.submit(services, [file], chunk_size=10, epochs=1, identifier=())
    registry = Registry(services.models, lambda *_: None, keep=1)
    services.bus.publish([strange])

    pipeline.drain(services, {**table.steps(), ModelReady: registry.warm})

    run = services.runs.get("o", "r_1")
    assert (run.status, run.problem) == (Status.DONE, None)


def test_an_event_of_another_task_is_parked(world):
    services, _ = world

    with pytest.raises(StrangeEventError, match="run 'r_1' is a training"):
        react(RangeToScore(**WHO, index=0), score_range, services)
