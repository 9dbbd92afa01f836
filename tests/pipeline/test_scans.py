"""Scans: trials share what was read, fail by themselves, and the best is promoted."""

import itertools
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from mlaas4hep.adapters.memory import MemoryRunBook
from mlaas4hep.core import wire
from mlaas4hep.core.models.record import ModelRecord
from mlaas4hep.core.runs.events import (
    ChunkReady,
    ModelReady,
    RunCancelled,
    ScanContinued,
    TrialEnded,
)
from mlaas4hep.core.runs.run import Status
from mlaas4hep.oneprocess.delivery import drain
from mlaas4hep.pipeline.inputs import load_request
from mlaas4hep.pipeline.scans import load_scan, take_turn
from mlaas4hep.testing import pipeline
from mlaas4hep.usecases.runs import announce, restart
from mlaas4hep.usecases.scans import look
from tests import oracle
from tests.pipeline.scanned import ENTRIES, STEPS, run_scan, submitted


@pytest.fixture
def services():
    return replace(pipeline.make_services(), scan_wait_s=0.0)


@pytest.fixture
def data(tmp_path):
    paths = []
    for number in range(2):
        random = np.random.default_rng(number)
        oracle.write_tree(
            tmp_path / f"{number}.root",
            "t",
            {"x": random.normal(size=ENTRIES), "y": random.normal(size=ENTRIES)},
        )
        paths.append(tmp_path / f"{number}.root")
    return paths


def test_twenty_trials_read_the_data_once(services, data):
    alone = pipeline.make_services()
    pipeline.run(alone, data, chunk_size=100)

    run, trials = run_scan(
        services, data, arguments={"width": [1, 2, 3, 4, 5]}, params={"epochs": [1, 2, 3, 4]},
        parallel=3,
    )  # fmt: skip

    assert run.status is Status.DONE
    assert Counter(trial.status for trial in trials.trials) == {"done": 20}
    assert services.source.reads == alone.source.reads


def test_the_best_is_promoted_to_a_name(services, data):
    run, trials = run_scan(
        services, data, arguments={"width": [1, 4, 2]}, promote="best", parallel=2
    )

    best = trials.trials[1]
    assert (run.model, dict(run.metrics)) == ("best", {"val_loss": 0.25})
    record = wire.load(ModelRecord, services.models.get("o/best/model.json"))
    assert (record.name, record.promoted_from) == ("best", best.run)
    assert services.models.get("o/best/v/model.onnx") == b"model 4"


def test_trials_are_compared_round_by_round_also_by_those_that_no_turn_saw(services, data):
    _, trials = run_scan(services, data, arguments={"width": [1, 4]})

    assert [trial.rounds for trial in trials.trials] == [(2.0, 1.0), (0.5, 0.25)]


def test_a_trial_that_is_submitted_while_its_scan_is_cancelled_is_cancelled_too(services, data):
    class Cancelling(MemoryRunBook):
        def create(self, run):
            super().create(run)
            if run.name == "r_8":
                self.apply([RunCancelled(owner="o", run="r_7")])

    cancelled = replace(services, runs=Cancelling(lambda: 0.0))
    run, trials = run_scan(cancelled, data, arguments={"width": [1, 2, 3]}, parallel=2)

    assert run.status is Status.CANCELLED
    assert [trial.run for trial in trials.trials] == ["r_8"]
    assert cancelled.runs.get("o", "r_8").status is Status.CANCELLED
    shown = {each.run: each.status for each in look(run, cancelled).trials}
    assert shown["r_8"] == "cancelled"
    assert "running" not in shown.values()


def test_the_end_of_a_trial_is_told_once_however_many_turns_follow(services, data):
    told = Counter()

    class Counting(MemoryRunBook):
        def apply(self, events):
            news = list(events)
            told.update(each.index for each in news if isinstance(each, TrialEnded))
            return super().apply(news)

    counted = replace(services, runs=Counting(lambda: 0.0))
    _, trials = run_scan(counted, data, arguments={"width": [1, 2, 13, 4, 5, 6]})

    assert told == {trial.number: 1 for trial in trials.trials}


def test_a_trial_that_fails_does_not_end_the_scan(services, data):
    run, trials = run_scan(services, data, arguments={"width": [13, 2]})

    assert run.status is Status.DONE
    assert [trial.status for trial in trials.trials] == ["failed", "done"]
    assert "unlucky" in trials.trials[0].problem


def test_a_scan_without_any_success_fails_with_the_first_reason(services, data):
    run, _ = run_scan(services, data, arguments={"width": [13]})

    assert run.status is Status.FAILED
    assert "none of 1 trials" in run.problem.message
    assert "unlucky" in run.problem.hint


def test_a_figure_that_trials_do_not_have_is_named(services, data):
    run, trials = run_scan(services, data, arguments={"width": [1]}, figure="test_auc")

    assert run.status is Status.FAILED
    assert trials.trials[0].problem == "it has no figure 'test_auc'; there are val_loss"


