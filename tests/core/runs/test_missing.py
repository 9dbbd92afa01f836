"""What a run that stands still is told again."""

from dataclasses import replace

from mlaas4hep.core.runs.events import (
    ChunkReady,
    RunCancelled,
    ScanContinued,
    SpecsReady,
)
from mlaas4hep.core.runs.missing import next_events
from mlaas4hep.core.runs.run import Run

RUN = Run(owner="a", name="luca_1", id="1", folder="luca", number=1, created_at=1.0, updated_at=1.0)

WHO = {"owner": "a", "run": "luca_1"}


def test_chunks_that_are_not_ready_are_planned_again_and_the_training_started() -> None:
    at = 2.0
    run = RUN
    for event in (
        SpecsReady(**WHO, key="s", entries=9, columns=1, chunks=3),
        ChunkReady(**WHO, index=0, key="k", entries=3),
        ChunkReady(**WHO, index=2, key="k", entries=3),
    ):
        run = run.apply(event, at)

    planned, first = next_events(run)

    assert (planned.id, first.id) == (
        "a/luca_1/1/000001/chunk.planned",
        "a/luca_1/1/000000/chunk.ready",
    )


def test_a_scan_takes_another_turn() -> None:
    (turn,) = next_events(replace(RUN, task="scan"))

    assert turn == ScanContinued(**WHO)


def test_nothing_is_missing_in_a_run_that_is_over() -> None:
    assert next_events(RUN.apply(RunCancelled(**WHO), 2.0)) == ()
