from dataclasses import replace

import pytest

from mlaas4hep.dispatcher.verdict import (
    MAX_AWAY_S,
    MAX_FAILURES,
    Action,
    CallOutcome,
    History,
    Verdict,
    judge,
)
from mlaas4hep.errors import Problem

PROBLEM = Problem(code="invalid_request", message="no such branch", branch="pt")


def verdict(status: int | None, before: History | None = None, at: float = 0.0) -> Verdict:
    return judge(CallOutcome(status=status), before or History(), at, "train")


def repeated(answer: CallOutcome, times: int) -> Verdict:
    last = judge(answer, History(), 0.0, "train")
    for _ in range(times - 1):
        last = judge(answer, last.history, 0.0, "train")
    return last


@pytest.mark.parametrize("status", [200, 202, 204])
def test_two_hundred_is_done(status: int) -> None:
    assert verdict(status).action is Action.ACK


@pytest.mark.parametrize("status", [400, 409, 413, 422])
def test_what_can_never_succeed_is_parked(status: int) -> None:
    answer = CallOutcome(status=status, problem=PROBLEM)

    assert judge(answer, History(), 0.0, "train").action is Action.PARK


def test_a_strange_event_is_buried_and_the_run_goes_on() -> None:
    strange = Problem(code="strange_event", message="there is no range 7")

    assert (
        judge(CallOutcome(status=422, problem=strange), History(), 0.0, "specs").action
        is Action.BURY
    )


@pytest.mark.parametrize("status", [400, 405, 413, 422, 500, 501, 505])
def test_what_is_not_in_the_functions_words_never_fails_the_run(status: int) -> None:
    """A watchdog says 500 while its function starts, a provider "Can't reach service for"."""
    assert repeated(CallOutcome(status=status), 100).action is Action.AWAY


def test_a_function_that_dies_of_an_event_fails_the_run_in_the_end() -> None:
    answer = CallOutcome(status=500, was_ready=True)

    assert repeated(answer, MAX_FAILURES).action is Action.PARK


def test_the_function_says_why_it_is_parked() -> None:
    parked = judge(CallOutcome(status=422, problem=PROBLEM), History(), 0.0, "specs")

    assert parked.problem == Problem(
        code="invalid_request", message="no such branch", branch="pt", stage="specs"
    )


def test_a_busy_function_counts_for_nothing() -> None:
    before = History(failures=MAX_FAILURES - 1)

    assert verdict(429, before) == Verdict(action=Action.BUSY, history=before)


@pytest.mark.parametrize("status", [None, 401, 403, 404, 408, 502, 503])
def test_a_function_that_is_away_is_waited_for(status: int | None) -> None:
    assert repeated(CallOutcome(status=status), 100).action is Action.AWAY


def test_a_gateway_that_says_why_means_the_same() -> None:
    answer = CallOutcome(status=503, problem=Problem(code="not_ready", message="starting"))

    assert repeated(answer, 100).action is Action.AWAY


def test_a_function_that_needs_something_gets_this_event_later() -> None:
    answer = CallOutcome(status=503, problem=Problem(code="service_unavailable", message="lease"))

    assert repeated(answer, 100).action is Action.LATER


def test_a_call_that_takes_too_long_goes_on_behind_our_back() -> None:
    assert repeated(CallOutcome(status=504), 100).action is Action.LATER


@pytest.mark.parametrize("status", [None, 404, 503, 502])
def test_a_function_that_stays_away_fails_the_run_after_two_days(status: int | None) -> None:
    before = verdict(status, at=100.0).history

    assert verdict(status, before, 100.0 + MAX_AWAY_S).action is Action.AWAY
    late = verdict(status, before, 101.0 + MAX_AWAY_S)
    assert late.action is Action.PARK
    assert late.problem is not None
    assert late.problem.stage == "train"


def test_pauses_grow_up_to_a_minute() -> None:
    pauses = []
    history = History()
    for _ in range(8):
        later = verdict(504, history)
        history = later.history
        pauses.append(later.pause_s)

    assert pauses == [1, 2, 4, 8, 16, 32, 60, 60]


def test_an_internal_error_is_tried_again_and_then_fails_the_run() -> None:
    answer = CallOutcome(status=500, problem=PROBLEM)

    assert repeated(answer, MAX_FAILURES - 1).action is Action.LATER
    assert repeated(answer, MAX_FAILURES).problem is not None


def test_an_event_that_kills_a_ready_function_fails_the_run() -> None:
    answer = CallOutcome(status=502, was_ready=True)

    assert repeated(answer, MAX_FAILURES - 1).action is Action.LATER
    assert repeated(answer, MAX_FAILURES).action is Action.PARK


def test_a_lost_call_makes_the_next_one_careful() -> None:
    assert verdict(502).history.lost == 1
    assert verdict(503).history.lost == 0


NO_ANSWER = CallOutcome(
    status=503,
    problem=Problem(code="service_unavailable", message="no answer", file="root://x//a.root"),
)


@pytest.mark.parametrize(("patience_s", "tries"), [(1, 2), (10, 4), (600, 15)])
def test_a_file_whose_server_is_away_is_asked_for_as_long_as_there_is_patience(
    patience_s: float, tries: int
) -> None:
    at, history = 0.0, History()
    for tried in range(1, tries):
        later = judge(NO_ANSWER, history, at, "specs", patience_s)
        assert (later.action, later.history.file_away, later.most) == (Action.LATER, tried, tries)
        at, history = at + later.pause_s, later.history

    parked = judge(NO_ANSWER, history, at, "specs", patience_s)

    assert (parked.action, at <= patience_s) == (Action.PARK, True)
    assert parked.problem is not None
    assert parked.problem.file == "root://x//a.root"


def test_a_server_that_says_when_to_come_again_is_left_alone_until_then() -> None:
    later = judge(replace(NO_ANSWER, retry_after_s=250.0), History(), 0.0, "specs", 600)

    assert (later.action, later.pause_s) == (Action.LATER, 250.0)
    assert later.most == 3  # at 250 and 500 s, if it says the same again


def test_a_server_that_wants_more_patience_than_there_is_fails_the_run_at_once() -> None:
    at_first = judge(replace(NO_ANSWER, retry_after_s=3600.0), History(), 0.0, "specs", 600)
    after_100_s = judge(NO_ANSWER, History(), 0.0, "specs", 600).history
    later = judge(replace(NO_ANSWER, retry_after_s=550.0), after_100_s, 100.0, "specs", 600)

    assert (at_first.action, later.action) == (Action.PARK, Action.PARK)
    assert at_first.problem is not None
    assert '"file_patience": 3600 into params.json' in at_first.problem.hint
    assert later.problem is not None
    assert '"file_patience": 650 into params.json' in later.problem.hint


def test_tries_that_take_long_use_the_patience_up() -> None:
    first = judge(NO_ANSWER, History(), 0.0, "specs", 600)

    assert judge(NO_ANSWER, first.history, 599.5, "specs", 600).action is Action.PARK
