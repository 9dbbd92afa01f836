"""What a run is told about input files whose servers are away."""

from mlaas4hep.core.runs.events import Event, FileAwaited, FileCame
from mlaas4hep.core.runs.inputfiles import AwaitedFile
from mlaas4hep.dispatcher.verdict import History, Verdict


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


def came(event: Event, before: History) -> FileCame | None:
    """Return the news that a file is there, if the event had waited for one."""
    if not before.file:
        return None
    return FileCame(owner=event.owner, run=event.run, attempt=event.attempt, file=before.file)
