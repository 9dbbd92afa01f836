"""Steps of the shape of the real ones, which write, read and tell as those do and compute nothing."""

from mlaas4hep.core import keys, sealed
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.runs.events import (
    ChunkPlanned,
    ChunkReady,
    EpochEnded,
    FilesOpened,
    ModelReady,
    RangeMeasured,
    RangePlanned,
    RangeScored,
    RangeToScore,
    RunSubmitted,
    ScoresReady,
    ScoringPlanned,
    ScoringSubmitted,
    SpecsReady,
    TrainingStarted,
)
from mlaas4hep.errors import ServiceUnavailableError
from mlaas4hep.pipeline.reactions import Batch

RANGES, CHUNKS, ROUNDS = 3, 4, 2


def who(event):
    return {"owner": event.owner, "run": event.run, "attempt": event.attempt}


def opened(event, _services):
    fact = who(event)
    yield FilesOpened(**fact, files=1, ranges=RANGES, entries=RANGES)
    yield Batch(RangePlanned(**fact, index=i, file=0, start=i, stop=i + 1) for i in range(RANGES))


def measured(event, services):
    services.specs.put(f"o/ranges/{event.index}", b"")
    yield RangeMeasured(**who(event), index=event.index, key="k", entries=1, passed=1)


def merged(event, services):
    run = services.runs.get(event.owner, event.run)
    if run.specs or not run.ranges.complete:
        return
    assert len(list(services.specs.list("o/ranges/"))) == RANGES
    services.specs.put("o/merged", b"")
    yield Batch(ChunkPlanned(**who(event), index=i, specs="s") for i in range(CHUNKS))
    yield SpecsReady(**who(event), key="s", entries=RANGES, columns=1, chunks=CHUNKS)


def made(event, services):
    services.specs.get("o/merged")
    for index in range(event.index, event.index + event.count):
        services.chunks.put(f"o/{index}", b"")
        yield ChunkReady(**who(event), index=index, key="k", entries=1)


def trained(event, services):
    if event.index:
        return
    run = services.runs.get(event.owner, event.run)
    if not run.chunks.complete:
        raise ServiceUnavailableError("chunks are missing")
    assert len(list(services.chunks.list("o/"))) == CHUNKS
    yield TrainingStarted(**who(event), rounds=ROUNDS)
    for index in range(ROUNDS):
        services.runs_files.put(keys.run("o", event.run, "checkpoints/0"), b"")
        yield EpochEnded(**who(event), round=index)
    record = ModelRecord(owner="o", name=run.name, version="1", files=(), run_id=run.id)
    services.models.put(keys.model("o", run.name), sealed.dump(record))
    yield ModelReady(**who(event), model=event.run, version="1")


def planned(event, services):
    services.runs_files.put(keys.run("o", event.run, f"scoring-{event.attempt}.json"), b"")
    yield ScoringPlanned(**who(event), files=1, ranges=RANGES, entries=RANGES)
    yield Batch(RangeToScore(**who(event), index=index) for index in range(RANGES))


def scored(event, services):
    parts = keys.run("o", event.run, f"parts-{event.attempt}/")
    services.runs_files.put(f"{parts}{event.index}", b"")
    yield RangeScored(**who(event), index=event.index)
    if services.runs.get(event.owner, event.run).ranges.complete:
        for index in range(RANGES):
            services.runs_files.get(f"{parts}{index}")
        yield ScoresReady(**who(event), key="scores")


STEPS = {
    RunSubmitted: opened,
    RangePlanned: measured,
    RangeMeasured: merged,
    ChunkPlanned: made,
    ChunkReady: trained,
    ScoringSubmitted: planned,
    RangeToScore: scored,
}
