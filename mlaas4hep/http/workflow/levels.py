"""What Prometheus is told of runs, when it asks workflow."""

from collections import Counter
from collections.abc import Iterator

from mlaas4hep.core.runs.run import Status
from mlaas4hep.faas.metrics import Level
from mlaas4hep.http.workflow.context import Context


def levels(context: Context) -> Iterator[Level]:
    """Yield runs by status, how long the quietest unfinished one is quiet, and who watches."""
    runs = context.services.runs.list()
    by_status = Counter(run.status for run in runs)
    for status in Status:
        yield "mlaas_runs", "Runs by status", status.value, by_status[status]
    now = context.services.clock()
    quiet = max((now - run.updated_at for run in runs if not run.is_final), default=0.0)
    about = "Since when the unfinished run that changed longest ago has not changed"
    yield "mlaas_quietest_run_seconds", about, "", quiet
    rounds = sum(run.rounds.done for run in runs if not run.is_final)
    yield "mlaas_training_rounds", "Rounds done by unfinished runs", "", rounds
    yield "mlaas_watchers", "Streams that follow a run", "", context.feeds.watched
