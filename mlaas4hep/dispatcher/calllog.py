"""What is counted and written about each call of a function."""

import logging

from mlaas4hep.adapters import tracing
from mlaas4hep.dispatcher.heldevents import HeldEvent
from mlaas4hep.dispatcher.metrics import Metrics
from mlaas4hep.dispatcher.verdict import Action, CallOutcome, Verdict

log = logging.getLogger(__name__)


def note(
    function: str,
    held: HeldEvent,
    answer: CallOutcome,
    verdict: Verdict,
    *,
    seconds: float,
    metrics: Metrics,
) -> None:
    """Count a call, and write a line about it into the log."""
    metrics.deliveries.labels(function, verdict.action.value).inc()
    metrics.seconds.labels(function).observe(seconds)
    given = held.headers.get(tracing.HEADER, "")
    trace = tracing.continued(given) if given else {}
    run = f"{held.event.owner}/{held.event.run}"
    with tracing.doing(run=run, event=held.event.id, **trace):
        log.log(
            logging.INFO if verdict.action is Action.ACK else logging.WARNING,
            "run=%s event=%s function=%s status=%s seconds=%.3f %s",
            run,
            held.event.id,
            function,
            answer.status,
            seconds,
            verdict.action.value,
        )
