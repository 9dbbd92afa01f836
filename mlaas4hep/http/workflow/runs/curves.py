"""A run's figures as an event file of TensorBoard."""

import json

import flask

from mlaas4hep.adapters.eventfile import event_file
from mlaas4hep.core.runs.report import metrics
from mlaas4hep.http.route import Route
from mlaas4hep.http.schemas import FILE
from mlaas4hep.http.workflow.call import Call, attachment
from mlaas4hep.http.workflow.context import Context
from mlaas4hep.http.workflow.runs.quality import stored_history
from mlaas4hep.http.workflow.runs.runs import SEEN, find_run


def fetch_curves(context: Context, call: Call) -> flask.Response:
    """Return the figures of each round so far, and the final ones, as TensorBoard reads them."""
    run = find_run(context, call)
    rounds = json.loads(stored_history(run, context.services))
    body = event_file(rounds, metrics(run), run.created_at)
    return attachment(body, f"events.out.tfevents.{int(run.created_at)}.{run.name}")


ROUTES = (
    Route(
        name="fetch_curves",
        method="GET",
        path="/runs/{name}/tensorboard",
        handler=fetch_curves,
        tag="runs",
        actions=("tensorboard",),
        args=SEEN,
        gives=FILE,
        media="application/octet-stream",
        errors=(403, 404),
    ),
)
