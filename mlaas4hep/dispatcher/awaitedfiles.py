"""What a run is told about input files whose servers are away."""

from collections.abc import Callable, Hashable, Iterable
from functools import cache

from cachetools import TTLCache

from mlaas4hep.core.runs.events import Event, FileAwaited, FileCame, RangePlanned
from mlaas4hep.core.runs.inputfiles import AwaitedFile
from mlaas4hep.dispatcher.verdict import History, Verdict

_LINES = 10_000  #: that are known to be away
_AWAY_S = 150.0  #: after that, nobody knows: the longest pause, and a call that ends in silence


def awaited(event: Event, verdict: Verdict, now: float) -> FileAwaited | None:
    """Return the news that a file is waited for, if that is what the verdict says."""
    if verdict.problem is None or not verdict.most:
        return None
    return FileAwaited(
        owner=event.owner,
        run=event.run,
        attempt=event.attempt,
        awaited=AwaitedFile(
            file=verdict.problem.file,
            tries=verdict.history.file_away,
            most=verdict.most,
            again_at=now + verdict.pause_s,
            reason=verdict.problem.message,
        ),
    )


def arrival(event: Event, before: History) -> FileCame | None:
    """Return the news that a file is there, if the event had waited for one."""
    if not before.file:
        return None
    return FileCame(owner=event.owner, run=event.run, attempt=event.attempt, file=before.file)


Line = tuple[str, str, int]  #: owner, run, and number of the file if the event is about one


def line(event: Event) -> Line:
    """Return which events are likely to wait for the same server as this one."""
    return event.owner, event.run, event.file if isinstance(event, RangePlanned) else -1


class AwayLines:
    """Lines whose server was away a moment ago: the next call is likely to find it silent.

    A silent server holds a call for as long as silence may last. Together such calls get half of
    the places, so that a function stays open for events that wait for nobody.
    """

    def __init__(self) -> None:
        self._known: TTLCache[Line, bool] = TTLCache(_LINES, _AWAY_S)

    def went_away(self, event: Event) -> None:
        """Take notice that the server which an event needs is away."""
        self._known[line(event)] = True

    def came_back(self, event: Event) -> None:
        """Take notice that it is there again."""
        self._known.pop(line(event), None)

    def movable(self, running: Iterable[Event], places: int) -> Callable[[Hashable], bool]:
        """Return what tells whether a call for a line may begin beside those that run.

        Those are looked at only if a line is away, and once.
        """
        has_room = cache(
            lambda: sum(line(event) in self._known for event in running) < max(1, places // 2)
        )
        return lambda of: of not in self._known or has_room()
