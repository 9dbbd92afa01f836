"""What the answer of a function means for the event: decisions only, no network and no clock.

| answer | meaning |
|---|---|
| 2xx | done |
| 2xx that says the run is over | so is what waits of this kind, run and attempt |
| 422 and other 4xx of the function | it can never succeed: park the event, fail the run |
| 422 about a strange event | nobody of ours sent it: park the event, the run goes on |
| 429 | the function is busy: keep the event and ask for less at once |
| no connection, 401, 403, 404, 408, 502, 503 | the function is away: no event for it, for a while |
| 503 of the function itself | it needs something that is away: later, for two days |
| 503 about a file | the file's server is away: later, as long as run or deployment have patience |
| 504 | it takes too long, or goes on behind our back: later, for two days |
| 500 of the function itself | it failed: later, a few times, then park it and fail the run |
| any other 4xx and 5xx that is not in the function's words | as 502: watchdog, provider or gateway |
| 502, 504 or such an answer although the function was ready just before | it failed |
| the same where nobody can say whether it was ready | as without that: the function is away |
"""

from dataclasses import dataclass, replace
from enum import Enum

from mlaas4hep.core.backoff import backoff_s
from mlaas4hep.core.runs import patience
from mlaas4hep.errors import Problem, ServiceUnavailableError, StrangeEventError

MAX_FAILURES = 5  #: deliveries that failed, before the run does
MAX_AWAY_S = 48 * 3600.0  #: longer than the longest training
_LONGEST_PAUSE_S = 60.0  #: for what failed
_LONGEST_NEED_PAUSE_S = 5.0  #: such as the lease of a process that is dead
_AWAY = frozenset({None, 401, 403, 404, 408, 502, 503})
_LOST = frozenset({502, 504})
_FUNCTIONS_503 = ServiceUnavailableError.code


class Action(Enum):
    """What to do with the event."""

    ACK = "done"
    PARK = "parked"
    BURY = "buried"  #: park it, but the run goes on
    LATER = "later"
    AWAY = "away"
    BUSY = "busy"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallOutcome:
    """How a call ended."""

    status: int | None  #: None: nobody was reached; 502 also when the connection was lost
    problem: Problem | None = None  #: what the function said
    is_over: bool = False  #: the event's run is: no other of its kind and attempt does anything
    was_ready: bool = False  #: the function had said that it is ready just before
    retry_after_s: float = 0.0  #: for which who is away wants to be left alone; 0: it did not say


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What happened to one event before."""

    failures: int = 0
    file: str = ""  #: whose server was away last
    file_away: int = 0  #: tries that found it away
    file_since: float = 0.0  #: the first of them
    lost: int = 0  #: calls that ended without an answer of the function
    pauses: int = 0
    away_since: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What follows."""

    action: Action
    is_over: bool = False  #: all that waits of the run's attempt, of this kind, is done, too
    history: History = History()
    pause_s: float = 0.0
    problem: Problem | None = None
    most: int = 0  #: tries to reach the server of a file; 0: it is not about one


def judge(
    answer: CallOutcome,
    before: History,
    at: float,
    function: str,
    patience_s: float = patience.DEFAULT_S,
) -> Verdict:
    """Return what follows from an answer, given what happened before.

    Args:
        at: seconds on any clock that only goes forward.
        function: its name, for the words of a problem.
        patience_s: how long the server of an input file may be away.
    """
    answer = _understood(answer)
    status = answer.status
    if status is not None and 200 <= status < 300:  # noqa: PLR2004 - HTTP
        return Verdict(action=Action.ACK, is_over=answer.is_over)
    if status == 429:  # noqa: PLR2004 - HTTP
        return Verdict(action=Action.BUSY, history=before)
    if status not in _AWAY and status is not None and 400 <= status < 500:  # noqa: PLR2004 - HTTP
        return _refused(answer, function)
    if is_about_file(answer):
        return _file_away(answer, before, at, function, patience_s)
    after, given_up = _counted(answer, before, at)
    if given_up:
        return Verdict(action=Action.PARK, problem=_problem(answer, function))
    return _again(answer, before, after)


def _again(answer: CallOutcome, before: History, after: History) -> Verdict:
    """Return when an event is delivered again: after a pause, or when its function is back."""
    if _is_away(answer):
        return Verdict(action=Action.AWAY, history=after)
    needs = answer.status == 503 and answer.problem is not None  # noqa: PLR2004 - HTTP
    longest = _LONGEST_NEED_PAUSE_S if needs else _LONGEST_PAUSE_S
    pause = backoff_s(before.pauses, first_s=1.0, longest_s=longest)
    return Verdict(action=Action.LATER, history=after, pause_s=pause)


def is_about_file(answer: CallOutcome) -> bool:
    """Tell whether a function says that the server of an input file is away."""
    return answer.status == 503 and answer.problem is not None and bool(answer.problem.file)  # noqa: PLR2004 - HTTP


def _file_away(
    answer: CallOutcome, before: History, at: float, function: str, patience_s: float
) -> Verdict:
    problem = _problem(answer, function)
    since = before.file_since if before.file_away else at
    tries = patience.Tries(
        failed=before.file_away + 1,
        waited_s=at - since,
        patience_s=patience_s,
        retry_after_s=answer.retry_after_s,
    )
    if tries.is_enough:
        return Verdict(action=Action.PARK, problem=tries.final_problem(problem))
    return Verdict(
        action=Action.LATER,
        history=replace(before, file=problem.file, file_away=tries.failed, file_since=since),
        pause_s=tries.pause_s,
        problem=problem,
        most=tries.most,
    )


def _refused(answer: CallOutcome, function: str) -> Verdict:
    """Return what follows when the event can never be handled."""
    problem = _problem(answer, function)
    is_strange = problem.code == StrangeEventError.code
    return Verdict(action=Action.BURY if is_strange else Action.PARK, problem=problem)


def _understood(answer: CallOutcome) -> CallOutcome:
    """Return the answer, as a 502 if it is an error and not in the words of the function.

    A watchdog whose function does not listen says 500, and a provider has words of its own.
    """
    status = answer.status
    is_known = status is None or status < 300 or status in _AWAY | _LOST | {429}  # noqa: PLR2004 - HTTP
    return answer if is_known or answer.problem is not None else replace(answer, status=502)


def _is_away(answer: CallOutcome) -> bool:
    """Tell whether no other event would fare better now."""
    is_its_own_word = answer.problem is not None and answer.problem.code == _FUNCTIONS_503
    return answer.status in _AWAY and not is_its_own_word and not answer.was_ready


def _counted(answer: CallOutcome, before: History, at: float) -> tuple[History, bool]:
    """Return the history with this answer in it, and whether it is enough."""
    after = replace(before, pauses=before.pauses + 1)
    if answer.status in _LOST:
        after = replace(after, lost=before.lost + 1)
    if (answer.status in _LOST and answer.was_ready) or answer.status not in _AWAY | _LOST:
        after = replace(after, failures=before.failures + 1, away_since=None)
        return after, after.failures >= MAX_FAILURES
    since = at if before.away_since is None else before.away_since
    return replace(after, away_since=since), at - since > MAX_AWAY_S


def _problem(answer: CallOutcome, function: str) -> Problem:
    if answer.problem is not None:
        return replace(answer.problem, stage=answer.problem.stage or function)
    said = "does not answer" if answer.status is None else f"answers {answer.status}"
    return Problem(
        code="function_failed",
        message=f"function {function} {said} again and again",
        stage=function,
        hint="restart the run when the platform is well again; the function's log says more",
    )
