"""What Prometheus is told of runs and of what people keep, when it asks workflow."""

from collections import Counter
from collections.abc import Iterator

from mlaas4hep.core.runs.run import Status
from mlaas4hep.faas.metrics import Level
from mlaas4hep.http.workflow.context import Context
from mlaas4hep.http.workflow.storedbytes import StoredBytes
from mlaas4hep.ports import Services

_NAMED = 100  #: owners of the most; all others are told together


class Levels:
    """Returns what is true at the moment; see `faas.metrics.Levels`."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def __call__(self) -> Iterator[Level]:
        """Yield runs by status, the quietest unfinished one, and how many watch."""
        yield from self._of_runs()
        yield "mlaas_watchers", "Streams that follow a run", "", self._context.feeds.watched

    def _of_runs(self) -> Iterator[Level]:
        services = self._context.services
        runs = services.runs.list()
        by_status = Counter(run.status for run in runs)
        for status in Status:
            yield "mlaas_runs", "Runs by status", status.value, by_status[status]
        now = services.clock()
        quiet = max((now - run.updated_at for run in runs if not run.is_final), default=0.0)
        about = "Since when the unfinished run that changed longest ago has not changed"
        yield "mlaas_quietest_run_seconds", about, "", quiet
        rounds = sum(run.rounds.done for run in runs if not run.is_final)
        yield "mlaas_training_rounds", "Rounds done by unfinished runs", "", rounds


class OwnerLevels:
    """Returns what each owner keeps, which is for the operator only."""

    def __init__(self, services: Services) -> None:
        self._stored = StoredBytes(services)

    def __call__(self) -> Iterator[Level]:
        """Yield bytes by owner."""
        for owner, size in _largest(self._stored.by_owner()):
            yield "mlaas_owner_bytes", "Stored bytes by owner, in all buckets", owner, size


def _largest(found: Counter[str] | None) -> Iterator[tuple[str, int]]:
    if found is None:
        return
    named = found.most_common(_NAMED)
    yield from named
    yield "others", found.total() - sum(size for _, size in named)