@pytest.mark.parametrize("method", ["random", "optuna"])
def test_other_methods_try_as_many_values_as_they_are_told(services, data, method):
    if method == "optuna":
        pytest.importorskip("optuna", reason="the extra `scans` is not installed")
    run, trials = run_scan(
        services, data, method=method, trials=6, arguments={"width": {"low": 20, "high": 90}}
    )

    widths = [dict(trial.values)["arguments.width"] for trial in trials.trials]
    assert run.status is Status.DONE
    assert len(widths) == 6
    assert all(isinstance(width, int) and 20 <= width <= 90 for width in widths)
    assert len(set(widths)) > 1


def test_optuna_tries_no_point_of_lists_alone_twice(services, data):
    pytest.importorskip("optuna", reason="the extra `scans` is not installed")

    run, trials = run_scan(
        services, data, method="optuna", trials=20, arguments={"width": [20, 30], "depth": [1, 2]}
    )

    assert run.status is Status.DONE
    assert len({trial.values for trial in trials.trials}) == len(trials.trials) == 4


def test_no_more_trials_run_at_once_than_is_asked_for(services, data):
    seen = []

    class Watching(MemoryRunBook):
        def create(self, run):
            super().create(run)
            running = [one for one in self.list("o") if not one.is_final and one.task == "training"]
            seen.append(len([one for one in running if one.name != "r_1"]))

    watched = replace(services, runs=Watching(lambda: 0.0))
    run_scan(watched, data, arguments={"width": [1, 2, 3, 4, 5, 6]}, parallel=2)

    assert max(seen) == 2


class EndsAt(Exception):  # noqa: N818 - no error of ours: the process is gone
    """The process ends here."""


class Dying:
    """A port whose n-th call of a method ends the process, before it or after it."""

    def __init__(self, inner, method, at, after):
        self._inner, self._method, self._left, self._after = inner, method, at, after

    def __getattr__(self, name):
        found = getattr(self._inner, name)
        return self._counted(found) if name == self._method else found

    def _counted(self, found):
        def called(*given, **options):
            self._left -= 1
            if not self._left and not self._after:
                raise EndsAt
            answer = found(*given, **options)
            if not self._left:
                raise EndsAt
            return answer

        return called


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize(
    ("port", "method"), [("runs", "create"), ("bus", "publish"), ("runs_files", "put")]
)
def test_a_turn_that_ends_anywhere_leaves_no_trial_outside_its_scan(
    services, data, port, method, after
):
    for at in itertools.count(1):
        world = replace(pipeline.make_services(), scan_wait_s=0.0)
        submitted(world, data, arguments={"width": [1, 2]}, parallel=2)
        dying = replace(world, **{port: Dying(getattr(world, port), method, at, after)})
        event = ScanContinued(owner="o", run="r_7")
        try:
            list(take_turn(event, dying))
        except EndsAt:
            pass
        else:  # it does not call it so often
            break

        drain(world, STEPS)

        trials = load_scan("o", "r_7", world)[1]
        assert [trial.status for trial in trials.trials] == ["done", "done"]
        made = {run.name for run in world.runs.list("o")} - {"r_7"}
        assert made == {trial.run for trial in trials.trials}
    assert at > 1


def restarted(services, steps=STEPS):
    """Restart the scan, do all of it, and return its run, and how its trials stand."""
    announce(restart(services.runs.get("o", "r_7")), services)
    drain(services, steps)
    return services.runs.get("o", "r_7"), load_scan("o", "r_7", services)[1]


def lucky(event, services):
    """Train 13 as any other width."""
    if event.index:
        return
    width = dict(load_request(event, services).params.arguments)["width"]
    fact = {"owner": event.owner, "run": event.run, "attempt": event.attempt}
    yield ModelReady(**fact, model=event.run, version="v", metrics=(("val_loss", 1 / width),))


def test_a_scan_that_failed_tries_what_failed_again_in_the_same_runs(services, data):
    failed, before = run_scan(services, data, arguments={"width": [13]})

    run, trials = restarted(services, {**STEPS, ChunkReady: lucky})

    assert (failed.status, run.status) == (Status.FAILED, Status.DONE)
    assert [trial.run for trial in trials.trials] == [before.trials[0].run]
    assert [trial.status for trial in trials.trials] == ["done"]
    assert services.runs.get("o", trials.trials[0].run).attempt == 2


def test_a_scan_that_fails_again_says_so_and_ends(services, data):
    run_scan(services, data, arguments={"width": [13]})

    run, trials = restarted(services)

    assert run.status is Status.FAILED
    assert "unlucky" in run.problem.hint
    assert [trial.status for trial in trials.trials] == ["failed"]


def test_a_restart_keeps_trials_that_are_done_and_submits_deleted_ones_anew(services, data):
    class Cancelling(MemoryRunBook):
        def create(self, run):
            super().create(run)
            if run.name == "r_9":
                self.apply([RunCancelled(owner="o", run="r_7", attempt=1)])

    cancelled = replace(services, runs=Cancelling(lambda: 0.0))
    _, before = run_scan(cancelled, data, arguments={"width": [1, 2, 3]}, parallel=1)
    cancelled.runs.delete("o", "r_9")

    run, after = restarted(cancelled)

    assert [trial.run for trial in before.trials] == ["r_8", "r_9"]
    assert run.status is Status.DONE
    assert [(trial.run, trial.status) for trial in after.trials] == [
        ("r_8", "done"), ("r_10", "done"), ("r_11", "done"),
    ]  # fmt: skip
    assert cancelled.runs.get("o", "r_8").attempt == 1
