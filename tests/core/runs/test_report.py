"""A run as it is shown: rates, what is left, and for how long."""

from dataclasses import replace

import pytest

from mlaas4hep.core.runs.events import EpochEnded, TrainingStarted
from mlaas4hep.core.runs.inputfiles import AwaitedFile
from mlaas4hep.core.runs.progress import Progress
from mlaas4hep.core.runs.report import mark, metrics, stages, summary, waiting
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.errors import Problem

RUN = Run(owner="a", name="luca_1", folder="luca", number=1, created_at=100.0, updated_at=160.0)
HALF = Progress().expect(4, 100.0).mark(0, 105.0).mark(1, 110.0)


def chunks(run, now):
    return stages(run, now)[1]


def test_a_stage_that_runs_has_a_rate_and_a_time_left():
    stage = chunks(replace(RUN, status=Status.PREPARING, chunks=HALF), 120.0)

    assert (stage.state, stage.done, stage.left, stage.total) == ("running", 2, 2, 4)
    assert (stage.seconds, stage.per_second, stage.eta_seconds) == (20.0, 0.1, 20.0)


STARTED = TrainingStarted(owner="a", run="luca_1", rounds=10)


def trained(*ended, now, started=STARTED):
    """Return the stage of a training whose rounds ended at these times, as it is shown `now`."""
    run = RUN.apply(started, 1000.0)
    for number, at in enumerate(ended, start=started.resumed):
        run = run.apply(EpochEnded(owner="a", run="luca_1", round=number), at)
    return stages(run, now)[2]


def test_the_time_left_is_right_after_the_second_round_whatever_the_first_one_took():
    stage = trained(1030.0, 1032.0, now=1032.0)

    assert (stage.per_second, stage.eta_seconds) == (0.5, 16.0)
    assert trained(1030.0, now=1030.0).eta_seconds is None
    assert trained(1030.0, 1032.0, now=1033.5).eta_seconds == 14.5
    assert trained(1030.0, 1032.0, now=1060.0).eta_seconds == 0


def test_rounds_that_a_checkpoint_brought_promise_nothing():
    started = TrainingStarted(owner="a", run="luca_1", rounds=100, resumed=50)
    first = trained(1030.0, now=1030.0, started=started)
    second = trained(1030.0, 1032.0, now=1032.0, started=started)

    assert (first.done, first.per_second, first.eta_seconds) == (51, None, None)
    assert (second.per_second, second.eta_seconds) == (0.5, 96.0)


def test_a_training_that_goes_on_in_another_process_is_timed_anew():
    run = RUN.apply(TrainingStarted(owner="a", run="luca_1", rounds=10), 1000.0)
    for number, at in enumerate((1030.0, 1032.0)):
        run = run.apply(EpochEnded(owner="a", run="luca_1", round=number), at)

    run = run.apply(TrainingStarted(owner="a", run="luca_1", rounds=10, resumed=2), 5000.0)

    assert stages(run, 5000.0)[2].eta_seconds is None


def test_rounds_that_are_done_again_without_a_checkpoint_are_waited_for():
    run = RUN.apply(replace(STARTED, begun_at=1000.0), 1000.0)
    for number, at in enumerate((1030.0, 1032.0, 1034.0, 1036.0)):
        run = run.apply(EpochEnded(owner="a", run="luca_1", round=number), at)
    started = replace(STARTED, begun_at=5000.0)
    run = run.apply(started, 5000.0).apply(started, 5001.0)
    assert stages(run, 5001.0)[2].eta_seconds is None

    for number, at in enumerate((5030.0, 5031.0, 5032.0)):
        event = EpochEnded(owner="a", run="luca_1", round=number)
        run = run.apply(event, at).apply(event, at + 0.5)

    stage = stages(run, 5032.0)[2]
    assert (stage.done, stage.per_second, stage.eta_seconds) == (4, 1.0, 7.0)


def test_a_stage_that_is_done_keeps_its_time():
    stage = chunks(replace(RUN, chunks=HALF.mark_first(4, 130.0)), 999.0)

    assert (stage.state, stage.seconds, stage.eta_seconds) == ("done", 30.0, None)


def test_a_stage_that_has_not_begun_promises_nothing():
    stage = chunks(RUN, 120.0)

    assert (stage.state, stage.total, stage.left, stage.per_second) == ("waiting", None, None, None)


@pytest.mark.parametrize(
    ("status", "stage", "state"),
    [
        (Status.FAILED, "chunk-preprocess", "failed"),
        (Status.FAILED, "specs", "stopped"),
        (Status.CANCELLED, "", "cancelled"),
    ],
)
def test_a_stage_that_was_stopped_says_by_what(status, stage, state):
    problem = Problem(code="x", message="x", stage=stage)
    run = replace(RUN, status=status, chunks=HALF, problem=problem)

    assert chunks(run, 999.0).state == state
    assert chunks(run, 999.0).seconds == 60.0


def test_what_is_waited_for_is_shown_with_the_next_try():
    one = AwaitedFile(file="a.root", tries=2, most=15, again_at=120.0, reason="a.root: no answer")

    (shown,) = waiting(replace(RUN, awaited=(one,)), 100.0)

    assert (shown.attempt, shown.attempts, shown.next_at) == (3, 15, "1970-01-01T00:02:00.000Z")
    assert shown.text == ("waiting for a.root: attempt 3 of 15, next in 20 s, because no answer")


def test_a_training_is_not_done_before_its_model_is_stored():
    rounds = Progress().expect(1, 100.0).mark(0, 110.0)

    assert stages(replace(RUN, status=Status.TRAINING, rounds=rounds), 120.0)[2].state == "running"
    assert stages(replace(RUN, status=Status.DONE, rounds=rounds), 120.0)[2].state == "done"


def test_a_training_that_stopped_early_is_done_and_nothing_is_left_of_it():
    rounds = Progress().expect(10, 100.0).mark(0, 110.0).mark(1, 120.0)

    stage = stages(replace(RUN, status=Status.DONE, rounds=rounds), 160.0)[2]

    assert (stage.state, stage.done, stage.total, stage.left) == ("done", 2, 10, 0)
    assert stage.eta_seconds is None


def test_the_clock_of_a_run_stops_at_its_end():
    assert summary(RUN, 190.0).seconds == 90.0
    assert summary(replace(RUN, status=Status.DONE), 190.0).seconds == 60.0


def test_lists_of_runs_say_what_was_learned():
    assert summary(replace(RUN, learned="multiclass"), 190.0).learned == "multiclass"


def test_of_figures_with_one_name_the_first_counts():
    run = replace(RUN, metrics=(("auc", 0.8), ("loss", 0.1), ("auc", 0.7)))

    assert metrics(run) == {"auc": 0.8, "loss": 0.1}


def test_the_mark_changes_with_the_run_and_only_then():
    assert mark(RUN) == mark(replace(RUN))
    assert mark(RUN) != mark(replace(RUN, attempt=2))
