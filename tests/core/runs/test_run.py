"""The run is what its events add up to, however often and in whatever order they come."""

import itertools
from dataclasses import replace

import pytest

from mlaas4hep.core.runs.events import (
    ChunkReady,
    EpochEnded,
    Event,
    FileAwaited,
    FileCame,
    FilesOpened,
    ModelReady,
    RangeMeasured,
    RunCancelled,
    RunFailed,
    RunRestarted,
    SpecsReady,
    TrainingStarted,
)
from mlaas4hep.core.runs.inputfiles import AwaitedFile, SkippedFile
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.errors import Problem

WHO = {"owner": "alice", "run": "luca_1"}
NEW = Run(owner="alice", name="luca_1", folder="luca", number=1, created_at=100.0, updated_at=100.0)
STORY: tuple[Event, ...] = (
    FilesOpened(**WHO, files=2, ranges=2, entries=90, warnings=("skipped: name",)),
    RangeMeasured(**WHO, index=0, key="a", entries=50, passed=50),
    RangeMeasured(**WHO, index=1, key="b", entries=40, passed=40),
    SpecsReady(**WHO, key="alice/merged/c.json", entries=90, columns=7, chunks=2),
    ChunkReady(**WHO, index=0, key="d", entries=50),
    TrainingStarted(**WHO, rounds=2, isolation=("landlock",)),
    EpochEnded(**WHO, round=0, metrics=(("loss", 0.7),)),
    ChunkReady(**WHO, index=1, key="e", entries=40),
    EpochEnded(**WHO, round=1, metrics=(("loss", 0.6),)),
    ModelReady(**WHO, model="luca_1", version="v", metrics=(("test_auc", 0.8),), learned="binary"),
)


def told(*events: Event, run: Run = NEW) -> Run:
    for event in events:
        run = run.apply(event, at=200.0)
    return run


def test_the_whole_story_ends_done_with_every_item_counted() -> None:
    run = told(*STORY)

    assert run.status is Status.DONE
    assert (run.ranges.done, run.chunks.done, run.rounds.done) == (2, 2, 2)
    assert (run.files, run.entries, run.selected, run.columns) == (2, 90, 90, 7)
    assert (run.metrics, run.learned) == ((("test_auc", 0.8),), "binary")


@pytest.mark.parametrize("length", range(1, len(STORY) + 1))
def test_events_told_three_times_change_nothing(length: int) -> None:
    story = STORY[:length]
    threefold = [event for event in story for _ in range(3)]

    assert told(*threefold) == told(*story)


def test_warnings_add_up_and_are_kept_when_the_first_comes_again() -> None:
    ready = replace(STORY[3], warnings=("never a number: r",))

    run = told(*STORY[:3], ready, STORY[0])

    assert run.warnings == ("skipped: name", "never a number: r")


def test_ranges_may_be_measured_in_any_order() -> None:
    middle = STORY[:3]

    results = {told(*order).ranges.done for order in itertools.permutations(middle)}

    assert results == {2}


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        (RunFailed(**WHO, problem=Problem(code="unprocessable", message="no")), Status.FAILED),
        (RunCancelled(**WHO), Status.CANCELLED),
    ],
)
def test_nothing_happens_after_the_end(ending: Event, status: Status) -> None:
    ended = told(STORY[0], ending)

    assert ended.status is status
    assert told(*STORY[1:], run=ended) == ended


def test_a_restart_begins_again_under_the_next_attempt() -> None:
    failed = told(STORY[0], RunFailed(**WHO, problem=Problem(code="x", message="y")))

    again = told(RunRestarted(**WHO, attempt=2), run=failed)

    assert (again.status, again.attempt, again.problem) == (Status.SUBMITTED, 2, None)
    assert told(STORY[1], run=again) == again, "news of the first attempt came too late"
    assert told(replace(STORY[0], attempt=2), run=again).status is Status.MEASURING


def test_a_done_run_cannot_be_restarted() -> None:
    done = told(*STORY)

    assert told(RunRestarted(**WHO, attempt=2), run=done) == done


def test_a_resumed_training_counts_the_rounds_of_its_checkpoint() -> None:
    run = told(*STORY[:5], TrainingStarted(**WHO, rounds=5, resumed=3))

    assert (run.rounds.done, run.rounds.total, run.resumed) == (3, 5, 3)


BAD = Problem(code="damaged", message="a.root: broken at byte 7", stage="specs", file="a.root")
SKIPPING = replace(NEW, skips_bad_files=True, patience_s=5.0)


def awaited(file: str, tries: int = 1) -> FileAwaited:
    one = AwaitedFile(file=file, tries=tries, most=4, again_at=20.0, reason=f"{file}: no answer")
    return FileAwaited(**WHO, awaited=one)


def test_a_run_that_may_skip_a_bad_file_begins_again_without_it() -> None:
    run = told(FilesOpened(**WHO, files=2, ranges=3, entries=9), run=SKIPPING)

    again = told(RunFailed(**WHO, problem=BAD), run=run)

    given_up = (SkippedFile(file="a.root", reason=BAD.message),)
    expected = replace(SKIPPING, attempt=2, given_up=given_up, updated_at=again.updated_at)
    assert again == expected


@pytest.mark.parametrize(
    ("run", "problem"),
    [
        (NEW, BAD),
        (SKIPPING, replace(BAD, file="")),
        (SKIPPING, replace(BAD, stage="train")),
        (replace(SKIPPING, given_up=(SkippedFile(file="a.root", reason=""),)), BAD),
    ],
)
def test_a_run_fails_of_what_it_may_not_skip(run: Run, problem: Problem) -> None:
    failed = told(RunFailed(**WHO, problem=problem), run=run)

    assert (failed.status, failed.problem, failed.attempt) == (Status.FAILED, problem, 1)


def test_a_restart_looks_at_skipped_files_again() -> None:
    without = told(RunFailed(**WHO, problem=BAD), run=SKIPPING)
    cancelled = told(RunCancelled(**WHO, attempt=2), run=without)

    again = told(RunRestarted(**WHO, attempt=3), run=cancelled)

    assert (again.given_up, again.skips_bad_files, again.patience_s) == ((), True, 5.0)


def test_files_that_a_run_waits_for_are_known_until_they_come() -> None:
    run = told(awaited("a"), awaited("b"), awaited("a", tries=2))

    assert {(each.file, each.tries) for each in run.awaited} == {("a", 2), ("b", 1)}
    assert [each.file for each in told(FileCame(**WHO, file="a"), run=run).awaited] == ["b"]
    assert told(RunFailed(**WHO, problem=BAD), run=run).awaited == ()


def test_a_run_that_waits_for_many_files_names_some() -> None:
    assert len(told(*(awaited(str(number)) for number in range(99))).awaited) == 10


@pytest.mark.parametrize(("now", "when"), [(0.0, "next in 20 s"), (21.0, "the next is under way")])
def test_what_is_waited_for_is_told_in_a_sentence(now: float, when: str) -> None:
    text = awaited("https://x/a.root").awaited.sentence(now)

    assert text == f"waiting for https://x/a.root: attempt 2 of 4, {when}, because no answer"
