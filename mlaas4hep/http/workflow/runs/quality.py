"""What a page draws of a run, as JSON: history by round, quality, histograms, cut flow."""

from collections.abc import Callable
from pathlib import PurePosixPath
from typing import Any

import flask

from mlaas4hep.core.data.specs.cutcounts import added
from mlaas4hep.core.runs import files
from mlaas4hep.core.runs.run import Run, Status
from mlaas4hep.core.runs.views import FeatureList
from mlaas4hep.errors import NotFoundError
from mlaas4hep.http.route import Route
from mlaas4hep.http.workflow.call import Call, answer, raw_json
from mlaas4hep.http.workflow.context import Context
from mlaas4hep.http.workflow.runs.drawn import (
    CHECKS,
    CORRELATIONS,
    CUTFLOW,
    HISTOGRAMS,
    HISTORY,
    QUALITY,
    SAMPLE,
)
from mlaas4hep.http.workflow.runs.runs import SEEN, find_run, full_report
from mlaas4hep.ports import Services
from mlaas4hep.usecases import models, rundata


def show_history(context: Context, call: Call) -> flask.Response:
    """Return the figures of each round so far, while it trains too."""
    return raw_json(stored_history(find_run(context, call), context.services))


def stored_history(run: Run, services: Services) -> bytes:
    """Return the figures of each round of a run so far, as JSON."""
    try:
        return services.runs_files.get(files.key(run.owner, run.name, files.HISTORY))
    except NotFoundError:  # no round has ended
        return b"[]"


def show_quality(context: Context, call: Call) -> flask.Response:
    """Return ROC points, scores in bins by class, and the confusion matrix, for each set."""
    return _stored(context, call, files.QUALITY, '"metrics": true')


def show_histograms(context: Context, call: Call) -> flask.Response:
    """Return the values of each branch in bins, before and after normalisation."""
    return _stored(context, call, files.HISTOGRAMS, '"hist": "pdfs"')


def show_correlations(context: Context, call: Call) -> flask.Response:
    """Return how much branches with one value an entry go together, pair by pair."""
    return _stored(context, call, files.CORRELATIONS, '"hist": "pdfs"')


def show_checks(context: Context, call: Call) -> flask.Response:
    """Return whether the model learned by heart, and how much each branch counts."""
    return _stored(context, call, files.CHECKS, '"metrics": true')


def show_cutflow(context: Context, call: Call) -> flask.Response:
    """Return how many entries each file has, and what each cut leaves of them."""
    found = full_report(find_run(context, call), context).files
    is_known = all(one.cuts for one in found if one.entries)
    return answer(
        {
            "files": found,
            "entries": sum(one.entries for one in found),
            "passed": sum(one.passed for one in found),
            "cuts": added(count for one in found for count in one.cuts) if is_known else (),
        }
    )


def show_features(context: Context, call: Call) -> flask.Response:
    """Return what the network learns from, and the branches that it does not see, with reasons."""
    return answer(rundata.features(find_run(context, call), context.services))


def show_sample(context: Context, call: Call) -> flask.Response:
    """Return one entry of the run's files, as its model takes it."""
    run = find_run(context, call)
    record = models.of_run(run, context.services)
    return answer({"model": run.name, "entry": rundata.sample(run, record, context.services)})


def _stored(context: Context, call: Call, name: str, wanted: str) -> flask.Response:
    run = find_run(context, call)
    try:
        stored = context.services.runs_files.get(files.key(run.owner, run.name, name))
    except NotFoundError as error:
        raise NotFoundError(
            f"run {run.name!r} has no {PurePosixPath(name).stem}",
            hint=_why_not(run, wanted),
        ) from error
    return raw_json(stored)


def _why_not(run: Run, wanted: str) -> str:
    if run.status is Status.FAILED:
        return "the run failed: its log says why"
    if run.status is Status.CANCELLED:
        return "the run was cancelled"
    return f"it is written at the end of a training with {wanted} in params.json"


def _of_run(
    what: str,
    handler: Callable[[Context, Call], flask.Response],
    gives: Any,
    errors: tuple[int, ...] = (403, 404),
) -> Route:
    return Route(
        name=f"show_{what}",
        method="GET",
        path=f"/runs/{{name}}/{what}",
        handler=handler,
        tag="runs",
        actions=(what,),
        args=SEEN,
        gives=gives,
        errors=errors,
    )


ROUTES = (
    _of_run("history", show_history, HISTORY),
    _of_run("quality", show_quality, QUALITY),
    _of_run("checks", show_checks, CHECKS),
    _of_run("histograms", show_histograms, HISTOGRAMS),
    _of_run("correlations", show_correlations, CORRELATIONS),
    _of_run("cutflow", show_cutflow, CUTFLOW),
    _of_run("features", show_features, FeatureList, (403, 404, 409, 422)),
    _of_run("sample", show_sample, SAMPLE, (403, 404, 409, 422)),
)
